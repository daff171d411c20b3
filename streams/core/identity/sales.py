"""Whose the sale of an order is: the one profile that an order_id of the shop counts in (contract 8.40).

The order_id is of the profile that is known best of those who have said that the order is complete (graph.py). Whoever
else names it is told that it does not count there; who loses it to somebody known better is told so, and who gets it
back. An order of a person that was erased has been counted: nobody after them has the sale of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from schemas.identifiers import ORDER_ID
from streams.core.identity.announcer import Announcer
from streams.core.identity.cutoffs import Cutoffs
from streams.core.identity.graph import Change, Graph, Hashed, Move
from streams.core.identity.link_history import Names
from streams.core.protocol.order_key import KEY_SIZE, merge_key, time_of
from streams.core.protocol.ports import Store
from streams.core.protocol.profile_log import Sale
from streams.core.protocol.state_keys import CORRECTED, UNCLAIMED


class Sales:
    """Tells profiles what of orders is theirs. An identifier is its type and its hash, 32 hex digits."""

    def __init__(self, store: Store, announcer: Announcer, *, graph: Graph, cutoffs: Cutoffs) -> None:
        self._store = store
        self._announcer = announcer
        self._graph = graph
        self._cutoffs = cutoffs

    def linked(self, key: bytes, identifiers: Sequence[Hashed], changes: Iterable[Change], *, sells: bool) -> None:
        """The event at the order `key` has named these, strongest first, which has led to `changes`.

        `sells`: it says that the order among them is complete.
        """
        for nth, (type_, order) in enumerate(identifiers):
            if type_ == ORDER_ID:
                moves = (c for c in changes if isinstance(c, Move) and c.identifier[1] == order)
                if (move := next(moves, None)) is None or order in self._cutoffs.sold:
                    # What has counted without being linked stays where it is, whoever gets the order_id.
                    self._named(merge_key(key, nth), identifiers[0][1], order)
                elif sells:
                    self.moved(order, move.loser, move.winner, merge_key(key, nth))
                if sells and order in self._graph.travelled:
                    self._settled(merge_key(key, len(identifiers)), identifiers[0][1], order)

    def void(self, key: bytes, identifiers: Sequence[Hashed], *, sells: bool) -> None:
        """The same of an event whose order is not linked, because it is of before a split or an erasure.

        If it counts where it is, nobody else has the sale of it. `key`, `identifiers` and `sells` as in `linked`.
        """
        head = identifiers[0][1]
        if self._cutoffs.erased.get(head, -1) >= time_of(key):
            return
        for nth, (type_, order) in enumerate(identifiers):
            if type_ == ORDER_ID:
                if sells and self._holder(order) is None:
                    self._cutoffs.sell(order, self._graph.profile_of(head))
                self._named(merge_key(key, nth), head, order)

    def _named(self, key: bytes, head: str, order: str) -> None:
        mine, holder = self._graph.profile_of(head), self._holder(order)
        if holder is None or holder == mine:
            return
        self._announcer.tell(mine, Sale(mine, order, key.hex(), theirs=False, to=holder))
        if holder:
            # What the event says of the order has to be there before time passes it.
            self._announcer.changed(key[:KEY_SIZE])

    def _settled(self, key: bytes, head: str, order: str) -> None:
        """Who has lost the order before may have become part of who has it, by the same link: it counts there."""
        mine = self._graph.profile_of(head)
        if self._holder(order) == mine:
            self._announcer.tell(mine, Sale(mine, order, key.hex(), theirs=True))

    def _holder(self, order: str) -> str | None:
        """The profile that an order counts in; empty for one that was erased, None if nobody has completed it."""
        if (holder := self._cutoffs.sold.get(order)) is not None:
            return self._graph.live(holder)
        if order in self._graph.unclaimed:
            return self._graph.profile_of(order)
        return None if order in self._graph.typed else self._graph.owner.get(order)

    def load(self, names: Names) -> None:
        """Read back after a restart what the graph remembers of orders."""
        for kind, known in ((CORRECTED, self._graph.corrected), (UNCLAIMED, self._graph.unclaimed)):
            known.update(names[key[1:]] for key, _ in self._store.scan(kind))

    def keep(self, identifiers: Iterable[Hashed]) -> None:
        """Keep what the graph remembers of the order among these."""
        for type_, order in identifiers:
            for kind, known in ((CORRECTED, self._graph.corrected), (UNCLAIMED, self._graph.unclaimed)):
                if type_ == ORDER_ID and order in known:
                    self._store.put(kind + bytes.fromhex(order), b"")

    def moved(self, order: str, loser: str, winner: str, key: bytes, *, joins: bool = False) -> None:
        """From the merge `key` or bound on an `order` is of the `winner`, no more of the `loser` (profiles, hex).

        `joins`: the loser is part of the winner by then, and has nothing to lose to it.
        """
        self.follows(order, loser, winner)
        if not joins:
            self._announcer.tell(loser, Sale(loser, order, key.hex(), theirs=False))
        self._announcer.tell(winner, Sale(winner, order, key.hex(), theirs=self._holder(order) == winner))

    def follows(self, order: str, loser: str, winner: str) -> None:
        """In a split what has counted in the `loser` without being linked goes to the `winner` with its `order`."""
        if order in self._cutoffs.sold and self._holder(order) == loser:
            self._cutoffs.sell(order, winner)
