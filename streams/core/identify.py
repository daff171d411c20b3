"""identify: the single writer of the identity graph and of time. One partition, `identity.links`, in its log order.

Links wait until the sources' watermark has passed them and are applied in event-time order, so that what is decided
depends on the events alone. A link that comes late is applied when it comes.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Sequence
from sys import intern
from typing import Any, Final

import orjson
from msgspec.structs import replace

from schemas.identifiers import ANONYMOUS_ID
from schemas.record import Record
from schemas.times import iso
from schemas.topics import CHANNEL_TOPICS
from streams.core.identity.announcer import Announcer
from streams.core.identity.cutoffs import Cutoffs
from streams.core.identity.graph import MADE_ROOM, Change, Graph, Merge, Move, Policy, Refused, evidence
from streams.core.identity.link_history import LinkHistory, Names
from streams.core.identity.requests import Requests, keep_beside
from streams.core.protocol import link_log, profile_log
from streams.core.protocol.link_log import Hashed, Links, Receipt, SomeSources, SwitchCampaigns
from streams.core.protocol.order_key import merge_key, order_key, order_key_behind, source_of, time_of
from streams.core.protocol.ports import Emit, Store
from streams.core.protocol.records import links_out, notices_to_all
from streams.core.protocol.sequence_numbers import IDENTIFY, SequencedEmitter
from streams.core.protocol.state_keys import (
    BESIDE,
    DISPUTED,
    FIRST_SEEN,
    IDENTIFY_CLOCK,
    LINK_BATCH,
    MERGED_INTO,
    OWNER,
    REFUSED,
    TYPED,
    WAITING_CAMPAIGNS,
)
from streams.core.watermark.rounds import Rounds

LINKS_A_CALL: Final = 20_000
"""How many links one call applies at most, so that a worker's heartbeats go on while a backlog is worked off."""


