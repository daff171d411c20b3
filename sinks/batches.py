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
from sinks import metrics
from sinks.rows import BY_TOPIC, Message, Table, UnreadableError

log = logging.getLogger("winback.sinks")


class Origin(NamedTuple):
    """Where a row came from, to name it in a log line."""

    topic: str
    partition: int
    offset: int


class Batch:
    """The rows of one table: lines of JSONCompactEachRow, each with its newline, and where each came from.

    Lines and numbers lie in flat buffers: an object a row would cost more memory, and the garbage collector's time.
    """

    __slots__ = ("data", "offsets", "partitions", "table")

    def __init__(self, table: Table) -> None:
        self.table = table
        self.data = bytearray()
        self.partitions = array("i")
        self.offsets = array("q")

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
        self._tables: dict[str, Batch] = {}

    @property
    def full(self) -> bool:
        """Whether no more should be added."""
        return self.rows >= self.limits.rows or self.size >= self.limits.size

    def due(self, now: float) -> bool:
        """Whether it is time to write; `now` is the clock that `add` is given."""
        return self.full or (self._since is not None and now - self._since >= self.limits.age)

    def add(self, topic: str, partition: int, messages: Iterable[tuple[int, Message]], now: float) -> None:
        """Turn (offset, message) pairs of one partition into rows. An unreadable one is logged, counted, left out."""
        table = BY_TOPIC[topic]
        batch = self._tables.setdefault(topic, Batch(table))
        data, offsets, row, dumps, hasher = batch.data, batch.offsets, table.row, orjson.dumps, self._hasher
        rows, size = len(batch), len(data)
        for offset, message in messages:
            try:
                data += dumps(row(message, hasher), option=orjson.OPT_APPEND_NEWLINE)
            except (UnreadableError, orjson.JSONEncodeError) as wrong:
                self.skipped += 1
                metrics.SKIPPED.labels(topic).inc()
                log.warning("record skipped: %s [topic=%s partition=%d offset=%d]", wrong, topic, partition, offset)
            else:
                offsets.append(offset)
        batch.partitions.extend([partition] * (len(batch) - rows))
        self.rows += len(batch) - rows
        self.size += len(data) - size
        if self.rows and self._since is None:
            self._since = now

    def take(self) -> list[Batch]:
        """All rows so far, one batch a table; this is empty then."""
        taken = [batch for batch in self._tables.values() if len(batch)]
        self.rows, self.size, self._since, self._tables = 0, 0, None, {}
        return taken
