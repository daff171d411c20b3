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
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, Self

import orjson

from schemas import times
from schemas.aliases import shop_file
from schemas.events import Reader
from schemas.identifiers import Hasher
from schemas.message_ids import MessageIds
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
from streams.core.protocol import link_log
from streams.core.protocol.ports import Task
from streams.core.protocol.records import links_out
from streams.core.protocol.state_keys import PENDING
from streams.runtime.state.owners import Owners
from streams.runtime.state.spilling import SpillingBase
from streams.runtime.state.store import MemoryBase, PartitionStore, Position

_CHUNK: Final = 1_000
# A NamedTuple's own constructor is a Python function; this is what it calls.
_tuple: Final[Any] = tuple.__new__
_READ_BY_US: Final = frozenset({IDENTITY_LINKS, IDENTITY_ASSIGNMENTS, PROFILE_EVENTS})


class Log(list[Record]):
    """One partition of a topic: its records from offset `start` on; those before have been dropped."""

    start = 0

    @property
    def end(self) -> int:
        """The offset that the next record gets."""
        return self.start + len(self)

    def since(self, offset: int, most: int | None = None) -> list[Record]:
        """The records from an offset on, `most` of them at most; None for all."""
        at = offset - self.start
        return self[at:] if most is None else self[at : at + most]

    def drop(self, offset: int) -> None:
        """Forget the records before an offset."""
        del self[: offset - self.start]
        self.start = offset


class Logs:
    """Topics as lists; an `Emit` that appends to them.

    With `outputs`, records of output topics go there, and only what the pipeline itself reads is kept.
    """

    def __init__(self, outputs: Callable[[Record], None] | None = None) -> None:
        self.topics: dict[str, dict[int, Log]] = defaultdict(lambda: defaultdict(Log))
        self._outputs = outputs
        self._offsets: dict[tuple[str, int], int] = defaultdict(int)

    def send(self, out: Out) -> None:
        """Append a record."""
        topic, partition, key, value, headers, timestamp = out
        if self._outputs is not None and topic in _OUTPUTS:
            offset = self._offsets[topic, partition]
            self._offsets[topic, partition] = offset + 1
            self._outputs(_tuple(Record, (topic, partition, offset, timestamp or 0, key, value, headers)))
            if topic not in _READ_BY_US:
                return
        log = self.topics[topic][partition]
        log.append(_tuple(Record, (topic, partition, log.start + len(log), timestamp or 0, key, value, headers)))

    def after(self, out: Out) -> None:
        """Append a record: all before it has been appended already."""
        self.send(out)


_OUTPUTS: Final = frozenset(OUTPUT_TOPICS)


class Reading:
    """A task, its input, and how far it has read, from `start` on: `next` is the first offset it has not."""

    def __init__(self, task: Task, store: PartitionStore, log: Log, start: int = 0) -> None:
        self._task = task
        self._store = store
        self.log = log
        self.next = start
        task.load()

    @property
    def waiting(self) -> int:
        """How many records have not been read."""
        return self.log.end - self.next

    def step(self) -> bool:
        """Process a chunk; False when there was nothing to read."""
        chunk = self.log.since(self.next, _CHUNK)
        if not chunk:
            return False
        self.next += self._task.process(chunk)
        self._task.flush()
        self._store.settle(Position(0, 0, self.next, 0))
        return True


