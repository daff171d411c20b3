"""identify: the single writer of the identity graph and of time. One partition, `identity.links`, in its log order.

Links wait until the sources' watermark has passed them and are applied in event-time order, so that what is decided
depends on the events alone. A link that comes late is applied when it comes.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Sequence
from sys import intern
from typing import Final

import orjson
from msgspec.structs import replace

from schemas.record import Record
from schemas.times import iso
from schemas.topics import CHANNEL_TOPICS
from streams.core.identity.announcer import Announcer
from streams.core.identity.claims import Claim, Claims, names_claims
from streams.core.identity.cutoffs import Cutoffs
from streams.core.identity.graph import Graph, Policy
from streams.core.identity.link_history import LinkHistory, Names
from streams.core.identity.linker import Linker
from streams.core.identity.requests import Requests
from streams.core.identity.sales import Sales
from streams.core.protocol import link_log, profile_log
from streams.core.protocol.link_log import Hashed, Links, Receipt, SomeSources, SwitchCampaigns
from streams.core.protocol.order_key import order_key, order_key_behind, time_of
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
_A_CLAIM: Final = -1


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
        self.counts: Counter[tuple[str, ...]] = Counter()
        self._sales = Sales(store, self._announcer, graph=self.graph, cutoffs=self._cutoffs)
        self._linker = Linker(
            store, self._announcer, graph=self.graph, history=self._history, cutoffs=self._cutoffs, sales=self._sales,
            counts=self.counts,
        )  # fmt: skip
        self._claims = Claims(
            store, self._announcer, self._linker, graph=self.graph, cutoffs=self._cutoffs, wait=self._await
        )
        self._requests = Requests(
            store, emit, self._announcer, graph=self.graph, history=self._history, cutoffs=self._cutoffs,
            sales=self._sales, rounds=self.rounds, claims=self._claims,
        )  # fmt: skip
        self._optional = sorted(optional, key=str)
        self._switches: list[int] = []
        self._waiting: list[tuple[bytes, int, tuple[Hashed, ...], int, int, str, int]] = []
        """A heap of links: order key, offset of the batch on the log, and of the link all but its time and offset; and
        of claims: claim key, _A_CLAIM, visitor and address."""
        self._left: dict[int, int] = {}
        """How many links of a batch, by its offset, have not been applied."""
        self._halfway = False
        """A call has applied as many links as one call may, and there are more."""

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
        self._sales.load(names)
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
            self._linker.newest = bytes.fromhex(data.get("newest", ""))
            # The record that was not finished comes again: what it says is in the store already.
            self._halfway = data.get("halfway", False)
            for key, value in self._store.scan(LINK_BATCH):
                batch = link_log.read(value)
                if isinstance(batch, Links):
                    self._wait(int.from_bytes(key[1:], "big"), batch, applied)
        self._claims.load()
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
            "newest": self._linker.newest.hex(),
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
                link_of = (link.identifiers, link.previous, link.weak, link.confirms, link.order)
                heapq.heappush(waiting, (key, offset, *link_of))
        if count:
            self._left[offset] = count
        else:
            self._store.delete(LINK_BATCH + offset.to_bytes(8, "big"))

    def _await(self, claim: Claim) -> None:
        """A claim is applied at its key, as links are."""
        heapq.heappush(self._waiting, (claim.due, _A_CLAIM, (claim.visitor, claim.address), 0, 0, "", 0))

    def _apply(self) -> bool:
        """Apply the links the watermark has passed; False when there are more of them than one call takes."""
        waiting, reach, linker = self._waiting, self.rounds.links_bound, self._linker
        budget, repeated = self._links_a_call, 0
        while budget and waiting and waiting[0][0] < reach:
            budget -= 1
            key, batch, identifiers, previous, weak, confirms, order = heapq.heappop(waiting)
            if batch == _A_CLAIM:
                self._claims.fall_due(key, *identifiers)
                linker.newest = max(linker.newest, key)
                continue
            # What ingest writes again after a crash comes right behind the first. It must not be applied once more: who
            # has made room for the rest of it would be linked anew.
            if key == linker.newest:
                repeated += 1
            elif (weak and names_claims(identifiers, previous, weak)) or (confirms and self._claims.any):
                self._claims.take(key, identifiers, previous, weak, confirms, order)
            elif (len(identifiers) > 1 or order) and (previous or not linker.is_repeat(key, identifiers, weak, order)):
                linker.link(key, identifiers, previous, weak, order=order)
            else:
                repeated += 1
            linker.newest = max(linker.newest, key)
            self._left[batch] -= 1
            if not self._left[batch]:
                del self._left[batch]
                self._store.delete(LINK_BATCH + batch.to_bytes(8, "big"))
        if repeated:
            self.counts["winback_links_total", "repeated"] += repeated
        return not waiting or waiting[0][0] >= reach

    def _round(self, offset: int) -> None:
        issued = self.rounds.next()
        if issued is not None:
            # The offset is that of the record after which the round was issued.
            for out in notices_to_all(replace(issued, at=offset), self._partitions):
                self._emit.send(out)
        elif self.rounds.drained():
            self._emit.send(links_out(link_log.Drained()))
