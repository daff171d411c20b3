"""identify: the single writer of the identity graph and of time. One partition, `identity.links`, in its log order.

Links wait until the sources' watermark has passed them and are applied in event-time order, so that what is decided
depends on the events alone. A link that comes late is applied when it comes.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from sys import intern
from typing import Any, Final

import orjson

from schemas.record import Out, Record
from schemas.times import iso
from schemas.topics import CHANNEL_TOPICS, IDENTITY_ASSIGNMENTS, IDENTITY_MERGES, partition_of
from streams.core.identity.graph import Graph, Hashed, Merge, Move, Policy, Refused
from streams.core.identity.link_history import Edges, Names
from streams.core.identity.requests import Cuts, Requests
from streams.core.identity.state_keys import FIRST, INTO, OWNER, REFUSED
from streams.core.protocol.order_key import KEY_SIZE, merge_key, order_key, source_of, time_of
from streams.core.protocol.ports import Emit, Store
from streams.core.protocol.records import links_out, notice_out, notice_to, receipt_out
from streams.core.protocol.sequence_numbers import IDENTIFY, Numbered
from streams.core.watermark.rounds import Round, Rounds
from streams.core.watermark.sources import Some

_BATCH: Final = b"l"
_CLOCK: Final = b"t"
_CAMPAIGNS: Final = b"c"
"""Campaigns that wait for their point of time: where they stood on the log (8 bytes) -> the record."""
_LINKS_A_CALL: Final = 20_000
"""How many links one call applies at most, so that a worker's heartbeats go on while a backlog is worked off."""


