"""How far the sources are, and which of them time waits for. A source is one partition of one raw topic.

Time is where the slowest source is that **holds** it. One that an operator has declared **dead** does not, until it is
declared live again. One that the settings call **optional** does not while input goes on; at a declared end of input
it is waited for, since what it holds up to there is finite. What either brings later than time is late. Contract 8.113.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf
from typing import Any, Final

from streams.core.protocol.link_log import SomeSources, Source, SourceReport
from streams.core.protocol.ports import MAX_TIME

_WATERMARK: Final = 2
_POSITION: Final = 3
_VERSION: Final = 4


class Sources:
    """What their reports say, by (topic, partition)."""

    def __init__(self, expected: Iterable[Source]) -> None:
        self._expected = sorted(expected)
        self._rows: dict[Source, list[Any]] = {source: _row(*source) for source in self._expected}
        """Sorted. Of each source [topic, partition, watermark in ms or None, position or None, version]."""
        self._ends: dict[Source, int] = {}
        self._optional: frozenset[Source] = frozenset()
        self.dead: set[Source] = set()
        """Those that an operator has declared dead."""
        self.optional: list[SomeSources] = []
        """Those that are optional, as they were named."""

    def report(self, sources: Sequence[SourceReport], version: int) -> None:
        """One ingest worker's report on its sources; `version` is that of the assignments it knows."""
        rows = self._rows
        for topic, partition, watermark, position in sources:
            row = rows.get((topic, partition))
            if row is None:
                row = self._add(topic, partition)
            if watermark is not None:
                row[_WATERMARK] = max(watermark, row[_WATERMARK] or 0)
            row[_POSITION] = max(position, row[_POSITION] or 0)
            # The maximum: whoever takes a partition over reads all assignments first, so only a report that comes late,
            # of an owner that has lost the partition, says less. Taken at its word, the change would never be settled.
            row[_VERSION] = max(version, row[_VERSION])

    def _add(self, topic: str, partition: int) -> list[Any]:
        row = self._rows[topic, partition] = _row(topic, partition)
        self._rows = dict(sorted(self._rows.items()))
        return row

    def end(self, positions: Sequence[Sequence[Any]]) -> None:
        """End of input: each source counts as infinitely far once it has read up to its end.

        `positions` has [topic, partition, offset behind the last record] of each source.
        """
        self._ends = {(topic, partition): offset for topic, partition, offset in positions}

    def let_be_optional(self, some: Iterable[Sequence[Any]]) -> None:
        """The sources in `some` ([topic, partition, None for all of them]) are optional from now on, and no others."""
        self.optional = sorted(((t, p) for t, p in some), key=str)
        self._optional = frozenset(source for one in self.optional for source in self.named(*one))

    def declare(self, topic: str, partition: int | None, *, dead: bool) -> list[Source]:
        """Sources are dead, or live again; returns which."""
        named = self.named(topic, partition)
        if dead:
            self.dead.update(named)
        else:
            self.dead.difference_update(named)
        return named

    def named(self, topic: str, partition: int | None) -> list[Source]:
        """The sources that a topic, or one partition of it, stands for."""
        return [s for s in self._expected if s[0] == topic and partition in {None, s[1]}]

    @property
    def version(self) -> int:
        """The version of the assignments that every ingest worker which has reported knows."""
        return min((row[_VERSION] for row in self._rows.values() if row[_POSITION] is not None), default=0)

    @property
    def holder(self) -> tuple[str, int, int | None] | None:
        """(topic, partition, watermark) of the source that holds time, the first of several; None when none does.

        The watermark is in epoch milliseconds, None before its first.
        """
        late = min(((self._time(row), row[0], row[1]) for row in self._holding()), default=None)
        if late is None or late[0] == MAX_TIME:
            return None
        _, topic, partition = late
        return topic, partition, self._rows[topic, partition][_WATERMARK]

    @property
    def time(self) -> int | None:
        """Epoch milliseconds that all have reached that hold time; None while one has not reported or none holds."""
        least = None
        for row in self._holding():
            if row[_POSITION] is None:
                return None
            time = self._time(row) if self._ends else row[_WATERMARK] or 0
            if least is None or time < least:
                least = time
        return least

    def gauges(self, now: int | None, reached: int | None) -> dict[tuple[str, ...], float]:
        """What Prometheus is shown, by (gauge, labels...): how far time is behind, its holder's delay, who is dead.

        `now` is the wall clock and `reached` how far time has come, epoch milliseconds or None; delays are seconds.
        """
        shown: dict[tuple[str, ...], float] = {("winback_source_dead", t, str(p)): 1 for t, p in self.dead}
        if now is not None:
            shown["winback_watermark_delay_seconds",] = _behind(reached, now)
            if (holder := self.holder) is not None:
                topic, partition, watermark = holder
                shown["winback_source_delay_seconds", topic, str(partition)] = _behind(watermark, now)
        return shown

    def listed(self, now: int | None, reached: int | None) -> dict[str, Any]:
        """The sources for operators: {now, reached, holder [topic, partition], sources [[topic, partition, ...]]}.

        Of each source follow its watermark, its position, and `live`, `optional` or `dead`. `now` is the wall clock and
        `reached` how far time has come. Times are epoch milliseconds, None while unknown.
        """
        holder = self.holder
        sources = [
            (*self._rows[s][:_VERSION], "dead" if s in self.dead else "optional" if s in self._optional else "live")
            for s in self._expected
        ]  # fmt: skip
        return {"now": now, "reached": reached, "holder": None if holder is None else holder[:2], "sources": sources}

    def _holding(self) -> Iterable[list[Any]]:
        if not self.dead and not self._optional and len(self._rows) == len(self._expected):
            return self._rows.values()
        held = (s for s in self._expected if s not in self.dead and (s not in self._optional or s in self._ends))
        return [self._rows[source] for source in held]

    def _time(self, row: list[Any]) -> int:
        topic, partition, watermark, position, _ = row
        end = self._ends.get((topic, partition))
        if end is not None and position is not None and position >= end:
            return MAX_TIME
        return watermark or 0

    def dump(self) -> dict[str, Any]:
        """All of it as JSON."""
        return {
            "sources": [row for row in self._rows.values() if row[_POSITION] is not None],
            "ends": [[*s, o] for s, o in sorted(self._ends.items())],
            "optional": self.optional,
            "dead": sorted(self.dead),
        }

    def restore(self, data: dict[str, Any]) -> None:
        """The inverse of `dump`: `data` is what it returns."""
        for row in data["sources"]:
            source = (row[0], row[1])
            if source not in self._rows:
                self._add(*source)
            self._rows[source][:] = row
        self._ends = {(t, p): o for t, p, o in data["ends"]}
        self.let_be_optional(data.get("optional", ()))
        self.dead = {(t, p) for t, p in data.get("dead", ())}


def _row(topic: str, partition: int) -> list[Any]:
    return [topic, partition, None, None, 0]


def _behind(time: int | None, now: int) -> float:
    return inf if time is None else max(0, now - time) / 1000
