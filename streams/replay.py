"""The whole topology without a broker: the same cores, joined by lists instead of topics, in one process.

What `winback replay` runs, and what a test can step through: nothing here decides anything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final

import orjson

from schemas.events import Reader
from schemas.identifiers import Hasher
from schemas.record import Out, Record
from schemas.settings import Settings
from schemas.topics import CHANNEL_TOPICS, IDENTITY_ASSIGNMENTS, IDENTITY_LINKS, OUTPUT_TOPICS, PROFILE_EVENTS
from streams.campaigns import load
from streams.core.campaigns import Campaigns
from streams.core.graph import Policy
from streams.core.identify import Identify
from streams.core.ingest import Ingest
from streams.core.journey import Journey
from streams.core.task import Task
from streams.core.wire import links_out
from streams.runtime.state import MemoryBase, PartitionStore, Position

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
    """A task, its input, and how far it has read."""

    def __init__(self, task: Task, store: PartitionStore, log: list[Record]) -> None:
        self._task = task
        self._store = store
        self._log = log
        self._next = 0
        task.load()

    def step(self) -> bool:
        """Process a chunk; False when there was nothing to read."""
        chunk = self._log[self._next : self._next + _CHUNK]
        if not chunk:
            return False
        self._next += self._task.process(chunk)
        self._task.flush()
        self._store.settle(Position(0, 0, self._next, 0))
        return True


def replay(
    records: Iterable[Record], settings: Settings, campaigns: Campaigns | None = None
) -> dict[str, list[Record]]:
    """Every output of the pipeline for these raw records under the event clock, by topic.

    Raises ValueError when the campaigns file is not valid.
    """
    logs = Logs()
    partitions, secret = settings.partitions, settings.secret.get_secret_value()
    replica: dict[str, str] = {}
    ingest = Ingest(
        logs,
        reader=Reader(settings.phone_region, settings.blocked_values()),
        hasher=Hasher(secret),
        replica=replica,
        partitions=partitions,
    )
    ends = _ingest(ingest, records)
    campaigns = campaigns or load(settings.campaigns)
    policy = Policy(settings.device_policy, settings.profile_limit)
    store = PartitionStore(MemoryBase())
    identify = Identify(store, logs, partitions=partitions, policy=policy)
    readings = [Reading(identify, store, logs.topics[IDENTITY_LINKS][0])]
    for partition in range(partitions):
        store = PartitionStore(MemoryBase())
        journey = Journey(store, logs, partition=partition, partitions=partitions, campaigns=campaigns, secret=secret)
        readings.append(Reading(journey, store, logs.topics[PROFILE_EVENTS][partition]))

    sources = [(topic, partition) for topic in CHANNEL_TOPICS for partition in range(partitions)]
    logs.send(links_out({"k": "end", "positions": [[*s, ends.get(s, 0)] for s in sources]}))
    told = -1
    while sum(reading.step() for reading in readings) or told < _version(logs):
        if told < (version := _version(logs)):
            told = version
            logs.send(links_out(_report(sources, ends, version)))
    return {topic: [r for _, log in sorted(logs.topics[topic].items()) for r in log] for topic in OUTPUT_TOPICS}


def _ingest(ingest: Ingest, records: Iterable[Record]) -> dict[tuple[str, int], int]:
    """Read everything; returns where each source ends."""
    waiting: dict[tuple[str, int], list[Record]] = defaultdict(list)
    ends: dict[tuple[str, int], int] = {}
    for record in records:
        source = (record.topic, record.partition)
        waiting[source].append(record)
        ends[source] = record.offset + 1
        if len(waiting[source]) >= _CHUNK:
            ingest.process(waiting.pop(source))
    for chunk in waiting.values():
        ingest.process(chunk)
    return ends


def _version(logs: Logs) -> int:
    assignments = logs.topics[IDENTITY_ASSIGNMENTS][0]
    return int(orjson.loads(assignments[-1].value or b"")["version"]) if assignments else 0


def _report(sources: Sequence[tuple[str, int]], ends: dict[tuple[str, int], int], version: int) -> dict[str, Any]:
    """All input has been read: what is left to tell is that, and which assignments are known."""
    return {"k": "report", "sources": [[*s, None, ends.get(s, 0)] for s in sources], "version": version, "now": None}
