"""Rows on their way to ClickHouse: collected by table as encoded lines, due by rows, bytes or age."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import orjson

from sinks import metrics
from sinks.rows import BY_TOPIC, Message, Table, UnreadableError

log = logging.getLogger("winback.sinks")


class Origin(NamedTuple):
    """Where a row came from, to name it in a log line."""

    topic: str
    partition: int
    offset: int


@dataclass(slots=True)
class Batch:
    """The rows of one table, each a line of JSONCompactEachRow with its newline, and where each came from."""

    table: Table
    lines: list[bytes] = field(default_factory=list)
    origins: list[Origin] = field(default_factory=list)

    def split(self) -> tuple[Batch, Batch]:
        """Two halves, in order. Of a single row the first half is empty."""
        half = len(self.lines) // 2
        first = Batch(self.table, self.lines[:half], self.origins[:half])
        return first, Batch(self.table, self.lines[half:], self.origins[half:])


@dataclass(frozen=True)
class Limits:
    """When rows are due. `rows` and `size` (bytes) count all tables together and bound memory; `age` is in seconds."""

    rows: int = 50_000
    size: int = 32 * 1024 * 1024
    age: float = 1.0


DEFAULT_LIMITS: Final = Limits()


class Batches:
    """Collects rows. `full` and `due` say when to take them; nothing here waits, drops or writes."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self.limits = limits
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
        lines, origins, row, dumps = batch.lines, batch.origins, table.row, orjson.dumps
        before, size = len(lines), 0
        for offset, message in messages:
            try:
                line = dumps(row(message), option=orjson.OPT_APPEND_NEWLINE)
            except (UnreadableError, orjson.JSONEncodeError) as wrong:
                self.skipped += 1
                metrics.SKIPPED.labels(topic).inc()
                log.warning("record skipped: %s [topic=%s partition=%d offset=%d]", wrong, topic, partition, offset)
                continue
            lines.append(line)
            origins.append(Origin(topic, partition, offset))
            size += len(line)
        self.rows += len(lines) - before
        self.size += size
        if self.rows and self._since is None:
            self._since = now

    def take(self) -> list[Batch]:
        """All rows so far, one batch a table; this is empty then."""
        taken = [batch for batch in self._tables.values() if batch.lines]
        self.rows, self.size, self._since, self._tables = 0, 0, None, {}
        return taken
