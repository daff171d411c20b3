"""Whole amounts divided exactly: what rounding leaves goes to the largest remainders, so that the parts add up."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import floor


def rounded(parts: Mapping[str, Fraction], total: int) -> dict[str, int]:
    """The parts, which add up to the whole number `total`, as whole numbers that do.

    Each is rounded down; what is missing goes, one each, to the largest remainders, of equals by name (the method of
    Hamilton, of largest remainders).
    """
    whole = {name: floor(part) for name, part in parts.items()}
    by_remainder = sorted(parts, key=lambda name: (whole[name] - parts[name], name))
    for name in by_remainder[: total - sum(whole.values())]:
        whole[name] += 1
    return whole


def divided(total: int, by: Mapping[str, Fraction]) -> dict[str, int]:
    """A whole number `total` divided by weights, exactly; {} where the weights come to 0.

    A part has another sign than the total where its weight has.
    """
    if not (together := sum(by.values(), Fraction(0))):
        return {}
    return rounded({name: total * weight / together for name, weight in by.items()}, total)
