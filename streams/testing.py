"""The whole pipeline in one process, without a broker: for testing campaigns, and for `winback replay`.

The cores are those of the running system, joined by lists instead of topics; nothing here decides anything. A campaigns
file is tested in ten lines (events, messages and decisions are those of docs/contract.md, times epoch milliseconds):

Examples:
    >>> from schemas.times import parse
    >>> from streams.testing import Topology
    >>> shop = Topology.of("deploy/examples/campaigns/campaigns.yaml")
    >>> ana = {"userId": "ana", "context": {"traits": {"email": "ana@example.com"}}}
    >>> cart = {"type": "track", "event": "Product Added", "properties": {"product_id": "p1", "price": 90}}
    >>> shop.play("channels.web", [ana | cart | {"messageId": "1", "timestamp": "2026-03-02T09:00:00Z"}])
    >>> shop.reach(parse("2026-03-02T09:29:59Z")), shop.read("retargeting.messages")
    (None, [])
    >>> shop.reach(parse("2026-03-02T09:30:00Z"))
    >>> [(sent["campaign_id"], sent["channel"], sent["to"]) for sent in shop.read("retargeting.messages")]
    [('abandoned-cart', 'email', 'ana@example.com')]
    >>> [(made["outcome"], made["step"], made["decided_at"]) for made in shop.read("retargeting.decisions")]
    [('sent', 'reminder', '2026-03-02T09:30:00.000Z')]
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, Self

import orjson

from schemas import times
from schemas.events import Reader
from schemas.identifiers import Hasher
from schemas.message_ids import MessageIds
from schemas.reading import reader_of
from schemas.record import Out, Record
from schemas.referrers import NoReferrers
from schemas.settings import Settings
from schemas.topics import CHANNEL_TOPICS, IDENTITY_ASSIGNMENTS, IDENTITY_LINKS, OUTPUT_TOPICS, PROFILE_EVENTS, murmur2
from streams.campaigns import load
from streams.core.campaigns import Campaigns
from streams.core.identify import Identify
from streams.core.identity.graph import Policy
from streams.core.ingest import Ingest
from streams.core.journey import Journey
from streams.core.lockstep.partition import Lockstep
from streams.core.protocol import link_log
from streams.core.protocol.ports import Task
from streams.core.protocol.records import links_out
from streams.core.protocol.state_keys import PENDING
from streams.logs import CHUNK, Log, Logs, Reading
from streams.runtime.state.owners import Owners
from streams.runtime.state.spilling import SpillingBase
from streams.runtime.state.store import MemoryBase, PartitionStore
from streams.shares import FULL, First, Other, Others

_STEPS: Final = 32
"""Chunks between two times that the profiles of a lean topology go to the store."""


class Topology:
    """The pipeline step by step: `play` or `feed`, `request`, `reach` in any order, `finish` when no more input comes.

    Nothing happens between the calls; each goes on until all has settled. `stores` are the states of identify and of
    each partition of journey, `owners` what ingest knows of the assignments. Times are epoch milliseconds.

    `campaigns`: instead of those that the settings name. `reader` and `hasher`: what makes events of records and keyed
    hashes of identifiers, those of the settings if not given. `outputs`: takes each record of an output topic as it is
    written, in the order of its partition; then nothing is kept, `topics` and `read` are empty, and what the pipeline
    sends itself is dropped once it has been read. `lean`: only decisions are wanted, so nothing is added up for
    `aggregates`, and `restart` is not to be called. `other`: lean, and both these campaigns and `campaigns` decide
    (streams/core/lockstep); what they decide comes with a partition that is greater by as many as there are. Raises
    ValueError when the file of campaigns, or of aliases, is not valid.
    """

    def __init__(
        self,
        settings: Settings,
        campaigns: Campaigns | None = None,
        *,
        outputs: Callable[[Record], None] | None = None,
        reader: Reader | None = None,
        hasher: Hasher | None = None,
        lean: bool = False,
        other: Campaigns | None = None,
    ) -> None:
        self.logs = Logs(outputs)
        self._others: Others | None = None
        self._lean = lean
        self._drop = outputs is not None
        self._partitions = settings.partitions
        partitions, secret = settings.partitions, settings.secret.get_secret_value()
        self._ends = dict.fromkeys(((topic, p) for topic in CHANNEL_TOPICS for p in range(partitions)), 0)
        self.owners = Owners()
        self._known = 0
        self._told: link_log.Report | None = None
        self._ingest = Ingest(
            self.logs,
            reader=reader or reader_of(settings),
            hasher=hasher or Hasher(secret),
            message_ids=MessageIds(secret),
            replica=self.owners.of,
            erased=self.owners.erased,
            partitions=partitions,
        )
        self._campaigns = campaigns or load(settings.campaigns)
        hosts = NoReferrers(settings.no_referrer_hosts())
        policy = Policy(settings.device_policy, settings.profile_limit)
        self._bases = [SpillingBase(PENDING) if self._drop else MemoryBase() for _ in range(1 + partitions)]
        self.stores = [PartitionStore(base) for base in self._bases]
        self._seconds = [PartitionStore(MemoryBase()) for _ in range(0 if other is None else partitions)]

        def identify(store: PartitionStore) -> Task:
            return Identify(store, self.logs, partitions=partitions, policy=policy, optional=settings.optional())

        def journey(partition: int, store: PartitionStore) -> Task:
            logs = self.logs
            if other is not None:
                return Lockstep(
                    store, logs, seconds_store=self._seconds[partition], partition=partition, partitions=partitions,
                    campaigns=self._campaigns, other=other, secret=secret, no_referrers=hosts,
                    unsubscribe=settings.unsubscribe_url,
                )  # fmt: skip
            return Journey(
                store, logs, partition=partition, partitions=partitions, campaigns=self._campaigns, secret=secret,
                no_referrers=hosts, totals=not lean, unsubscribe=settings.unsubscribe_url,
            )  # fmt: skip

        self._tasks: list[tuple[Callable[[PartitionStore], Task], Log]] = [
            (identify, self.logs.topics[IDENTITY_LINKS][0]),
            *((partial(journey, p), self.logs.topics[PROFILE_EVENTS][p]) for p in range(partitions)),
        ]
        self._readings = [
            Reading(make(store), store, log, flushed=_STEPS if lean else 1)
            for (make, log), store in zip(self._tasks, self.stores, strict=True)
        ]
        if other is not None:
            self._readings += [self._second(p, reading.task) for p, reading in enumerate(self._readings[1:])]

    @classmethod
    def of(cls, campaigns: Path | str | None = None) -> Self:
        """The pipeline with a campaigns file (None: the built-in campaigns), time being that of the events.

        Raises ValueError when the file is not valid.
        """
        return cls(Settings(clock="event", campaigns=None if campaigns is None else Path(campaigns)))

    def restart(self) -> None:
        """Both agents, identify and journey, end, and begin anew from what is stored."""
        self._readings = [
            Reading(make(store), store, log, reading.next)
            for (make, log), store, reading in zip(self._tasks, self.stores, self._readings, strict=True)
        ]

    def part(self) -> None:
        """Before a fork of the process, once: both can read what waits on disk. Raises OSError without room."""
        for base in self._bases:
            if isinstance(base, SpillingBase):
                base.part()

    def go_on(self, campaigns: Campaigns | None = None) -> None:
        """After a fork, and before time has moved at all: this copy goes on by itself, with other campaigns if given.

        What has come in waits, and no campaigns have been asked about it yet. Raises OSError when there is no room.
        """
        for base in self._bases:
            if isinstance(base, SpillingBase):
                base.own()
        if campaigns is not None:
            self._campaigns = campaigns
            for reading in self._readings:
                if isinstance(reading.task, Journey):
                    reading.task.begin_with(campaigns)

    def share(self, others: Sequence[Other]) -> None:
        """After a fork: the partitions of the `others` are theirs (`serve`), all else is of this process."""
        theirs = {partition for other in others for partition in other.partitions}
        self._others = Others(others)
        self.logs.away = self._others.away
        self._keep(p for p in range(len(self._readings) - 1) if p not in theirs)

    def serve(self, first: First, mine: Iterable[int]) -> None:
        """The same in each of the others: let the partitions that are `mine` do what they are given, to the end.

        Raises EOFError or OSError when the `first` process has ended.
        """
        self.logs.away = first.away
        _, *readings = self._keep(mine)
        given: Sequence[Out] | None = ()  # What waited before the fork comes first.
        while given is not None:
            for out in given:
                self.logs.send(out)
            while sum(self._step(reading) for reading in readings):
                pass
            first.answer()
            given = first.receive()

    def _second(self, partition: int, task: Task) -> Reading:
        """What is sent to the second of two files in a partition, and how the first one lets it read that."""
        if not isinstance(task, Lockstep):
            raise TypeError(f"partition {partition} is played by one file")
        log = self.logs.topics[PROFILE_EVENTS][self._partitions + partition]
        reading = Reading(task.second, self._seconds[partition], log, flushed=_STEPS)
        task.hear = partial(self._read, reading)
        return reading

    def _keep(self, partitions: Iterable[int]) -> list[Reading]:
        # What goes is not taken apart: after a fork that would only copy it.
        self._gone = self._readings
        self._readings = [self._gone[0], *(self._gone[1 + partition] for partition in partitions)]
        return self._readings

    def play(self, topic: str, events: Iterable[Mapping[str, Any]], *, key: str | None = None) -> None:
        """Events come in on a raw topic, as a producer would send them (contract, section 2), with a Kafka key or none.

        A record's own timestamp is the event's.
        """
        records = []
        for event in events:
            value = orjson.dumps(event)
            name = None if key is None else key.encode()
            partition = murmur2(value if name is None else name) % self._partitions
            offset = self._ends[topic, partition]
            self._ends[topic, partition] = offset + 1
            records.append(Record(topic, partition, offset, times.parse(event.get("timestamp")) or 0, name, value))
        self.feed(records)

    def feed(self, records: Iterable[Record]) -> None:
        """Raw records come in, those of a partition in the order of their offsets."""
        waiting: dict[tuple[str, int], list[Record]] = defaultdict(list)
        for record in records:
            source = (record.topic, record.partition)
            waiting[source].append(record)
            self._ends[source] = record.offset + 1
            if len(waiting[source]) >= CHUNK:
                self._take(waiting.pop(source))
        for chunk in waiting.values():
            self._take(chunk)

    def reach(self, watermark: int, now: int | None = None, before: Callable[[], None] | None = None) -> None:
        """All sources are as far as `watermark`; the wall clock shows `now`. Both in epoch milliseconds.

        `before` is called when all has been done that comes before time moves first.
        """
        self._report(watermark, now)
        self._settle(before)

    def request(self, kind: str, type_: str, hashed: str, *, now: int | None = None) -> list[dict[str, Any]]:
        """A request of a `kind`, `split` or `erase`, for an identifier by its type (`type_`) and `hashed` value.

        `now` is what the wall clock shows, in epoch milliseconds. Returns the receipts.
        """
        asked = link_log.SplitRequest if kind == "split" else link_log.EraseRequest
        return self._ask(asked(self._next_request(kind), type_, hashed, now))

    def suppress(self, entries: Sequence[link_log.Suppressed]) -> list[dict[str, Any]]:
        """An operator says something of addresses, as of `SuppressRequest`; returns the receipt."""
        return self._ask(link_log.SuppressRequest(self._next_request("suppress"), tuple(entries)))

    def knows(self, hashed: str) -> bool:
        """Whether an identifier, by its keyed hash (`hashed`), is linked with any other."""
        task = self._readings[0].task
        return isinstance(task, Identify) and hashed in task.graph.owner

    def switch(self, campaigns: Campaigns) -> list[dict[str, Any]]:
        """Other campaigns decide, from how far the sources are on; returns the receipts."""
        request = self._next_request("campaigns")
        return self._ask(link_log.SwitchCampaigns(request, campaigns.dump(), campaigns.version))

    def declare(self, topic: str, partition: int | None, state: Literal["dead", "live"]) -> list[dict[str, Any]]:
        """A source, or all of a topic, is "dead" or "live"; returns the receipt."""
        return self._ask(link_log.DeclareSource(self._next_request("source"), topic, partition, state))

    def finish(self, before: Callable[[], None] | None = None) -> dict[str, list[Record]]:
        """No more input comes, so time runs out; returns `topics`. What is fed all the same comes late.

        `before` as of `reach`.
        """
        self.logs.send(links_out(link_log.EndOfInput(tuple((*s, end) for s, end in self._ends.items()))))
        self._settle(before)
        return self.topics

    def end(self) -> None:
        """Nothing more is asked: processes that have some of the partitions end."""
        if self._others is not None:
            self._others.end()

    @property
    def topics(self) -> dict[str, list[Record]]:
        """All that was written for others, by topic."""
        logs = self.logs.topics
        return {topic: [r for _, log in sorted(logs[topic].items()) for r in log] for topic in OUTPUT_TOPICS}

    def read(self, topic: str) -> list[dict[str, Any]]:
        """What was written to an output topic so far, as the contract describes it: partition after partition.

        Records without a value are left out.
        """
        logs = sorted(self.logs.topics[topic].items())
        return [orjson.loads(record.value) for _, log in logs for record in log if record.value]

    def _next_request(self, kind: str) -> str:
        return f"{kind}-{self.logs.topics[IDENTITY_LINKS][0].end}"

    def _ask(self, asked: link_log.Request) -> list[dict[str, Any]]:
        log, request = self.logs.topics[IDENTITY_LINKS][0], asked.request
        before = log.end
        self.logs.send(links_out(asked))
        drop, self._drop = self._drop, False
        self._settle()
        self._drop = drop
        answers = [orjson.loads(record.value or b"") for record in log.since(before)]
        return [answer for answer in answers if answer["k"] == "receipt" and answer["request"] == request]

    def _take(self, chunk: list[Record]) -> None:
        """Ingest some records of one source, and let the tasks read what has gathered in their logs."""
        self._ingest.process(chunk)
        for reading in self._readings:
            while reading.waiting >= CHUNK:
                self._step(reading)
        if self._others is not None and self._others.waiting >= FULL:
            self._side_by_side()

    def _step(self, reading: Reading) -> bool:
        stepped = reading.step()
        if self._drop:
            reading.log.drop(reading.next)
        return stepped

    def _read(self, reading: Reading) -> None:
        while self._step(reading):
            pass

    def _settle(self, before: Callable[[], None] | None = None) -> None:
        """Read all there is, and say which assignments are known, until nothing is new."""
        if before is not None:
            self._arrive()
            before()
        while self._turn() or self._learn():
            pass

    def _turn(self) -> bool:
        if self._others is not None:
            return self._side_by_side()
        return sum(self._step(reading) for reading in self._readings) > 0

    def _side_by_side(self) -> bool:
        """Read all there is, the other processes with what is theirs at the same time."""
        identify, *journeys = self._readings
        stepped, others = 0, self._others
        while self._step(identify):
            stepped += 1
        if others is not None:
            others.give()
        while some := sum(self._step(reading) for reading in journeys):
            stepped += some
        return bool(others is not None and others.take(self.logs.send)) or stepped > 0

    def _arrive(self) -> None:
        """Links and hand-overs take effect, and the first round that moves time is issued, and not read yet.

        The round before it moves nothing (streams/core/watermark/rounds.py).
        """
        self._side_by_side()
        self._learn()
        self._read(self._readings[0])

    def _learn(self) -> bool:
        """Catch up with the assignments; False if identify has been told all that there is to tell."""
        assignments = self.logs.topics[IDENTITY_ASSIGNMENTS][0]
        for record in assignments.since(self._known):
            self.owners.apply(record.key, record.value)
        self._known = assignments.end
        if self._drop:
            assignments.drop(self._known)
        return self._report(None, None)

    def _report(self, watermark: int | None, now: int | None) -> bool:
        sources = tuple((*source, watermark, end) for source, end in self._ends.items())
        report = link_log.Report(sources, self.owners.version, now)
        if report == self._told:
            return False
        self.logs.send(links_out(report))
        # Without a word on how far they are, what was said of the sources stands.
        unsaid = tuple((*source, None, end) for source, end in self._ends.items())
        self._told = link_log.Report(unsaid, self.owners.version)
        return True


def replay(
    records: Iterable[Record], settings: Settings, campaigns: Campaigns | None = None
) -> dict[str, list[Record]]:
    """Every output of the pipeline for these raw records under the event clock, by topic.

    Raises ValueError when the campaigns file is not valid.
    """
    topology = Topology(settings, campaigns)
    topology.feed(records)
    return topology.finish()
