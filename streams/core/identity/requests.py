"""What an operator asks of identify: to cut an identifier off (`split`), to forget a person (`erase`).

A request acts when it is read, between links: every link before the sources' bound has been applied, none after. It is
good up to `_cut_at`: links of before that come later are void, events of before that come later are dropped (`erase`).
"""

from __future__ import annotations

from typing import Final

from schemas.identifiers import ORDER_ID
from schemas.times import iso
from streams.core.identity.announcer import Announcer
from streams.core.identity.claims import Claims
from streams.core.identity.cutoffs import Cutoffs
from streams.core.identity.graph import Graph
from streams.core.identity.link_history import LinkHistory
from streams.core.identity.linker import keep_beside
from streams.core.identity.sales import Sales
from streams.core.identity.split import Split, split
from streams.core.protocol.link_log import EraseRequest, Receipt, SplitRequest
from streams.core.protocol.order_key import KEY_SIZE, START_OF_TIME, bound, time_of
from streams.core.protocol.ports import MAX_TIME, Emit, Store
from streams.core.protocol.profile_log import Arrive, Divide, Erase, Merge
from streams.core.protocol.records import links_out
from streams.core.protocol.state_keys import DISPUTED, FIRST_SEEN, MERGED_INTO, OWNER, REFUSED, TYPED
from streams.core.watermark.rounds import Rounds

SETTLING_ROUNDS: Final = 5
"""Rounds until a request is settled: what is on its way by then may have to go through a chain of merges first."""


