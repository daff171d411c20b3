"""Rows on their way to ClickHouse: collected by table as encoded lines, due by rows, bytes or age."""

from __future__ import annotations

import logging
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

import orjson

from schemas.identifiers import Hasher
from schemas.settings import Settings
from sinks.clickhouse import metrics
from sinks.clickhouse.rows import BY_TOPIC, Message, Table, UnreadableError

log = logging.getLogger("winback.sinks")


class Origin(NamedTuple):
    """Where a row came from, to name it in a log line."""

    topic: str
    partition: int
    offset: int


class Batch:
    """The rows of one table: lines of JSONCompactEachRow, each with its newline, and where each came from.

    `erased`: whose rows of the table, these included, are to be deleted after that; the version that erased each.
    `joined`: the profiles that these rows join or part.

    Lines and numbers lie in flat buffers: an object a row would cost more memory, and the garbage collector's time.
    """

    __slots__ = ("data", "erased", "joined", "offsets", "partitions", "table")

    def __init__(self, table: Table) -> None:
        self.table = table
        self.data = bytearray()
        self.partitions = array("i")
        self.offsets = array("q")
        self.erased: dict[str, int] = {}
        self.joined: set[str] = set()

    def __len__(self) -> int:
        """How many rows."""
        return len(self.offsets)

    def origin(self, at: int) -> Origin:
        """Where the row at an index came from."""
        return Origin(self.table.topic, self.partitions[at], self.offsets[at])

    def split(self) -> tuple[Batch, Batch]:
        """Two halves, in order. Of a single row the first half is empty."""
        lines, half = self.data.splitlines(keepends=True), len(self) // 2
        return self._part(lines, slice(0, half)), self._part(lines, slice(half, None))

    def _part(self, lines: list[bytearray], of: slice) -> Batch:
        part = Batch(self.table)
        part.data = bytearray().join(lines[of])
        part.partitions, part.offsets = self.partitions[of], self.offsets[of]
        return part


@dataclass(frozen=True)
class Limits:
    """When rows are due. `rows` and `size` (bytes) count all tables together and bound memory; `age` is in seconds."""

    rows: int = 50_000
    size: int = 32 * 1024 * 1024
    age: float = 1.0


DEFAULT_LIMITS: Final = Limits()


class Batches:
    """Collects rows. `full` and `due` say when to take them; nothing here waits, drops or writes."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS, settings: Settings | None = None) -> None:
        self.limits = limits
        self._hasher = Hasher((settings or Settings()).secret.get_secret_value())
        self.rows = 0
        self.size = 0
        self.skipped = 0
        self._since: float | None = None
        self._tables: dict[str, list[Batch]] = {}

    @property
    def full(self) -> bool:
        """Whether no more should be added."""
        return self.rows >= self.limits.rows or self.size >= self.limits.size

    def due(self, now: float) -> bool:
        """Whether it is time to write; `now` is the clock that `add` is given."""
        return self.full or (self._since is not None and now - self._since >= self.limits.age)

    def add(self, topic: str, partition: int, messages: Iterable[tuple[int, Message]], now: float) -> None:
        """Turn messages, (offset, message) pairs of a topic's partition that were read `now` (seconds), into rows.

        A message that cannot be read is logged, counted and left out.

        A tombstone erases its profile's rows before it, not those after it: where there are any, a new batch begins.
        """
        table = BY_TOPIC[topic]
        batch = self._batch(table)
        row, dumps, hasher, joined = table.row, orjson.dumps, self._hasher, table.joined
        began = len(batch.offsets), len(batch.data)
        for offset, message in messages:
            if table.tombstones and message.key:
                if message.value is None:
                    batch.erased[message.key.decode(errors="replace")] = 0
                    continue
                if batch.erased and message.key.decode(errors="replace") in batch.erased:
                    self._count(batch, partition, began)
                    batch = self._batch(table, fresh=True)
                    began = 0, 0
            try:
                made = row(message, hasher)
                batch.data += dumps(made, option=orjson.OPT_APPEND_NEWLINE)
            except (UnreadableError, orjson.JSONEncodeError) as wrong:
                self.skipped += 1
                metrics.SKIPPED.labels(topic).inc()
                log.warning("record skipped: %s [topic=%s partition=%d offset=%d]", wrong, topic, partition, offset)
            else:
                batch.offsets.append(offset)
                if joined is not None:
                    batch.joined.update(joined(made))
                if table.erases is not None and (gone := table.erases(made)) is not None:
                    batch.erased[gone[0]] = max(gone[1], batch.erased.get(gone[0], 0))
        self._count(batch, partition, began)
        if self._since is None and (self.rows or batch.erased):
            self._since = now

    def _batch(self, table: Table, *, fresh: bool = False) -> Batch:
        """The batch of a table that rows go into now."""
        batches = self._tables.setdefault(table.topic, [])
        if fresh or not batches:
            batches.append(Batch(table))
        return batches[-1]

    def _count(self, batch: Batch, partition: int, began: tuple[int, int]) -> None:
        """Take note of what has been added to a batch since it had so many rows and bytes."""
        rows = len(batch.offsets) - began[0]
        batch.partitions.extend([partition] * rows)
        self.rows += rows
        self.size += len(batch.data) - began[1]

    def take(self) -> list[Batch]:
        """All so far, one batch a table and in order where there are more; this is empty then."""
        taken = [batch for batches in self._tables.values() for batch in batches if len(batch) or batch.erased]
        self.rows, self.size, self._since, self._tables = 0, 0, None, {}
        return taken
