"""What ingest tells identify about its sources (a source is one partition of one channel's topic)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from time import monotonic, time
from typing import Final, Protocol

from aiokafka.errors import KafkaError
from faust.types import TP

from schemas.record import Out
from streams.core.protocol.link_log import Report, SourceReport
from streams.core.protocol.records import links_out

IDLE_EVERY: Final = 1.0
"""Seconds between reports that only say that the clock has gone on, while that may move something."""
SILENT_MS: Final = 60_000
"""Milliseconds for which nothing is said while nothing can move: metrics of time are as old as that at most.

Every worker reports when the clock passes a multiple of it, so that the rounds of all of them are one.
"""


class Ends(Protocol):
    """Asks the broker how far partitions go."""

    async def ends(self, partitions: Collection[TP]) -> Mapping[TP, int]:
        """The offset behind the last record of each, as of now."""
        ...


class Foresight(Protocol):
    """Knows up to when nothing can move (streams/core/watermark/horizon.py)."""

    @property
    def version(self) -> int:
        """Of the youngest assignment applied."""
        ...

    def due(self) -> int | None:
        """The epoch milliseconds of event time up to which nothing can move if nothing comes in; None while unknown."""
        ...

    def busy(self) -> None:
        """Something has come in."""
        ...


class Reports:
    """With the wall clock, a source's watermark is its highest event time, or now if earlier, less the lateness.

    At the head of its partition it is the wall clock less the lateness, if that is later. The head is where the
    broker said the partition ended, asked after the clock was read: an old high-water mark would call an unreachable
    broker idle. A `steady` source is never idle: at its head it may be that its producer is cut off. With event time no
    watermark is reported at all.

    What has been read is reported at once. That only the clock has gone on is reported each second from when something
    is due, or while nobody knows whether anything is; else every `SILENT_MS`. `seen` holds the highest event time
    (epoch milliseconds) of each (topic, partition), `lateness` is in seconds, `clock` is in epoch seconds, `ticks` in
    seconds of a clock that nobody sets.
    """

    def __init__(
        self,
        probe: Ends,
        seen: Mapping[tuple[str, int], int],
        replica: Foresight,
        *,
        wall: bool,
        lateness: float,
        steady: Iterable[tuple[str, int | None]] = (),
        clock: Callable[[], float] = time,
        ticks: Callable[[], float] = monotonic,
    ) -> None:
        self._probe = probe
        self._seen = seen
        self._replica = replica
        self._wall = wall
        self._lateness = int(lateness * 1000)
        self._steady = frozenset(steady)
        self._clock = clock
        self._ticks = ticks
        self._now: int | None = None
        self._ends: Mapping[TP, int] = {}
        self._wanted = False
        self._drawn: tuple[tuple[SourceReport, ...], int] | None = None
        self._said: tuple[dict[TP, int], int] | None = None
        self._said_at = 0.0
        self._said_now = 0

    async def prepare(self, offsets: Mapping[TP, int]) -> None:
        """If there is something to say of these `offsets`, read the clock, then ask for the ends."""
        now = int(self._clock() * 1000)
        self._wanted = self._is_new(offsets) or (self._wall and self._clock_counts(now))
        if self._wall and self._wanted:
            self._now = now
            try:
                self._ends = await self._probe.ends(offsets)
            except KafkaError:
                # Nobody can say where the head is: the watermark stands, and the sends will fail if this lasts.
                self._ends = {}

    def draw(self, offsets: Mapping[TP, int]) -> None:
        """The line: everything before these `offsets` will be acknowledged and committed when `report` is called."""
        self._drawn = None
        if self._wanted:
            sources = tuple(
                (tp.topic, tp.partition, self._watermark(tp, offset), offset) for tp, offset in offsets.items()
            )
            self._drawn = (sources, self._replica.version)
            self._said, self._said_at = (dict(offsets), self._replica.version), self._ticks()
            self._said_now = self._now or 0

    def report(self) -> Out | None:
        """The record for `identity.links`, None when there is nothing to say."""
        if self._drawn is None:
            return None
        sources, version = self._drawn
        self._drawn = None
        return links_out(Report(sources, version, self._now))

    def _is_new(self, offsets: Mapping[TP, int]) -> bool:
        """Whether something has been read since the last line that was reported."""
        if (offsets, self._replica.version) == self._said:
            return False
        self._replica.busy()
        return True

    def _clock_counts(self, now: int) -> bool:
        """Whether it is worth a report that the clock has gone on to `now`, and nothing else has."""
        if self._ticks() - self._said_at < IDLE_EVERY:
            return False
        due = self._replica.due()
        return due is None or now - self._lateness > due or now // SILENT_MS != self._said_now // SILENT_MS

    def _watermark(self, tp: TP, offset: int) -> int | None:
        if not self._wall or self._now is None:
            return None
        seen = self._seen.get((tp.topic, tp.partition))
        marks = [] if seen is None else [min(seen, self._now) - self._lateness]
        end = self._ends.get(tp)
        if end is not None and offset >= end and self._steady.isdisjoint(((tp.topic, None), tuple(tp))):
            marks.append(self._now - self._lateness)
        return max(marks, default=None)
