"""Many questions at once: p-values that say how likely any of the claims is to be false."""

from __future__ import annotations

from collections.abc import Sequence


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """The adjusted `p_values`, in their order: at most q of the claims with one up to q are false, on average.

    Source: Benjamini, Hochberg, "Controlling the false discovery rate", J. R. Stat. Soc. B 57 (1995).
    """
    number = len(p_values)
    adjusted, least = [1.0] * number, 1.0
    for rank, place in zip(range(number, 0, -1), sorted(range(number), key=lambda i: -p_values[i]), strict=True):
        least = min(least, p_values[place] * number / rank)
        adjusted[place] = least
    return adjusted