class Identify:
    """The task of `identity.links`.

    `partitions` is how many partitions every topic by profile has, and every raw topic. `optional` are the sources that
    the settings call so; the log decides, and where the settings differ from it, they are put on the log and hold from
    there on. One call applies `links_a_call` links at most.
    """

    def __init__(
        self, store: Store, emit: Emit, *, partitions: int, policy: Policy | None = None,
        optional: Iterable[SomeSources] = (), links_a_call: int = LINKS_A_CALL,
    ) -> None:  # fmt: skip
        self._store = store
        self._emit = emit
        self._notices = SequencedEmitter(emit, IDENTIFY)
        self._partitions = partitions
        self._links_a_call = links_a_call
        self.graph = Graph(policy or Policy())
        self.rounds = Rounds(((t, p) for t in CHANNEL_TOPICS for p in range(partitions)), partitions)
        self._cutoffs = Cutoffs(store)
        self._history = LinkHistory(store)
        self._announcer = Announcer(
            store, emit, self._notices, graph=self.graph, cutoffs=self._cutoffs, rounds=self.rounds,
            partitions=partitions,
        )  # fmt: skip
        self._requests = Requests(
            store, emit, self._announcer, graph=self.graph, history=self._history, cutoffs=self._cutoffs,
            rounds=self.rounds,
        )  # fmt: skip
        self._optional = sorted(optional, key=str)
        self._switches: list[int] = []
        self._waiting: list[tuple[bytes, int, tuple[Hashed, ...], int, int]] = []
        """A heap of links: order key, offset of the batch on the log, identifiers, how many of an alias, and weak."""
        self._left: dict[int, int] = {}
        """How many links of a batch, by its offset, have not been applied."""
        self._halfway = False
        """A call has applied as many links as one call may, and there are more."""
        self._newest = b""
        """The highest key that has been applied: a link before it comes late."""
        self.counts: Counter[tuple[str, ...]] = Counter()

    @property
    def gauges(self) -> dict[tuple[str, ...], float]:
        """What Prometheus is shown of the present."""
        return {
            ("winback_largest_profile",): self._announcer.largest,
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
        for key, value in self._store.scan(FIRST_SEEN):
            graph.first[names[key[1:]]] = int(value)
        for key, value in self._store.scan(MERGED_INTO):
            graph.into[names[key[1:]]] = names[bytes.fromhex(value.decode())]
        for key, value in self._store.scan(REFUSED):
            graph.refused[names[key[1:17]], names[key[17:]]] = value.decode()
        graph.disputed.update(names[key[1:]] for key, _ in self._store.scan(DISPUTED))
        graph.typed.update(names[key[1:]] for key, _ in self._store.scan(TYPED))
        self._history.load(names)
        self._cutoffs.load()
        for key, value in self._store.scan(BESIDE):
            graph.beside[names[key[1:]]] = names[value[:16]], value[16:]
        clock = self._store.get(IDENTIFY_CLOCK)
        if clock is not None:
            data = orjson.loads(clock)
            self.rounds.restore(data["rounds"])
            self._notices.restore(data["notices"])
            self._announcer.restore(data["version"], data["assigned"])
            graph.counter = data["counter"]
            applied = bytes.fromhex(data["applied"])
            self._newest = bytes.fromhex(data.get("newest", ""))
            # The record that was not finished comes again: what it says is in the store already.
            self._halfway = data.get("halfway", False)
            for key, value in self._store.scan(LINK_BATCH):
                batch = link_log.read(value)
                if isinstance(batch, Links):
                    self._wait(int.from_bytes(key[1:], "big"), batch, applied)
        self._switches = [int.from_bytes(key[1:], "big") for key, _ in self._store.scan(WAITING_CAMPAIGNS)]
        if self._optional != self.rounds.sources.optional:
            self._emit.after(links_out(link_log.OptionalSources(tuple(self._optional))))

    def process(self, records: Sequence[Record]) -> int:
        """How many of the `records` are done: links, reports, acknowledgements, the end of input, in log order.

        Each record is done before the next begins. One that a call does not finish is passed again, first, in the next
        call.
        """
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
        version, assigned = self._announcer.dump()
        data = {
            "rounds": self.rounds.dump(),
            "notices": self._notices.dump(),
            "version": version,
            "assigned": assigned,
            "counter": self.graph.counter,
            "applied": applied.hex(),
            "newest": self._newest.hex(),
            "halfway": self._halfway,
        }
        self._store.put(IDENTIFY_CLOCK, orjson.dumps(data))

    def _learn(self, record: Record) -> bool:
        """Take in what a record says; False if it says nothing to identify."""
        rounds = self.rounds
        match said := link_log.read(record.value):
            case Links():
                self._store.put(LINK_BATCH + record.offset.to_bytes(8, "big"), record.value or b"")
                self._wait(record.offset, said, b"")
            case link_log.Report():
                rounds.report(said.sources, said.version, said.now)
            case link_log.Ack():
                rounds.acknowledge(said)
                while rounds.barrier_passed():
                    self._switch(self._switches.pop(0))
            case link_log.EndOfInput():
                rounds.sources.end(said.positions)
                rounds.refresh()
            case link_log.OptionalSources():
                rounds.sources.let_be_optional(said.sources)
                rounds.refresh()
            case link_log.DeclareSource():
                rounds.sources.declare(said.topic, said.partition, dead=said.state == "dead")
                rounds.refresh()
                self._list_sources(said.request)
            case link_log.ListSources():
                self._list_sources(said.request)
            case SwitchCampaigns():
                self._store.put(WAITING_CAMPAIGNS + record.offset.to_bytes(8, "big"), record.value or b"")
                if rounds.add_barrier(rounds.sources_bound):
                    self._switch(record.offset)
                else:
                    self._switches.append(record.offset)
            case link_log.SplitRequest():
                self._apply_all()
                self._requests.split(said)
            case link_log.SuppressRequest():
                self._suppress(said)
            case link_log.EraseRequest():
                self._apply_all()
                self._requests.erase(said)
            case None:
                self.counts["winback_unreadable_records_total", record.topic] += 1
                return False
            case _:
                return False
        return True

    def _apply_all(self) -> None:
        """A split or an erasure acts when all links before the sources' bound have been applied."""
        self.rounds.release_links()
        while not self._apply():
            pass

    def _list_sources(self, request: str) -> None:
        """Somebody asks how far the sources are, or has said that some are dead, or live again."""
        self._emit.after(links_out(Receipt(request, "identify", **self.rounds.listed())))

    def _suppress(self, said: link_log.SuppressRequest) -> None:
        """What an operator says of addresses is told to all, each at its own time, behind all events of that time."""
        for channel, topic, hashed, given, reason, since in said.entries:
            key = order_key_behind(since).hex()
            self._announcer.tell_all(profile_log.AddressTold(key, key, given, reason, ((channel, topic, hashed),)))
        self._emit.after(links_out(Receipt(said.request, "identify", identifiers=len(said.entries))))

    def _switch(self, offset: int) -> None:
        """Everything before the point has taken effect: from here on the new campaigns hold, in every partition."""
        name = WAITING_CAMPAIGNS + offset.to_bytes(8, "big")
        said = link_log.read(self._store.get(name))
        self._store.delete(name)
        if isinstance(said, SwitchCampaigns):
            self._announcer.tell_all(said)
            at = iso(time_of(self.rounds.reached))
            self._emit.after(links_out(Receipt(said.request, "identify", at=at)))

    def _wait(self, offset: int, batch: Links, applied: bytes) -> None:
        """Queue the links of a batch; those before `applied` were applied before the restart."""
        topic, partition = batch.topic, batch.partition
        waiting, count = self._waiting, 0
        for link in batch.links:
            key = order_key(link.time, topic, partition, link.offset)
            if key >= applied:
                count += 1
                heapq.heappush(waiting, (key, offset, link.identifiers, link.previous, link.weak))
        if count:
            self._left[offset] = count
        else:
            self._store.delete(LINK_BATCH + offset.to_bytes(8, "big"))

    def _apply(self) -> bool:
        """Apply the links the watermark has passed; False when there are more of them than one call takes."""
        waiting, reach = self._waiting, self.rounds.links_bound
        budget, repeated = self._links_a_call, 0
        while budget and waiting and waiting[0][0] < reach:
            budget -= 1
            key, batch, identifiers, previous, weak = heapq.heappop(waiting)
            # What ingest writes again after a crash comes right behind the first. It must not be applied once more: who
            # has made room for the rest of it would be linked anew.
            if key != self._newest and (previous or not self._is_repeat(key, identifiers, weak)):
                self._link(key, identifiers, previous, weak)
            else:
                repeated += 1
            self._newest = max(self._newest, key)
            self._left[batch] -= 1
            if not self._left[batch]:
                del self._left[batch]
                self._store.delete(LINK_BATCH + batch.to_bytes(8, "big"))
        if repeated:
            self.counts["winback_links_total", "repeated"] += repeated
        return not waiting or waiting[0][0] >= reach

    def _is_repeat(self, key: bytes, identifiers: Sequence[Hashed], weak: int) -> bool:
        """Whether all are of one profile already, and were last linked by this head: most links are so."""
        owner, last, head = self.graph.owner, self._history.last, identifiers[0][1]
        profile_id = owner.get(head)
        if profile_id is None or key < self._cutoffs.latest or key < self._newest:
            return False
        for nth in range(1, len(identifiers)):
            other = identifiers[nth][1]
            if last.get(other) != head or owner.get(other) != profile_id:
                return False
        typed = self.graph.typed
        return not typed or not any(hashed in typed for _, hashed in identifiers[: len(identifiers) - weak])

    def _link(self, key: bytes, raw: Sequence[Hashed], previous: int, weak: int) -> None:
        identifiers = [(intern(t), h) for t, h in raw]
        if key < self._cutoffs.latest:
            identifiers, previous, weak = self._without_cut(key, identifiers, previous, weak)
            if len(identifiers) < 2:
                return
        late = key < self._newest
        head, count = identifiers[0], len(identifiers)
        profile_id = self.graph.owner.get(head[1])
        if profile_id == head[1]:
            # The same text, kept already: this one is remembered with each that it links.
            head = (head[0], profile_id)
        for nth in range(1, count):
            if identifiers[nth] != head:
                how = evidence(nth, count, previous, weak)
                self._history.note(head, identifiers[nth], merge_key(key, nth), how, late=late)
        changes, fresh = self._join(key, identifiers, previous, weak)
        if not changes:
            self.counts["winback_links_total", "repeated"] += 1
            return
        for _, hashed in fresh:
            owner = self.graph.owner[hashed]
            self._store.put(FIRST_SEEN + bytes.fromhex(owner), str(self.graph.first[owner]).encode())
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
                    if change.reason == MADE_ROOM:
                        self._history.drop(hashed)
                        keep_beside(self._store, hashed, None)
                        first = str(self.graph.first[change.winner]).encode()
                        self._store.put(FIRST_SEEN + bytes.fromhex(change.winner), first)
                    if a in new:
                        told[a] = new.pop(a), b
                    told[hashed] = type_, a
                case Refused():
                    self._store.put(REFUSED + bytes.fromhex(change.pair[0] + change.pair[1]), change.reason.encode())
                    if (other := change.pair[1]) not in self.graph.disputed:
                        self.graph.disputed.add(other)
                        self._store.put(DISPUTED + bytes.fromhex(other), b"")
        for hashed, (type_, linked_to) in told.items():
            self._announcer.assign(type_, hashed, linked_at, {"linked_to": linked_to, "source": source})
        for change in changes:
            at = merge_key(key, change.nth)
            self.counts["winback_links_total", self._announcer.change(change, at, linked_at, source)] += 1
            self._announcer.whose(change, identifiers[change.nth][0], at.hex())

    def _join(
        self, key: bytes, identifiers: Sequence[Hashed], previous: int, weak: int
    ) -> tuple[list[Change], list[Hashed]]:
        """Link in the graph, and keep what it remembers of addresses that were typed and of anonymous ids."""
        typed = [hashed for _, hashed in identifiers if hashed in self.graph.typed]
        beside = {hashed: self.graph.beside.get(hashed) for type_, hashed in identifiers if type_ == ANONYMOUS_ID}
        changes, fresh = self.graph.link(identifiers, previous, weak, key)
        for hashed, was in beside.items():
            if (now := self.graph.beside.get(hashed)) != was:
                keep_beside(self._store, hashed, now)
        for hashed in typed:
            if hashed not in self.graph.typed:
                self._store.delete(TYPED + bytes.fromhex(hashed))
        for _, hashed in fresh:
            if hashed in self.graph.typed:
                self._store.put(TYPED + bytes.fromhex(hashed), b"")
        return changes, fresh

    def _without_cut(
        self, key: bytes, identifiers: list[Hashed], previous: int, weak: int
    ) -> tuple[list[Hashed], int, int]:
        """A link from before a split or an erasure says nothing of what was cut off or erased."""
        void = [key < self._cutoffs.of.get(h, b"") for _, h in identifiers]
        if void[0]:
            return [], 0, 0
        count = len(identifiers)
        left = [i for i, is_void in zip(identifiers, void, strict=True) if not is_void]
        return (
            left,
            previous - sum(void[count - previous :]),
            weak - sum(void[count - previous - weak : count - previous]),
        )

    def _round(self, offset: int) -> None:
        issued = self.rounds.next()
        if issued is not None:
            # The offset is that of the record after which the round was issued.
            for out in notices_to_all(replace(issued, at=offset), self._partitions):
                self._emit.send(out)
        elif self.rounds.drained():
            self._emit.send(links_out(link_log.Drained()))


def _source(key: bytes) -> dict[str, Any]:
    topic, partition, offset = source_of(key)
    return {"topic": topic, "partition": partition, "offset": offset}
