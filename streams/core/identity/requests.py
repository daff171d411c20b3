"""What an operator asks of identify: to cut an identifier off (`split`), to forget a person (`erase`).

A request acts when it is read, between links: every link before the sources' bound has been applied, none after. It is
good up to `cut_at`: links of before that come later are void, events of before that come later are dropped (`erase`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from schemas.times import iso
from streams.core.identity.graph import Graph
from streams.core.identity.link_history import Edges
from streams.core.identity.split import Split, split
from streams.core.identity.state_keys import FIRST, INTO, OWNER, REFUSED
from streams.core.protocol.order_key import KEY_SIZE, START_OF_TIME, bound, time_of
from streams.core.protocol.ports import MAX_TIME, Store
from streams.core.protocol.records import receipt_out
from streams.core.watermark.rounds import Rounds

_PATIENCE: Final = 5
"""Rounds until a request is settled: what is on its way by then may have to go through a chain of merges first."""
_CUT: Final = b"k"
_ERASED: Final = b"z"


class Cuts:
    """Up to when the links of an identifier are void (`of`: hash -> bound), and who was erased when (`erased`: ms)."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.of: dict[str, bytes] = {}
        self.erased: dict[str, int] = {}
        self.latest = START_OF_TIME

    def load(self) -> None:
        """Read them back after a restart."""
        for key, value in self._store.scan(_CUT):
            self.of[key[1:].hex()] = value
            self.latest = max(self.latest, value)
        for key, value in self._store.scan(_ERASED):
            self.erased[key[1:].hex()] = int.from_bytes(value, "big")

    def cut(self, identifier: str, at: int) -> None:
        """Links of the identifier up to `at` (epoch milliseconds) are void from now on."""
        reach = max(bound(at + 1), self.of.get(identifier, START_OF_TIME))
        self.of[identifier] = reach
        self.latest = max(self.latest, reach)
        self._store.put(_CUT + bytes.fromhex(identifier), reach)

    def erase(self, identifier: str, at: int) -> None:
        """The identifier was erased: nothing of before is taken in again."""
        self.cut(identifier, at)
        at = self.erased[identifier] = max(at, self.erased.get(identifier, 0))
        self._store.put(_ERASED + bytes.fromhex(identifier), at.to_bytes(8, "big"))


class Telling(Protocol):
    """How identify says what has changed."""

    def assign(self, type_: str, hashed: str, linked_at: str, more: Mapping[str, Any] | None = None) -> None:
        """Write an identifier's profile down."""
        ...

    def row(self, key_profile: str, row: dict[str, Any], at: str) -> None:
        """Write a row of identity.merges."""
        ...

    def tell(self, profile_id: str, notice: dict[str, Any]) -> None:
        """Tell the partition of a profile."""
        ...

    def changed(self, key: bytes, rounds: int = 1) -> None:
        """The assignments so far hold the watermark at the key until everybody knows them."""
        ...