class Identify:
    """The task of `identity.links`.

    `optional` are the sources that the settings call so. What holds is what the log says: where they differ, that is
    put on the log, and holds from there on.
    """

    def __init__(
        self, store: Store, emit: Emit, *, partitions: int, policy: Policy | None = None, optional: Iterable[Some] = ()
    ) -> None:
        self._store = store
        self._emit = emit
        self._notices = Numbered(emit, IDENTIFY)
        self._partitions = partitions
        self.graph = Graph(policy or Policy())
        self.rounds = Rounds(((t, p) for t in CHANNEL_TOPICS for p in range(partitions)), partitions)
        self._cuts = Cuts(store)
        self._edges = Edges(store)
        self._requests = Requests(store, self.graph, self._edges, self._cuts, self.rounds, self, emit.after)
        self._optional = sorted(optional, key=str)
        self._switches: list[int] = []
        self._waiting: list[tuple[bytes, int, list[list[str]], int]] = []
        self._left: dict[int, int] = {}
        self._version = 0
        self._assigned = 0
        self._halfway = False
        self._newest = b""
        self._largest = 0
        """Identifiers of the largest profile; 0 while that has to be looked up."""
        self.counts: Counter[tuple[str, ...]] = Counter()

    @property
    def gauges(self) -> dict[tuple[str, ...], float]:
        """What Prometheus is shown of the present."""
        if not self._largest:
            self._largest = max(map(len, self.graph.members.values()), default=0)
        return {
            ("winback_largest_profile",): self._largest,
            ("winback_pending_merges",): self.rounds.unsettled,
            ("winback_state_keys", "identify"): len(self.graph.owner),
            **self.rounds.gauges,
        }

    def load(self) -> None:
        """Rebuild the graph, the waiting links and the clock from the store."""
        graph, names = self.graph, Names()
        for key, value in self._store.scan(OWNER):
            hashed, (type_, owner, travelled) = names[key[1:]], value.decode().rsplit("|", 2)
            owner = graph.owner[hashed] = names[bytes.fromhex(owner)]
            if travelled:
                graph.travelled.add(hashed)
            graph.members.setdefault(owner, {})[hashed] = intern(type_)
        for key, value in self._store.scan(FIRST):
            graph.first[names[key[1:]]] = int(value)
        for key, value in self._store.scan(INTO):
            graph.into[names[key[1:]]] = names[bytes.fromhex(value.decode())]
        for key, value in self._store.scan(REFUSED):
            graph.refused[names[key[1:17]], names[key[17:]]] = value.decode()
        self._edges.load(names)
        self._cuts.load()
        clock = self._store.get(_CLOCK)
        if clock is not None:
            data = orjson.loads(clock)
            self.rounds.restore(data["rounds"])
            self._notices.restore(data["notices"])
            self._version, self._assigned, graph.counter = data["version"], data["assigned"], data["counter"]
            applied = bytes.fromhex(data["applied"])
            self._newest = bytes.fromhex(data.get("newest", ""))
            for key, value in self._store.scan(_BATCH):
                self._wait(int.from_bytes(key[1:], "big"), orjson.loads(value), applied)
        self._switches = [int.from_bytes(key[1:], "big") for key, _ in self._store.scan(_CAMPAIGNS)]
        if self._optional != self.rounds.sources.optional:
            self._emit.after(links_out({"k": "optional", "sources": self._optional}))

    def process(self, records: Sequence[Record]) -> int:
        """Links, reports, acknowledgements, the end of input: in log order, each wholly done before the next."""
        for i, record in enumerate(records):
            self._notices.at(record.offset)
            if not self._halfway and not self._learn(record):
                continue
            self._halfway = not self._apply()
            if self._halfway:
                return i
            self._round(record.offset)
        return len(records)

    def flush(self) -> None:
        """The clock goes into every unit; the graph is written as it changes."""
        applied = self._waiting[0][0] if self._halfway else self.rounds.links_bound
        data = {
            "rounds": self.rounds.dump(),
            "notices": self._notices.dump(),
            "version": self._version,
            "assigned": self._assigned,
            "counter": self.graph.counter,
            "applied": applied.hex(),
            "newest": self._newest.hex(),
        }
        self._store.put(_CLOCK, orjson.dumps(data))

    def _learn(self, record: Record) -> bool:
        """Take in what a record says; False if it says nothing to identify."""
        notice = orjson.loads(record.value or b'{"k":null}')
        match notice["k"]:
            case "links":
                self._store.put(_BATCH + record.offset.to_bytes(8, "big"), record.value or b"")
                self._wait(record.offset, notice, b"")
            case "report":
                self.rounds.report(notice["sources"], notice["version"], notice["now"])
            case "ack":
                self.rounds.acknowledge(notice["partition"], notice["round"], notice)
                while self.rounds.stopped():
                    self._switch(self._switches.pop(0))
            case "end":
                self.rounds.sources.end(notice["positions"])
                self.rounds.refresh()
            case "optional":
                self.rounds.sources.let_be_optional(notice["sources"])
                self.rounds.refresh()
            case "source" | "sources":
                self._sources(notice)
            case "campaigns":
                self._store.put(_CAMPAIGNS + record.offset.to_bytes(8, "big"), record.value or b"")
                if self.rounds.stop(self.rounds.sources_bound):
                    self._switch(record.offset)
                else:
                    self._switches.append(record.offset)
            case "split" | "erase":
                self._request(notice)
            case _:
                return False
        return True

    def _request(self, notice: dict[str, Any]) -> None:
        """A split or an erasure: it acts when all links of before the sources' bound have been applied."""
        self.rounds.thaw()
        while not self._apply():
            pass
        if notice["k"] == "split":
            self._requests.split(notice)
        else:
            self._requests.erase(notice)
        self._largest = 0

    def _sources(self, notice: dict[str, Any]) -> None:
        """Somebody asks how far the sources are, or has said that some are dead, or live again."""
        if notice["k"] == "source":
            self.rounds.sources.declare(notice["topic"], notice["partition"], dead=notice["state"] == "dead")
            self.rounds.refresh()
        said = {"request": notice["request"], "agent": "identify", **self.rounds.listed()}
        self._emit.after(receipt_out(said))

    def _switch(self, offset: int) -> None:
        """All of before the point has taken effect: from here on the new campaigns hold, in every partition."""
        name = _CAMPAIGNS + offset.to_bytes(8, "big")
        notice = orjson.loads(self._store.get(name) or b"")
        self._store.delete(name)
        for partition in range(self._partitions):
            self._notices.send(notice_to(partition, notice))
        at = iso(time_of(self.rounds.reached))
        self._emit.after(receipt_out({"request": notice["request"], "agent": "identify", "at": at}))

    def _wait(self, offset: int, batch: dict[str, Any], applied: bytes) -> None:
        """Queue the links of a batch; those before `applied` were applied before the restart."""
        topic, partition = batch["topic"], batch["partition"]
        count = 0
        for time, source_offset, identifiers, previous in batch["links"]:
            key = order_key(time, topic, partition, source_offset)
            if key < applied:
                continue
            count += 1
            heapq.heappush(self._waiting, (key, offset, identifiers, previous))
        if count:
            self._left[offset] = count
        else:
            self._store.delete(_BATCH + offset.to_bytes(8, "big"))

    def _apply(self) -> bool:
        """Apply the links the watermark has passed; False when there are more of them than one call takes."""
        waiting, reach = self._waiting, self.rounds.links_bound
        budget, repeated = _LINKS_A_CALL, 0
        while budget and waiting and waiting[0][0] < reach:
            budget -= 1
            key, batch, identifiers, previous = heapq.heappop(waiting)
            if previous or not self._is_repeat(key, identifiers):
                self._link(key, identifiers, previous)
            else:
                repeated += 1
            self._newest = max(self._newest, key)
            self._left[batch] -= 1
            if not self._left[batch]:
                del self._left[batch]
                self._store.delete(_BATCH + batch.to_bytes(8, "big"))
        if repeated:
            self.counts["winback_links_total", "repeated"] += repeated
        return not waiting or waiting[0][0] >= reach

    def _is_repeat(self, key: bytes, identifiers: list[list[str]]) -> bool:
        """Whether all are of one profile already, and were last linked by this head: most links are so."""
        owner, last, head = self.graph.owner, self._edges.last, identifiers[0][1]
        profile_id = owner.get(head)
        if profile_id is None or key < self._cuts.latest or key < self._newest:
            return False
        for nth in range(1, len(identifiers)):
            other = identifiers[nth][1]
            if last.get(other) != head or owner.get(other) != profile_id:
                return False
        return True

    def _link(self, key: bytes, raw: list[list[str]], previous: int) -> None:
        identifiers: list[Hashed] = [(intern(t), h) for t, h in raw]
        if key < self._cuts.latest:
            identifiers, previous = self._without_cut(key, identifiers, previous)
            if len(identifiers) < 2:
                return
        late = key < self._newest
        head, aliased_from = identifiers[0], len(identifiers) - previous
        profile_id = self.graph.owner.get(head[1])
        if profile_id == head[1]:
            # The same text, kept already: this one is remembered with each that it links.
            head = (head[0], profile_id)
        for nth in range(1, len(identifiers)):
            if identifiers[nth] != head:
                self._edges.note(head, identifiers[nth], merge_key(key, nth), alias=nth >= aliased_from, late=late)
        changes, fresh = self.graph.link(identifiers, previous)
        if not changes:
            self.counts["winback_links_total", "repeated"] += 1
            return
        for _, hashed in fresh:
            owner = self.graph.owner[hashed]
            self._store.put(FIRST + bytes.fromhex(owner), str(self.graph.first[owner]).encode())
        linked_at, source = iso(time_of(key)), _source(key)
        told: dict[str, tuple[str, str]] = {}
        new = {hashed: type_ for type_, hashed in fresh}
        for change in changes:
            match change:
                case Merge(moved=moved, pair=(a, b)):
                    # Who was moved is linked to the end of the pair that stayed, save that end's own new identifier.
                    stayed, other = (b, a) if any(h == a for _, h in moved) else (a, b)
                    if stayed in new:
                        told[stayed] = new.pop(stayed), other
                    told.update((h, (t, stayed)) for t, h in moved)
                case Move(identifier=(type_, hashed), pair=(a, b)):
                    if a in new:
                        told[a] = new.pop(a), b
                    told[hashed] = type_, a
                case Refused():
                    self._store.put(REFUSED + bytes.fromhex(change.pair[0] + change.pair[1]), change.reason.encode())
        for hashed, (type_, linked_to) in told.items():
            self.assign(type_, hashed, linked_at, {"linked_to": linked_to, "source": source})
        for change in changes:
            self._announce(change, merge_key(key, change.nth), linked_at, source)

    def _without_cut(self, key: bytes, identifiers: list[Hashed], previous: int) -> tuple[list[Hashed], int]:
        """A link of before a split or an erasure says nothing of what was cut off or erased."""
        void = [key < self._cuts.of.get(h, b"") for _, h in identifiers]
        if void[0]:
            return [], 0
        left = len(identifiers) - previous
        return [i for i, is_void in zip(identifiers, void, strict=True) if not is_void], previous - sum(void[left:])

    def assign(self, type_: str, hashed: str, linked_at: str, more: Mapping[str, Any] | None = None) -> None:
        """Write an identifier's profile down; an erased one has none."""
        self._version += 1
        self._assigned = self._version
        owner = self.graph.owner.get(hashed)
        if owner is not None:
            self._largest = max(self._largest, len(self.graph.members[owner]))
            travelled = "travelled" if hashed in self.graph.travelled else ""
            self._store.put(OWNER + bytes.fromhex(hashed), f"{type_}|{owner}|{travelled}".encode())
        value = {"identifier_type": type_, "profile_id": owner, "version": self._version, "linked_at": linked_at}
        if more is not None:
            value.update(more)
        if (erased := self._cuts.erased.get(hashed)) is not None:
            value["erased_at"] = iso(erased)
        self._emit.send(Out(IDENTITY_ASSIGNMENTS, 0, hashed.encode(), orjson.dumps(value)))

    def row(self, key_profile: str, row: dict[str, Any], at: str) -> None:
        """Write a row of identity.merges."""
        # Rows count on too, so that two pairs of one link refused by one rule are not taken for a repeat.
        self._version += 1
        row |= {"merged_at": at, "version": self._version}
        partition = partition_of(key_profile, self._partitions)
        self._emit.send(Out(IDENTITY_MERGES, partition, key_profile.encode(), orjson.dumps(row)))

    def tell(self, profile_id: str, notice: dict[str, Any]) -> None:
        """Tell the partition of a profile."""
        self._notices.send(notice_out(profile_id, notice, self._partitions))

    def changed(self, key: bytes, rounds: int = 1) -> None:
        """The assignments so far hold the watermark at the key until all know them, and so many rounds longer."""
        self.rounds.change(key, self._assigned, rounds)

    def _announce(self, change: Merge | Move | Refused, key: bytes, at: str, source: dict[str, Any]) -> None:
        loser, winner = change.loser, change.winner
        row: dict[str, Any] = {"merged_profile_id": loser, "into_profile_id": winner}
        match change:
            case Merge(reason=reason, moved=moved):
                row["reason"] = reason
                for _, hashed in moved:
                    # One that once left the winner is back with it: its events must not be sent after it any more.
                    if hashed in self.graph.travelled or hashed in self._cuts.of:
                        self.tell(winner, {"k": "arrive", "to": winner, "id": hashed, "key": key.hex()})
                outcome = "merged"
                self._store.put(INTO + bytes.fromhex(loser), winner.encode())
                self._store.delete(FIRST + bytes.fromhex(loser))
                self.tell(loser, {"k": "merge", "from": loser, "to": winner, "key": key.hex()})
            case Move(identifier=(_, hashed)):
                row |= {"reason": "device_reassigned", "refused": "user_limit"}
                outcome = "device_reassigned"
                if len(self.graph.members.get(loser, ())) + 1 >= self._largest:
                    self._largest = 0
                self.tell(winner, {"k": "arrive", "to": winner, "id": hashed, "key": key.hex()})
                self.tell(loser, {"k": "leave", "from": loser, "to": winner, "id": hashed, "key": key.hex()})
            case Refused(rule=rule, reason=reason):
                row |= {"reason": reason, "refused": rule}
                outcome = reason
        self.counts["winback_links_total", outcome] += 1
        if not isinstance(change, Refused):
            self.changed(key[:KEY_SIZE])
        self.row(loser, {**row, "identifiers": list(change.pair), "source": source}, at)

    def _round(self, offset: int) -> None:
        issued = self.rounds.next()
        if issued is not None:
            for partition in range(self._partitions):
                self._emit.send(_round_out(partition, issued, offset))
        elif self.rounds.drained():
            self._emit.send(links_out({"k": "drained"}))


def _round_out(partition: int, issued: Round, offset: int) -> Out:
    """A round for one partition; `offset` is that of the record of `identity.links` after which it was issued."""
    number, reach, now, rests, closed = issued
    notice = {"k": "round", "round": number, "bound": reach.hex(), "now": now, "rests": rests, "closed": closed.hex()}
    return notice_to(partition, {**notice, "at": offset})


def _source(key: bytes) -> dict[str, Any]:
    topic, partition, offset = source_of(key)
    return {"topic": topic, "partition": partition, "offset": offset}
