"""Every model by its name: from journeys to what each channel is credited with, exact to a millionth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import isnan
from typing import Any, Final, NamedTuple

import numpy as np

from analysis.attribution import markov, rules, shapley
from analysis.attribution.exact import divided, rounded
from analysis.attribution.journeys import Journey, Paths, currencies, together

MICRO: Final = 1_000_000


class Credit(NamedTuple):
    """What a channel is credited with, in one currency: orders and money, both in millionths.

    `effects` are the removal effects for orders and for money, of a Markov model; None where there is nothing to lose.
    """

    channel: str
    currency: str
    orders: int
    money: int
    effects: tuple[float | None, float | None] | None = None


MARKOV: Final[Mapping[str, int]] = {"markov": 1, **{f"markov-{order}": order for order in markov.ORDERS}}
"""By model: the order of its chain."""
MODELS: Final = (*rules.RULES, *MARKOV, "shapley", "shapley-rate")
"""The names of all models."""


def credits_of(model: str, journeys: Sequence[Journey], half_life: int) -> list[Credit]:
    """What each channel is credited with under a `model`, by channel and currency, those with nothing left out.

    In each currency orders and money add up to those of all `journeys` exactly. `half_life`, in milliseconds, is that
    of time decay. Raises ValueError for a model that is none, and for more channels than it can take.
    """
    if model not in MODELS:
        raise ValueError(f"{model!r} is no model: {', '.join(MODELS)}")
    coins = currencies(journeys)
    if model in rules.RULES:
        return _rows(coins, [_by_rule(model, journeys, coin, half_life) for coin in coins])
    if not coins:
        return []
    paths = together(journeys, coins)
    if model in MARKOV:
        effects = markov.removal_effects(paths, MARKOV[model])
        shown = {channel: [None if isnan(one) else float(one) for one in each] for channel, each in effects.items()}
        return _rows(coins, _shared(paths, effects), shown)
    return _rows(coins, _shared(paths, shapley.by_paths(paths) if model == "shapley" else shapley.by_rates(paths)))


Amounts = tuple[Mapping[str, int], Mapping[str, int]]
"""Orders and money by channel, in millionths."""


def _by_rule(model: str, journeys: Sequence[Journey], coin: str, half_life: int) -> Amounts:
    """What a rule gives each channel. Amounts over equal denominators are added first, so no fraction grows large."""
    parts: dict[tuple[str, int], list[int]] = {}
    totals = [0, 0]
    for journey, (orders, value) in _merged(model, journeys, coin).items():
        weights = rules.RULES[model](journey, half_life)
        whole = sum(weights)
        totals[0] += orders * MICRO
        totals[1] += value
        for channel, weight in zip(journey.channels, weights, strict=True):
            if weight:
                part = parts.setdefault((channel, whole), [0, 0])
                part[0] += orders * MICRO * weight
                part[1] += value * weight
    sums: tuple[dict[str, Fraction], dict[str, Fraction]] = ({}, {})
    for (channel, whole), part in parts.items():
        for each, amount in zip(sums, part, strict=True):
            each[channel] = each.get(channel, Fraction(0)) + Fraction(amount, whole)
    return rounded(sums[0], totals[0]), rounded(sums[1], totals[1])


def _merged(model: str, journeys: Sequence[Journey], coin: str) -> dict[Journey, tuple[int, int]]:
    """Journeys that a rule treats alike, with the orders and the money of all of them."""
    found: dict[Journey, tuple[int, int]] = {}
    timed = model in rules.TIMED
    for journey in journeys:
        if journey.currency == coin and not journey.is_null:
            alike = Journey(journey.channels, journey.times, journey.at) if timed else Journey(journey.channels)
            orders, value = found.get(alike, (0, 0))
            found[alike] = orders + journey.orders, value + journey.value
    return found


def _shared(paths: Paths, values: Mapping[str, Sequence[Fraction] | np.ndarray[Any, Any]]) -> list[Amounts]:
    """The totals divided by the values of channels for each: orders and money, by currency.

    Money of orders that were given away, less what was paid back of others, goes the way of the orders.
    """
    amounts: list[Amounts] = []
    for n in range(0, len(paths.totals), 2):
        of_orders, of_money = ({channel: _finite(each[m]) for channel, each in values.items()} for m in (n, n + 1))
        orders = divided(paths.totals[n] * MICRO, of_orders)
        amounts.append((orders, divided(paths.totals[n + 1], of_money) or divided(paths.totals[n + 1], of_orders)))
    return amounts


def _finite(value: float | Fraction) -> Fraction:
    return Fraction(0) if isinstance(value, float) and isnan(value) else Fraction(value)


def _rows(
    coins: Sequence[str], amounts: Sequence[Amounts], effects: Mapping[str, Sequence[float | None]] | None = None
) -> list[Credit]:
    found = []
    for n, (coin, (orders, money)) in enumerate(zip(coins, amounts, strict=True)):
        for channel in {**orders, **money}:
            of = None if effects is None else (effects[channel][2 * n], effects[channel][2 * n + 1])
            credit = Credit(channel, coin, orders.get(channel, 0), money.get(channel, 0), of)
            if credit.orders or credit.money:
                found.append(credit)
    return sorted(found, key=lambda credit: (credit.channel, credit.currency))
