"""The whole topology without a broker: the same cores, joined by lists instead of topics, in one process.

What `winback replay` runs, and what a test can step through: nothing here decides anything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

import orjson

from schemas.events import Reader
from schemas.identifiers import Hasher
from schemas.record import Out, Record
from schemas.settings import Settings
from schemas.topics import CHANNEL_TOPICS, IDENTITY_ASSIGNMENTS, IDENTITY_LINKS, OUTPUT_TOPICS, PROFILE_EVENTS
from streams.campaigns import load
from streams.core.campaigns import Campaigns
from streams.core.identify import Identify
from streams.core.identity.graph import Policy
from streams.core.ingest import Ingest
from streams.core.journey import Journey
from streams.core.protocol.ports import Task
from streams.core.protocol.records import links_out
from streams.runtime.state.owners import Owners
from streams.runtime.state.store import MemoryBase, PartitionStore, Position

_CHUNK: Final = 1_000


class Logs:
    """Topics as lists; an `Emit` that appends to them."""

    def __init__(self) -> None:
        self.topics: dict[str, dict[int, list[Record]]] = defaultdict(lambda: defaultdict(list))

    def send(self, out: Out) -> None:
        """Append a record."""
        log = self.topics[out.topic][out.partition]
        timestamp = out.timestamp or 0
        log.append(Record(out.topic, out.partition, len(log), timestamp, out.key, out.value, out.headers))

    def after(self, out: Out) -> None:
        """Append a record: all before it has been appended already."""
        self.send(out)


class Reading:
    """A task, its input, and how far it has read: `next` is the offset of the first record it has not."""

    def __init__(self, task: Task, store: PartitionStore, log: list[Record], start: int = 0) -> None:
        self._task = task
        self._store = store
        self._log = log
        self.next = start
        task.load()

    def step(self) -> bool:
        """Process a chunk; False when there was nothing to read."""
        chunk = self._log[self.next : self.next + _CHUNK]
        if not chunk:
            return False
        self.next += self._task.process(chunk)
        self._task.flush()
        self._store.settle(Position(0, 0, self.next, 0))
        return True


class Topology:
    """The pipeline step by step: `feed`, `request` and `reach` in any order, and `finish` when no more input comes.

    Nothing happens between the calls; each goes on until all has settled. `stores` are the states of identify and of
    each partition of journey, `owners` what ingest knows of the assignments. Raises ValueError when the campaigns file
    is not valid.
    """

    def __init__(self, settings: Settings, campaigns: Campaigns | None = None) -> None:
        self.logs = Logs()
        partitions, secret = settings.partitions, settings.secret.get_secret_value()
        self._ends = dict.fromkeys(((topic, p) for topic in CHANNEL_TOPICS for p in range(partitions)), 0)
        self.owners = Owners()
        self._known = 0
        self._told: dict[str, Any] | None = None
        self._ingest = Ingest(
            self.logs,
            reader=Reader(settings.phone_region, settings.blocked_values()),
            hasher=Hasher(secret),
            replica=self.owners.of,
            erased=self.owners.erased,
            partitions=partitions,
        )
        rules = campaigns or load(settings.campaigns)
        policy = Policy(settings.device_policy, settings.profile_limit)
        self.stores = [PartitionStore(MemoryBase()) for _ in range(1 + partitions)]

        def identify(store: PartitionStore) -> Task:
            return Identify(store, self.logs, partitions=partitions, policy=policy, optional=settings.optional())

        def journey(partition: int, store: PartitionStore) -> Task:
            logs = self.logs
            return Journey(store, logs, partition=partition, partitions=partitions, campaigns=rules, secret=secret)

        self._tasks: list[tuple[Callable[[PartitionStore], Task], list[Record]]] = [
            (identify, self.logs.topics[IDENTITY_LINKS][0]),
            *((partial(journey, p), self.logs.topics[PROFILE_EVENTS][p]) for p in range(partitions)),
        ]
        self._readings = [
            Reading(make(store), store, log) for (make, log), store in zip(self._tasks, self.stores, strict=True)
        ]

    def restart(self) -> None:
        """Both agents, identify and journey, end, and begin anew from what is stored."""
        self._readings = [
            Reading(make(store), store, log, reading.next)
            for (make, log), store, reading in zip(self._tasks, self.stores, self._readings, strict=True)
        ]

    def feed(self, records: Iterable[Record]) -> None:
        """Raw records come in."""
        waiting: dict[tuple[str, int], list[Record]] = defaultdict(list)
        for record in records:
            source = (record.topic, record.partition)
            waiting[source].append(record)
            self._ends[source] = record.offset + 1
            if len(waiting[source]) >= _CHUNK:
                self._ingest.process(waiting.pop(source))
        for chunk in waiting.values():
            self._ingest.process(chunk)

    def reach(self, watermark: int, now: int | None = None) -> None:
        """All sources are as far as `watermark`; the wall clock shows `now`. Both in epoch milliseconds."""
        self._report(watermark, now)
        self._settle()

    def request(self, kind: str, type_: str, hashed: str, *, now: int | None = None) -> list[dict[str, Any]]:
        """A `split` or an `erase` of an identifier, by its hash; returns the receipts."""
        return self._ask({"k": kind, "type": type_, "id": hashed, "now": now})

    def _ask(self, notice: dict[str, Any]) -> list[dict[str, Any]]:
        log = self.logs.topics[IDENTITY_LINKS][0]
        before, request = len(log), f"{notice['k']}-{len(log)}"
        self.logs.send(links_out({**notice, "request": request}))
        self._settle()
        answers = [orjson.loads(record.value or b"") for record in log[before:]]
        return [answer for answer in answers if answer["k"] == "receipt" and answer["request"] == request]

    def switch(self, campaigns: Campaigns) -> list[dict[str, Any]]:
        """Other campaigns decide, from how far the sources are on; returns the receipts."""
        return self._ask({"k": "campaigns", "version": campaigns.version, "content": campaigns.dump()})

    def declare(self, topic: str, partition: int | None, state: str) -> list[dict[str, Any]]:
        """A source, or all of a topic, is "dead" or "live"; returns the receipt."""
        return self._ask({"k": "source", "topic": topic, "partition": partition, "state": state})

    def finish(self) -> dict[str, list[Record]]:
        """No more input comes, so time runs out; returns `topics`. What is fed all the same comes late."""
        self.logs.send(links_out({"k": "end", "positions": [[*s, end] for s, end in self._ends.items()]}))
        self._settle()
        return self.topics

    @property
    def topics(self) -> dict[str, list[Record]]:
        """All that was written for others, by topic."""
        return {
            topic: [r for _, log in sorted(self.logs.topics[topic].items()) for r in log] for topic in OUTPUT_TOPICS
        }

    def _settle(self) -> None:
        """Read all there is, and say which assignments are known, until nothing is new."""
        while sum(reading.step() for reading in self._readings) or self._learn():
            pass

    def _learn(self) -> bool:
        """Catch up with the assignments; False if identify has been told all that there is to tell."""
        assignments = self.logs.topics[IDENTITY_ASSIGNMENTS][0]
        for record in assignments[self._known :]:
            self.owners.apply(record.key, record.value)
        self._known = len(assignments)
        return self._report(None, None)

    def _report(self, watermark: int | None, now: int | None) -> bool:
        sources = [[*source, watermark, end] for source, end in self._ends.items()]
        report = {"k": "report", "sources": sources, "version": self.owners.version, "now": now}
        if report == self._told:
            return False
        self.logs.send(links_out(report))
        # Without a word on how far they are, what was said of the sources stands.
        self._told = {**report, "sources": [[*source, None, end] for source, end in self._ends.items()], "now": None}
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
