"""What segments count that nothing else keeps: channels, carts left, products and categories, and who has said who.

Only what a file asks for is counted, from the moment on that it does; of each thing the latest `MOST_TIMES`.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Mapping
from typing import Any, Final

from schemas.identifiers import OF_MACHINES, REFERENCES
from schemas.names import FEEDBACK_EVENTS, PRODUCT_LIST_VIEWED, PRODUCT_VIEWED
from schemas.products import items_of, short_text
from streams.core.campaigns.segment import MOST_TIMES, OfProduct, Segment
from streams.core.profile.event import Sealed
from streams.core.profile.membership import Segments
from streams.core.profile.state import Profile

_NO_PERSON: Final = OF_MACHINES | REFERENCES
MOST_PERSONS: Final = 50
"""Identifiers of persons that are remembered of a profile: as many as it may have with a few to spare."""


class Counters:
    """Counts for `segments`; of a profile in its `Segments`. Times are epoch milliseconds."""

    def __init__(self, segments: Iterable[Segment]) -> None:
        asked = [condition for segment in segments for condition in segment.rule.conditions()]

        def keys(conditions: Iterable[OfProduct | None]) -> frozenset[str]:
            return frozenset(one.key for one in conditions if one is not None)

        self._channels = frozenset(one.seen_on.channel for one in asked if one.seen_on is not None)
        self._viewed = keys(one.viewed for one in asked)
        self._bought = keys(one.bought for one in asked)
        self._abandoned = any(one.carts_abandoned is not None for one in asked)
        self._known = any(one.known is not None for one in asked)

    def on_event(self, profile: Profile, state: Segments, event: Sealed) -> None:
        """An event that has taken effect."""
        persons = profile.persons
        if self._known and len(persons) < MOST_PERSONS and event.by not in persons and _is_person(event):
            persons.append(event.by)
        if event.is_fetched:
            return
        channel, time = event.channel, event.time
        if channel in self._channels:
            state.seen_on[channel] = max(time, state.seen_on.get(channel, time))
        if self._viewed and event.name in {PRODUCT_VIEWED, PRODUCT_LIST_VIEWED}:
            items = [event.properties] if event.name == PRODUCT_LIST_VIEWED else items_of(event.properties)
            told = _keys(items, products=event.name == PRODUCT_VIEWED)
            for key in self._viewed & told:
                _note(state.viewed.setdefault(key, []), time)

    def on_order(self, state: Segments, event: Sealed, order_id: str) -> None:
        """A purchase, known by its `order_id`: what its products are."""
        products = event.properties.get("products")
        if not self._bought or not isinstance(products, list):
            return
        for key in self._bought & _keys((item for item in products if isinstance(item, dict)), products=True):
            orders = state.bought.setdefault(key, {})
            orders.pop(order_id, None)
            orders[order_id] = event.time
            _limit(orders)

    def on_abandoned(self, state: Segments, at: int) -> None:
        """A cart was left, at `at`."""
        if self._abandoned:
            _note(state.abandoned, at)

    def forget(self, profile: Profile, state: Segments) -> None:
        """Other segments hold: what none of them asks for is forgotten."""
        if not self._known:
            profile.persons = []
        state.seen_on = {channel: at for channel, at in state.seen_on.items() if channel in self._channels}
        state.viewed = {key: times for key, times in state.viewed.items() if key in self._viewed}
        state.bought = {key: orders for key, orders in state.bought.items() if key in self._bought}
        if not self._abandoned:
            state.abandoned = []


def absorb(winner: Segments, loser: Segments) -> None:
    """What either side has done, both have."""
    for channel, at in loser.seen_on.items():
        winner.seen_on[channel] = max(at, winner.seen_on.get(channel, at))
    winner.abandoned = sorted((*winner.abandoned, *loser.abandoned))[-MOST_TIMES:]
    for key, times in loser.viewed.items():
        winner.viewed[key] = sorted((*winner.viewed.get(key, ()), *times))[-MOST_TIMES:]
    for key, orders in loser.bought.items():
        winner.bought[key] = {**orders, **winner.bought.get(key, {})}
        _limit(winner.bought[key])


def _note(times: list[int], at: int) -> None:
    insort(times, at)
    del times[:-MOST_TIMES]


def _limit(orders: dict[str, int]) -> None:
    while len(orders) > MOST_TIMES:
        del orders[min(orders, key=lambda one: (orders[one], one))]


def _is_person(event: Sealed) -> bool:
    """Whether the event is of somebody who has said who they are, by its strongest identifier.

    Feedback is its message's, whatever identifiers it has.
    """
    head = event.identifiers[0] if event.identifiers and event.name not in FEEDBACK_EVENTS else None
    return head is not None and head["type"] not in _NO_PERSON


def _keys(items: Iterable[Mapping[str, Any]], *, products: bool) -> set[str]:
    """What items name, as `OfProduct.key` writes it: their categories, and of `products` the products."""
    found = set[str]()
    for item in items:
        names = [("c", item.get("category"))]
        if products:
            names += [("p", item.get("product_id")), ("p", item.get("sku"))]
        found.update(f"{kind}:{text.casefold()}" for kind, name in names if (text := short_text(name)) is not None)
    return found
