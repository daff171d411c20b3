"""What attribution is computed from: journeys of customers, and the paths that they come to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Journey(NamedTuple):
    """The touches of a customer that led to an order, or to none.

    - `channels`, oldest first, at least one; `times` of the touches and `at` of the order are epoch milliseconds.
    - `orders` is 1 for an order that stands, else 0; `value` is its money in millionths, net of refunds. What has been
      paid back of an order that is no part of the question has no order, and a value below 0.
    - `currency` is that of the value; empty where none was named, and without an order.
    - `customers` is how many have met these channels and placed no order; 1 with an order.
    """

    channels: tuple[str, ...]
    times: tuple[int, ...] = ()
    at: int = 0
    currency: str = ""
    orders: int = 0
    value: int = 0
    customers: int = 1

    @property
    def is_null(self) -> bool:
        """Whether it led to no order, and no money."""
        return not self.orders and not self.value


class Path(NamedTuple):
    """All journeys over the same channels.

    `converted` and `nulls` say how many ended in an order, and how many in none. `rewards` are what those orders come
    to, one number a measure.
    """

    channels: tuple[str, ...]
    converted: int
    nulls: int
    rewards: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Paths:
    """Paths, each once, in order; `totals` is what all orders come to, one number a measure."""

    paths: Sequence[Path]
    totals: tuple[int, ...]

    @property
    def channels(self) -> list[str]:
        """The channels on them, by name."""
        return sorted({channel for path in self.paths for channel in path.channels})


def currencies(journeys: Iterable[Journey]) -> list[str]:
    """The currencies of the orders of these journeys, by name."""
    return sorted({journey.currency for journey in journeys if not journey.is_null})


def together(journeys: Iterable[Journey], of: Sequence[str]) -> Paths:
    """The paths of journeys, with two measures a currency `of` these: its orders, then its money in millionths.

    Money without an order is part of the totals and of no path.
    """
    place = {currency: 2 * n for n, currency in enumerate(of)}
    found: dict[tuple[str, ...], list[int]] = {}
    totals = [0] * (2 * len(place))
    for journey in journeys:
        column = place.get(journey.currency, 0)
        if journey.orders or journey.value:
            totals[column] += journey.orders
            totals[column + 1] += journey.value
            if not journey.orders:
                continue
        counts = found.setdefault(journey.channels, [0, 0, *[0] * len(totals)])
        if journey.orders:
            counts[0] += journey.orders
            counts[2 + column] += journey.orders
            counts[3 + column] += journey.value
        else:
            counts[1] += journey.customers
    paths = [Path(key, counts[0], counts[1], tuple(counts[2:])) for key, counts in sorted(found.items())]
    return Paths(paths, tuple(totals))