class Requests:
    """Acts on the requests that come on `identity.links`."""

    def __init__(
        self, store: Store, emit: Emit, announcer: Announcer, *, graph: Graph, history: LinkHistory, cutoffs: Cutoffs,
        sales: Sales, rounds: Rounds, claims: Claims,
    ) -> None:  # fmt: skip
        self._store = store
        self._emit = emit
        self._announcer = announcer
        self._graph = graph
        self._history = history
        self._cutoffs = cutoffs
        self._sales = sales
        self._rounds = rounds
        self._claims = claims

    def split(self, request: SplitRequest) -> None:
        """Cut an identifier off from all it was linked with."""
        reach, at = self._rounds.sources_bound, self._cut_at(request.now)
        hashed, when = request.id, iso(at)
        self._cutoffs.cut(hashed, at)
        self._claims.refuse(self._claims.drop((hashed,)), _just_before(reach))
        done = split(self._graph, self._history, hashed)
        self._write_down(done, when)
        told: list[str] = []
        joined = dict(done.retired)
        for gone in done.departures:
            if gone.fresh:
                for identifier in gone.identifiers:
                    self._sales.follows(identifier, gone.source, gone.target)
            else:
                for identifier in gone.identifiers:
                    self._announcer.tell(gone.target, Arrive(gone.target, identifier, START_OF_TIME.hex()))
                    if (
                        done.owners[identifier] == ORDER_ID
                        and identifier not in self._graph.typed | self._graph.corrected
                    ):
                        joins = joined.get(gone.source) == gone.target
                        self._sales.moved(identifier, gone.source, gone.target, reach, joins=joins)
            divided = Divide(
                request.request, gone.source, gone.target, tuple(gone.identifiers), reach.hex(), at, gone.fresh
            )
            self._announcer.tell(gone.source, divided)
            row = {"merged_profile_id": gone.source, "into_profile_id": gone.target, "reason": "split"}
            self._announcer.row(
                gone.source, {**row, "identifier": hashed, "identifiers": gone.identifiers}, when
            )  # fmt: skip
            told.append(gone.source)
        before = _just_before(reach)
        for loser, winner in done.retired:
            self._announcer.tell(loser, Merge(loser, winner, before.hex()))
            row = {"merged_profile_id": loser, "into_profile_id": winner, "reason": "link"}
            self._announcer.row(loser, row, when)
        for known, profile_id in done.history:
            row = {"merged_profile_id": known, "into_profile_id": profile_id, "reason": "split_history"}
            self._announcer.row(known, row, when)
        if done.owners:
            # The watermark stands still until what moves has arrived: it may be anything that has not been sealed.
            self._announcer.changed(START_OF_TIME, SETTLING_ROUNDS)
        self._announcer.shrank()
        receipt = Receipt(
            request.request, "identify", found=done.found, profiles=sorted(set(told)), identifiers=int(done.found),
            edges=done.edges, refused=done.refused, clusters=done.clusters,
        )  # fmt: skip
        self._emit.after(links_out(receipt))

    def _write_down(self, done: Split, when: str) -> None:
        store, graph = self._store, self._graph
        for pair in sorted(done.no_longer_refused - done.refused_now.keys()):
            store.delete(REFUSED + bytes.fromhex(pair[0] + pair[1]))
        for pair, reason in done.refused_now.items():
            store.put(REFUSED + bytes.fromhex(pair[0] + pair[1]), reason.encode())
        for hashed in sorted(done.typed):
            if done.typed[hashed]:
                store.put(TYPED + bytes.fromhex(hashed), b"")
            else:
                store.delete(TYPED + bytes.fromhex(hashed))
        for hashed, beside in sorted(done.beside.items()):
            keep_beside(store, hashed, beside)
        for hashed in sorted(done.owners):
            self._announcer.assign(done.owners[hashed], hashed, when)
        for loser, winner in (*done.retired, *done.history):
            store.put(MERGED_INTO + bytes.fromhex(loser), winner.encode())
        for loser, _ in done.retired:
            store.delete(FIRST_SEEN + bytes.fromhex(loser))
        for profile_id, _ in done.clusters:
            store.put(FIRST_SEEN + bytes.fromhex(profile_id), str(graph.first[profile_id]).encode())

    def erase(self, request: EraseRequest) -> None:
        """Forget the person that an identifier is of."""
        graph, at = self._graph, self._cut_at(request.now)
        hashed, when = request.id, iso(at)
        profile_id, found = graph.profile_of(hashed), hashed in graph.owner
        ids = dict(sorted(graph.members.pop(profile_id, {hashed: request.type}).items()))
        self._claims.drop(ids)
        former = graph.former(profile_id)
        refused = sum(self._forget_refused(identifier) for identifier in ids)
        pairs = sum(self._history.drop(identifier) for identifier in ids)
        graph.first.pop(profile_id, None)
        self._store.delete(FIRST_SEEN + bytes.fromhex(profile_id))
        graph.into[profile_id] = ""
        self._store.put(MERGED_INTO + bytes.fromhex(profile_id), b"")
        anew = {}
        for identifier, type_ in ids.items():
            if type_ == ORDER_ID and identifier not in graph.typed:
                self._cutoffs.sell(identifier, "")
            graph.owner.pop(identifier, None)
            graph.travelled.discard(identifier)
            graph.disputed.discard(identifier)
            self._store.delete(DISPUTED + bytes.fromhex(identifier))
            graph.typed.discard(identifier)
            graph.beside.pop(identifier, None)
            keep_beside(self._store, identifier, None)
            self._store.delete(TYPED + bytes.fromhex(identifier))
            self._store.delete(OWNER + bytes.fromhex(identifier))
            self._cutoffs.erase(identifier, at)
            anew[identifier] = graph.free_id(identifier)
            self._announcer.assign(type_, identifier, when, {"next_profile_id": anew[identifier]})
        for known in (profile_id, *former):
            self._announcer.row(known, {"merged_profile_id": known, "into_profile_id": None, "reason": "erased"}, when)
        # What comes after the cut under these identifiers is sent on from the old place: the watermark waits for it.
        self._announcer.changed(bound(at + 1), SETTLING_ROUNDS)
        for known in (profile_id, *former):
            erased = Erase(
                request.request, known, bound(at).hex(), tuple(ids), anew, tuple(former), known == profile_id
            )
            self._announcer.tell(known, erased)
        self._announcer.shrank()
        receipt = Receipt(
            request.request, "identify", found=found, profiles=[profile_id, *former], identifiers=len(ids),
            edges=pairs, refused=refused,
        )  # fmt: skip
        self._emit.after(links_out(receipt))

    def _forget_refused(self, identifier: str) -> int:
        forgotten = 0
        for pair in self._history.of(identifier):
            if self._graph.refused.pop(pair, None) is not None:
                forgotten += 1
                self._store.delete(REFUSED + bytes.fromhex(pair[0] + pair[1]))
        return forgotten

    def _cut_at(self, now: int | None) -> int:
        """Epoch milliseconds up to which a request is good: its time, or how far the sources are if that is later."""
        reached = time_of(self._rounds.sources_bound)
        if reached == MAX_TIME:
            return MAX_TIME if now is None else min(now, MAX_TIME)
        return reached if now is None else min(max(now, reached), MAX_TIME)


def _just_before(reach: bytes) -> bytes:
    """The last merge key before a bound."""
    return bound(max(0, time_of(reach) - 1)) + b"\xff" * (KEY_SIZE - 6)