class Topology:
    """The pipeline step by step: `play` or `feed`, `request`, `reach` in any order, `finish` when no more input comes.

    Nothing happens between the calls; each goes on until all has settled. `stores` are the states of identify and of
    each partition of journey, `owners` what ingest knows of the assignments. Times are epoch milliseconds.

    `campaigns`: instead of those that the settings name. `reader` and `hasher`: what makes events of records and keyed
    hashes of identifiers, those of the settings if not given. `outputs`: takes each record of an output topic as it is
    written, in the order of its partition; then nothing is kept, `topics` and `read` are empty, and what the pipeline
    sends itself is dropped once it has been read. Raises ValueError when the file of campaigns, or of aliases, is not
    valid.
    """

    def __init__(
        self,
        settings: Settings,
        campaigns: Campaigns | None = None,
        *,
        outputs: Callable[[Record], None] | None = None,
        reader: Reader | None = None,
        hasher: Hasher | None = None,
    ) -> None:
        self.logs = Logs(outputs)
        self._drop = outputs is not None
        self._partitions = settings.partitions
        partitions, secret = settings.partitions, settings.secret.get_secret_value()
        self._ends = dict.fromkeys(((topic, p) for topic in CHANNEL_TOPICS for p in range(partitions)), 0)
        self.owners = Owners()
        self._known = 0
        self._told: link_log.Report | None = None
        self._ingest = Ingest(
            self.logs,
            reader=reader or Reader(settings.phone_region, settings.blocked_values(), shop_file.load(settings.aliases)),
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

        def identify(store: PartitionStore) -> Task:
            return Identify(store, self.logs, partitions=partitions, policy=policy, optional=settings.optional())

        def journey(partition: int, store: PartitionStore) -> Task:
            logs = self.logs
            return Journey(
                store, logs, partition=partition, partitions=partitions, campaigns=self._campaigns, secret=secret,
                no_referrers=hosts,
            )  # fmt: skip

        self._tasks: list[tuple[Callable[[PartitionStore], Task], Log]] = [
            (identify, self.logs.topics[IDENTITY_LINKS][0]),
            *((partial(journey, p), self.logs.topics[PROFILE_EVENTS][p]) for p in range(partitions)),
        ]
        self._readings = [
            Reading(make(store), store, log) for (make, log), store in zip(self._tasks, self.stores, strict=True)
        ]

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

    def part(self, campaigns: Campaigns) -> None:
        """After a fork of the process, and before time has moved at all: this copy goes on with other campaigns.

        What has come in waits, and no campaigns have been asked about it yet. Raises OSError when there is no room.
        """
        for base in self._bases:
            if isinstance(base, SpillingBase):
                base.part()
        self._campaigns = campaigns
        self.restart()

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
            if len(waiting[source]) >= _CHUNK:
                self._take(waiting.pop(source))
        for chunk in waiting.values():
            self._take(chunk)

    def reach(self, watermark: int, now: int | None = None) -> None:
        """All sources are as far as `watermark`; the wall clock shows `now`. Both in epoch milliseconds."""
        self._report(watermark, now)
        self._settle()

    def request(self, kind: str, type_: str, hashed: str, *, now: int | None = None) -> list[dict[str, Any]]:
        """A request of a `kind`, `split` or `erase`, for an identifier by its type (`type_`) and `hashed` value.

        `now` is what the wall clock shows, in epoch milliseconds. Returns the receipts.
        """
        asked = link_log.SplitRequest if kind == "split" else link_log.EraseRequest
        return self._ask(asked(self._next_request(kind), type_, hashed, now))

    def switch(self, campaigns: Campaigns) -> list[dict[str, Any]]:
        """Other campaigns decide, from how far the sources are on; returns the receipts."""
        request = self._next_request("campaigns")
        return self._ask(link_log.SwitchCampaigns(request, campaigns.dump(), campaigns.version))

    def declare(self, topic: str, partition: int | None, state: Literal["dead", "live"]) -> list[dict[str, Any]]:
        """A source, or all of a topic, is "dead" or "live"; returns the receipt."""
        return self._ask(link_log.DeclareSource(self._next_request("source"), topic, partition, state))

    def finish(self) -> dict[str, list[Record]]:
        """No more input comes, so time runs out; returns `topics`. What is fed all the same comes late."""
        self.logs.send(links_out(link_log.EndOfInput(tuple((*s, end) for s, end in self._ends.items()))))
        self._settle()
        return self.topics

    @property
    def topics(self) -> dict[str, list[Record]]:
        """All that was written for others, by topic."""
        return {
            topic: [r for _, log in sorted(self.logs.topics[topic].items()) for r in log] for topic in OUTPUT_TOPICS
        }

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
            while reading.waiting >= _CHUNK:
                self._step(reading)

    def _step(self, reading: Reading) -> bool:
        stepped = reading.step()
        if self._drop:
            reading.log.drop(reading.next)
        return stepped

    def _settle(self) -> None:
        """Read all there is, and say which assignments are known, until nothing is new."""
        while sum(self._step(reading) for reading in self._readings) or self._learn():
            pass

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
