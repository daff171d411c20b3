"""Whose an order is that several customers report: one sale, of the one that is known best, of equals the first."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.oracle.identity import Graph, Key, best
from tests.oracle.orders import ORDER_EVENTS, Sale, name_of, reassigned
from tests.oracle.outcome import Outcome
from tests.oracle.profile import Profile
from tests.oracle.reading import Fact

if TYPE_CHECKING:
    from tests.oracle.walk import Walk


class Sales:
    """The holder of each order that was completed, by its number. `profile` finds the profile of an id."""

    def __init__(self, graph: Graph, out: Outcome, profile: Callable[[str], Profile]) -> None:
        self._graph = graph
        self._out = out
        self._profile = profile
        self._holders: dict[str, str] = {}
        self._settled: set[str] = set()
        """The orders of which something else has been said: they stay where they are."""
        self._heard: list[Fact] = []
        """What was said of orders at the present time, by others than have them."""

    def counts(self, p: Profile, order_id: str) -> bool:
        """Whether what this customer reports of an order counts."""
        return self._holders.get(order_id, p.id) == p.id

    def merged(self, loser: str, winner: str) -> None:
        """Two customers are one: what one of them has is theirs."""
        self._holders.update((order_id, winner) for order_id, holder in self._holders.items() if holder == loser)

    def hear(self, walk: Walk, p: Profile, event: Fact) -> None:
        """A customer's event is about to take effect: the sale may become theirs by it."""
        number = next((one for one in event.identifiers if one.type == "order_id"), None)
        if number is None:
            return
        order_id = name_of(event)
        if event.corrects:
            self._settled.add(order_id)
        if not event.sells:
            return
        holder = self._holders.setdefault(order_id, p.id)
        if holder == p.id or order_id in self._settled:
            return
        if best(self._graph.held(p.id, event.identifiers[0])) >= best(self._graph.members[holder]):
            return
        sides = ((self._profile(holder), -1), (p, 1))
        for one, _ in sides:
            walk.run_timers(one, event.time)
        self._holders[order_id] = p.id
        for one, sign in sides:
            self._move(one, one.orders.get(order_id), sign, event)
            walk.assess(one, event.time, "event")

    def note(self, p: Profile, event: Fact) -> None:
        """An event of a customer has taken effect: who has the sale of its order hears of it, last of that time."""
        named = any(one.type == "order_id" for one in event.identifiers)
        if event.type == "track" and event.name in ORDER_EVENTS and named and not self.counts(p, name_of(event)):
            self._heard.append(event)

    def tell(self, walk: Walk, upto: Key) -> None:
        """Time goes on: what was said before is heard, last of its time."""
        while self._heard and _last(self._heard[0].key) < upto:
            event = self._heard.pop(0)
            holder = self._profile(self._holders[name_of(event)])
            walk.hear(holder, event)

    def _move(self, p: Profile, sale: Sale | None, sign: int, event: Fact) -> None:
        if sale is not None and sale.completed and sale.cancelled_at is None:
            self._out.conversions.append(reassigned(sale, p.id, sign, event))


def _last(key: Key) -> Key:
    """Behind all events of the same time."""
    time, topic, *rest = key
    return (time, f"~{topic}", *rest)
