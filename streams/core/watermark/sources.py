"""How far the sources are, and which of them time waits for. A source is one partition of one raw topic.

Time is where the slowest source is that **holds** it. One that an operator has declared **dead** does not, until it is
declared live again. One that the settings call **optional** does not while input goes on; at a declared end of input
it is waited for, since what it holds up to there is finite. What either brings later than time is late. Contract 8.75.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf
from typing import Any

from streams.core.protocol.ports import MAX_TIME

Source = tuple[str, int]
Some = tuple[str, int | None]
"""A topic and one of its partitions, or None for all of them."""


class Sources:
    """What their reports say, by (topic, partition)."""

    def __init__(self, expected: Iterable[Source]) -> None:
        self._expected = sorted(expected)
        self._watermarks: dict[Source, int] = {}
        self._positions: dict[Source, int] = {}
        self._versions: dict[Source, int] = {}
        self._ends: dict[Source, int] = {}
        self._optional: frozenset[Source] = frozenset()
        self.dead: set[Source] = set()
        """Those that an operator has declared dead."""
        self.optional: list[Some] = []
        """Those that are optional, as they were named."""

    def report(self, sources: Sequence[Sequence[Any]], version: int) -> None:
        """One ingest worker's report on its sources: (topic, partition, watermark in ms or None, position)."""
        for topic, partition, watermark, position in sources:
            source = (topic, partition)
            if watermark is not None:
                self._watermarks[source] = max(watermark, self._watermarks.get(source, 0))
            self._positions[source] = max(position, self._positions.get(source, 0))
            # The maximum: whoever takes a partition over reads all assignments first, so only a report that comes late,
            # of an owner that has lost the partition, says less. Taken at its word, the change would never be settled.
            self._versions[source] = max(version, self._versions.get(source, 0))

    def end(self, positions: Sequence[Sequence[Any]]) -> None:
        """End of input: each source counts as infinitely far once it has read up to its end."""
        self._ends = {(topic, partition): offset for topic, partition, offset in positions}

    def let_be_optional(self, some: Iterable[Sequence[Any]]) -> None:
        """These are optional from now on, and no others."""
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
        return min(self._versions.values(), default=0)

    @property
    def holder(self) -> tuple[str, int, int | None] | None:
        """(topic, partition, watermark) of the source that holds time, the first of several; None when none does.

        The watermark is in epoch milliseconds, None before its first.
        """
        late = min(((self._time(s), s) for s in self._holding()), default=None)
        return None if late is None or late[0] == MAX_TIME else (*late[1], self._watermarks.get(late[1]))

    @property
    def time(self) -> int | None:
        """Epoch milliseconds that all have reached that hold time; None while one has not reported or none holds."""
        holding = self._holding()
        if not holding or any(source not in self._positions for source in holding):
            return None
        return min(self._time(source) for source in holding)

    def gauges(self, now: int | None, reached: int | None) -> dict[tuple[str, ...], float]:
        """What Prometheus is shown: how far behind `now` time is and its holder, and who is dead; epoch ms or None."""
        shown: dict[tuple[str, ...], float] = {("winback_source_dead", t, str(p)): 1 for t, p in self.dead}
        if now is not None:
            shown["winback_watermark_delay_seconds",] = _behind(reached, now)
            if (holder := self.holder) is not None:
                topic, partition, watermark = holder
                shown["winback_source_delay_seconds", topic, str(partition)] = _behind(watermark, now)
        return shown

    def listed(self, now: int | None, reached: int | None) -> dict[str, Any]:
        """For operators: {now, reached, holder [topic, partition], sources [[topic, partition, watermark, ...]]}.

        Of each source follow its position and `live`, `optional` or `dead`. Times are epoch ms, None while unknown.
        """
        holder = self.holder
        sources = [
            [*s, self._watermarks.get(s), self._positions.get(s),
             "dead" if s in self.dead else "optional" if s in self._optional else "live"]
            for s in self._expected
        ]  # fmt: skip
        return {"now": now, "reached": reached, "holder": None if holder is None else holder[:2], "sources": sources}

    def _holding(self) -> list[Source]:
        if not self.dead and not self._optional:
            return self._expected
        return [s for s in self._expected if s not in self.dead and (s not in self._optional or s in self._ends)]

    def _time(self, source: Source) -> int:
        end = self._ends.get(source)
        if end is not None and self._positions.get(source, -1) >= end:
            return MAX_TIME
        return self._watermarks.get(source, 0)

    def dump(self) -> dict[str, Any]:
        """All of it as JSON."""
        return {
            "sources": [
                [*s, self._watermarks.get(s), self._positions[s], self._versions[s]] for s in sorted(self._positions)
            ],
            "ends": [[*s, o] for s, o in sorted(self._ends.items())],
            "optional": self.optional,
            "dead": sorted(self.dead),
        }

    def restore(self, data: dict[str, Any]) -> None:
        """The inverse of `dump`."""
        for topic, partition, watermark, position, version in data["sources"]:
            source = (topic, partition)
            self._positions[source], self._versions[source] = position, version
            if watermark is not None:
                self._watermarks[source] = watermark
        self._ends = {(t, p): o for t, p, o in data["ends"]}
        self.let_be_optional(data.get("optional", ()))
        self.dead = {(t, p) for t, p in data.get("dead", ())}


def _behind(time: int | None, now: int) -> float:
    return inf if time is None else max(0, now - time) / 1000