class Requests:
    """Acts on the requests that come on `identity.links`."""

    def __init__(
        self, store: Store, graph: Graph, edges: Edges, cuts: Cuts, rounds: Rounds, telling: Telling,
        answer: Callable[[Any], None],
    ) -> None:  # fmt: skip
        self._store = store
        self._graph = graph
        self._edges = edges
        self._cuts = cuts
        self._rounds = rounds
        self._telling = telling
        self._answer = answer

    def split(self, notice: dict[str, Any]) -> None:
        """Cut an identifier off from all it was linked with."""
        reach, at = self._rounds.sources_bound, self._cut_at(notice["now"])
        hashed, when = notice["id"], iso(at)
        self._cuts.cut(hashed, at)
        done = split(self._graph, self._edges, hashed)
        self._write_down(done, when)
        told: list[str] = []
        for gone in done.departures:
            one = {"from": gone.source, "to": gone.target, "ids": gone.identifiers, "key": reach.hex(), "at": at}
            if not gone.fresh:
                for identifier in gone.identifiers:
                    arrives = {"k": "arrive", "to": gone.target, "id": identifier, "key": START_OF_TIME.hex()}
                    self._telling.tell(gone.target, arrives)
            self._telling.tell(gone.source, {"k": "divide", "request": notice["request"], **one, "state": gone.fresh})
            row = {"merged_profile_id": gone.source, "into_profile_id": gone.target, "reason": "split"}
            self._telling.row(gone.source, {**row, "identifiers": gone.identifiers}, when)
            told.append(gone.source)
        before = _just_before(reach)
        for loser, winner in done.retired:
            self._telling.tell(loser, {"k": "merge", "from": loser, "to": winner, "key": before.hex()})
            row = {"merged_profile_id": loser, "into_profile_id": winner, "reason": "link"}
            self._telling.row(loser, row, when)
        for known, profile_id in done.history:
            row = {"merged_profile_id": known, "into_profile_id": profile_id, "reason": "split_history"}
            self._telling.row(known, row, when)
        if done.owners:
            # The watermark stands still until what moves has arrived: it may be anything that has not been sealed.
            self._telling.changed(START_OF_TIME, _PATIENCE)
        self._receipt(
            notice, found=done.found, profiles=sorted(set(told)), identifiers=int(done.found),
            edges=done.edges, refused=done.refused, clusters=done.clusters,
        )  # fmt: skip

    def _write_down(self, done: Split, when: str) -> None:
        store, graph = self._store, self._graph
        for pair in sorted(done.no_longer_refused - done.refused_now.keys()):
            store.delete(REFUSED + bytes.fromhex(pair[0] + pair[1]))
        for pair, reason in done.refused_now.items():
            store.put(REFUSED + bytes.fromhex(pair[0] + pair[1]), reason.encode())
        for hashed in sorted(done.owners):
            self._telling.assign(done.owners[hashed], hashed, when)
        for loser, winner in (*done.retired, *done.history):
            store.put(INTO + bytes.fromhex(loser), winner.encode())
        for loser, _ in done.retired:
            store.delete(FIRST + bytes.fromhex(loser))
        for profile_id, _ in done.clusters:
            store.put(FIRST + bytes.fromhex(profile_id), str(graph.first[profile_id]).encode())

    def erase(self, notice: dict[str, Any]) -> None:
        """Forget the person that an identifier is of."""
        graph, at = self._graph, self._cut_at(notice["now"])
        hashed, when = notice["id"], iso(at)
        profile_id, found = graph.profile_of(hashed), hashed in graph.owner
        ids = dict(sorted(graph.members.pop(profile_id, {hashed: notice["type"]}).items()))
        former = graph.former(profile_id)
        refused = sum(self._forget_refused(identifier) for identifier in ids)
        pairs = sum(self._edges.drop(identifier) for identifier in ids)
        graph.first.pop(profile_id, None)
        self._store.delete(FIRST + bytes.fromhex(profile_id))
        graph.into[profile_id] = ""
        self._store.put(INTO + bytes.fromhex(profile_id), b"")
        anew = {}
        for identifier, type_ in ids.items():
            graph.owner.pop(identifier, None)
            graph.travelled.discard(identifier)
            self._store.delete(OWNER + bytes.fromhex(identifier))
            self._cuts.erase(identifier, at)
            anew[identifier] = graph.free_id(identifier)
            self._telling.assign(type_, identifier, when, {"next_profile_id": anew[identifier]})
        for known in (profile_id, *former):
            self._telling.row(known, {"merged_profile_id": known, "into_profile_id": None, "reason": "erased"}, when)
        # What comes after the cut under these identifiers is sent on from the old place: the watermark waits for it.
        self._telling.changed(bound(at + 1), _PATIENCE)
        for known in (profile_id, *former):
            one = {"request": notice["request"], "profile": known, "key": bound(at).hex(), "ids": list(ids)}
            more = {"next": anew, "former": former, "current": known == profile_id}
            self._telling.tell(known, {"k": "erase", **one, **more})
        self._receipt(
            notice, found=found, profiles=[profile_id, *former], identifiers=len(ids), edges=pairs, refused=refused
        )

    def _forget_refused(self, identifier: str) -> int:
        forgotten = 0
        for pair in self._edges.of(identifier):
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

    def _receipt(self, notice: dict[str, Any], **said: Any) -> None:
        self._answer(receipt_out({"request": notice["request"], "agent": "identify", **said}))


def _just_before(reach: bytes) -> bytes:
    """The last merge key before a bound."""
    return bound(max(0, time_of(reach) - 1)) + b"\xff" * (KEY_SIZE - 6)
