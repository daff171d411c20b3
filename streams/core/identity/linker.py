"""Applies links to the graph: what they change is kept in the store, and told to whom it concerns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from sys import intern
from typing import Any

from schemas.identifiers import ANONYMOUS_ID, ORDER_ID
from schemas.orders import CORRECTS, NO_ORDER, SELLS
from schemas.times import iso
from streams.core.identity.announcer import Announcer
from streams.core.identity.cutoffs import Cutoffs
from streams.core.identity.evidence import Evidence, evidence
from streams.core.identity.graph import MADE_ROOM, Change, Graph, Hashed, Merge, Move, Refused
from streams.core.identity.link_history import LinkHistory
from streams.core.identity.sales import Sales
from streams.core.protocol.order_key import merge_key, source_of, time_of
from streams.core.protocol.ports import Store
from streams.core.protocol.state_keys import BESIDE, DISPUTED, FIRST_SEEN, REFUSED, TYPED


class Linker:
    """The links of one event, and single pairs; `counts` are identify's.

    A `key` is the order key of the event that links, identifiers are (type, hash), strongest first: the last `previous`
    are those that an alias call names, the last `weak` before these are weak evidence. `order`: what the event says of
    the order among them (schemas/orders.py).
    """

    def __init__(
        self, store: Store, announcer: Announcer, *, graph: Graph, history: LinkHistory, cutoffs: Cutoffs,
        sales: Sales, counts: Counter[tuple[str, ...]],
    ) -> None:  # fmt: skip
        self._store = store
        self._announcer = announcer
        self._graph = graph
        self._history = history
        self._cutoffs = cutoffs
        self._sales = sales
        self._counts = counts
        self.newest = b""
        """The highest key that has been applied: a link before it comes late."""

    def is_repeat(self, key: bytes, identifiers: Sequence[Hashed], weak: int, order: int) -> bool:
        """Whether all are of one profile already, and were last linked by this head: most links are so."""
        owner, last, head = self._graph.owner, self._history.last, identifiers[0][1]
        profile_id = owner.get(head)
        if profile_id is None or key < self._cutoffs.latest or key < self.newest or order == CORRECTS:
            return False
        for nth in range(1, len(identifiers)):
            other = identifiers[nth][1]
            if last.get(other) != head or owner.get(other) != profile_id:
                return False
        typed = self._graph.typed
        return not typed or not any(hashed in typed for _, hashed in identifiers[: len(identifiers) - weak])

    def link_anew(self, key: bytes, identifiers: Sequence[Hashed], previous: int, weak: int, order: int) -> None:
        """`link`, unless it is a repeat."""
        if previous or not self.is_repeat(key, identifiers, weak, order):
            self.link(key, identifiers, previous, weak, order=order)
        else:
            self._counts["winback_links_total", "repeated"] += 1

    def link(self, key: bytes, raw: Sequence[Hashed], previous: int, weak: int, *, order: int = NO_ORDER) -> None:
        """Link the strongest identifier of an event with each of the others."""
        named, said = raw, order
        if key < self._cutoffs.latest:
            raw, previous, weak, order = self.without_cut(key, raw, previous, weak, order)
            if len(raw) < min(2, len(named)):
                self.void(key, named, said, order)
                return
        identifiers = [(intern(t), h) for t, h in raw]
        late = key < self.newest
        head, count = identifiers[0], len(identifiers)
        profile_id = self._graph.owner.get(head[1])
        if profile_id == head[1]:
            # The same text, kept already: this one is remembered with each that it links.
            head = (head[0], profile_id)
        for nth in range(1, count):
            if identifiers[nth] != head:
                how = evidence(nth, count, previous, weak, sale=order == SELLS and identifiers[nth][0] == ORDER_ID)
                self._history.note(head, identifiers[nth], merge_key(key, nth), how, late=late)
        self._join(key, identifiers, previous, weak, key, order=order)
        self.void(key, named, said, order)

    def pair(self, key: bytes, nth: int, head: Hashed, other: Hashed, typed: bytes) -> bool:
        """Link one address that was only typed, as the `nth` pair of `key`; returns whether it is the `head`'s now.

        `other` is the address, `typed` the order key of the event that named it.
        """
        head, other = (intern(head[0]), head[1]), (intern(other[0]), other[1])
        self._history.note(head, other, merge_key(key, nth), Evidence.WEAK, late=key < self.newest)
        self._join(key, (head, other), 0, 1, typed, nth - 1)
        owner = self._graph.owner.get(other[1])
        return owner is not None and owner == self._graph.owner.get(head[1])

    def without_cut(
        self, key: bytes, identifiers: Sequence[Hashed], previous: int, weak: int, order: int
    ) -> tuple[Sequence[Hashed], int, int, int]:
        """What a link from before a split or an erasure says, less what was cut off or erased; nothing of its head.

        Once the rest has been linked, `void` has to be told of it.
        """
        void = [key < self._cutoffs.of.get(h, b"") for _, h in identifiers]
        left = [] if void[0] else [i for i, is_void in zip(identifiers, void, strict=True) if not is_void]
        if not any(one[0] == ORDER_ID for one in left):
            order = NO_ORDER
        if void[0]:
            return [], 0, 0, order
        end = len(identifiers) - previous
        return left, previous - sum(void[end:]), weak - sum(void[end - weak : end]), order

    def void(self, key: bytes, identifiers: Sequence[Hashed], said: int, order: int) -> None:
        """What the event `said` of an order is void if nothing (`order`) was left of it: whose the order is, is told.

        Only behind the links of the event: by them its head may have become part of who has the order.
        """
        if said != order:
            self._sales.void(key, identifiers, sells=said == SELLS)

    def dispute(self, hashed: str) -> None:
        """Somebody has been refused an identifier, `hashed` (hex): whoever gets it is told that it is theirs."""
        if hashed not in self._graph.disputed:
            self._graph.disputed.add(hashed)
            self._store.put(DISPUTED + bytes.fromhex(hashed), b"")

    def _join(
        self, key: bytes, identifiers: Sequence[Hashed], previous: int, weak: int, named: bytes, before: int = 0, *,
        order: int = NO_ORDER,
    ) -> None:  # fmt: skip
        """Link in the graph and tell of it: `named` is the key of the event that names them.

        `before`: how many pairs there have been at this key before.
        """
        began = self._graph.counter
        changes, fresh = self._graph_link(key, identifiers, previous, weak, order)
        self._sales.linked(key, identifiers, changes, sells=order == SELLS)
        if not changes:
            self._counts["winback_links_total", "repeated"] += 1
            return
        for owner in dict.fromkeys(self._graph.owner[hashed] for _, hashed in fresh):
            if (place := self._graph.first[owner]) >= began:
                self._store.put(FIRST_SEEN + bytes.fromhex(owner), str(place).encode())
        linked_at, source = iso(time_of(key)), _source(named)
        told: dict[str, tuple[str, str]] = {}
        new = {hashed: type_ for type_, hashed in fresh}
        begun = frozenset(new)
        for change in changes:
            match change:
                case Merge(moved=moved, pair=(a, b)):
                    # Who was moved is linked to the end of the pair that stayed, save that end's own new identifier.
                    stayed, other = (b, a) if any(h == a for _, h in moved) else (a, b)
                    if stayed in new:
                        told[stayed] = new.pop(stayed), other
                    told.update((h, (t, stayed)) for t, h in moved)
                case Move(identifier=(type_, hashed), pair=(a, b)):
                    if change.reason == MADE_ROOM:
                        self._history.drop(hashed)
                        keep_beside(self._store, hashed, None)
                        first = str(self._graph.first[change.winner]).encode()
                        self._store.put(FIRST_SEEN + bytes.fromhex(change.winner), first)
                    if a in new:
                        told[a] = new.pop(a), b
                    told[hashed] = type_, a
                case Refused():
                    self._store.put(REFUSED + bytes.fromhex(change.pair[0] + change.pair[1]), change.reason.encode())
                    self.dispute(change.pair[1])
        for hashed, (type_, linked_to) in told.items():
            self._announcer.assign(type_, hashed, linked_at, {"linked_to": linked_to, "source": source})
        for change in changes:
            at = merge_key(key, change.nth + before)
            outcome = self._announcer.change(change, at, linked_at, source, begun)
            self._counts["winback_links_total", outcome] += 1
            self._announcer.whose(change, identifiers[change.nth][0], at.hex())

    def _graph_link(
        self, key: bytes, identifiers: Sequence[Hashed], previous: int, weak: int, order: int
    ) -> tuple[list[Change], list[Hashed]]:
        """Link in the graph, and keep what it remembers of what was only typed or named and of anonymous ids."""
        typed = [hashed for _, hashed in identifiers if hashed in self._graph.typed]
        beside = {hashed: self._graph.beside.get(hashed) for type_, hashed in identifiers if type_ == ANONYMOUS_ID}
        changes, fresh = self._graph.link(identifiers, previous, weak, key, order=order)
        if order:
            self._sales.keep(identifiers)
        for hashed, was in beside.items():
            if (now := self._graph.beside.get(hashed)) != was:
                keep_beside(self._store, hashed, now)
        for hashed in typed:
            if hashed not in self._graph.typed:
                self._store.delete(TYPED + bytes.fromhex(hashed))
        for _, hashed in fresh:
            if hashed in self._graph.typed:
                self._store.put(TYPED + bytes.fromhex(hashed), b"")
        return changes, fresh


def keep_beside(store: Store, hashed: str, beside: tuple[str, bytes] | None) -> None:
    """Keep what `Graph.beside` has of an anonymous id: `hashed` is its hash, `beside` None where there is nothing."""
    name = BESIDE + bytes.fromhex(hashed)
    if beside is None:
        store.delete(name)
    else:
        store.put(name, bytes.fromhex(beside[0]) + beside[1])


def _source(key: bytes) -> dict[str, Any]:
    topic, partition, offset = source_of(key)
    return {"topic": topic, "partition": partition, "offset": offset}
