"""What ingest tells identify about its sources (a source is one partition of one channel's topic)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from time import monotonic, time
from typing import Final, Protocol

import orjson
from aiokafka.errors import KafkaError
from faust.types import TP

from schemas.record import Out
from schemas.topics import IDENTITY_LINKS

IDLE_EVERY: Final = 1.0
"""Seconds between reports that only say that the clock has gone on."""


class Ends(Protocol):
    """Asks the broker how far partitions go."""

    async def ends(self, partitions: Collection[TP]) -> Mapping[TP, int]:
        """The offset behind the last record of each, as of now."""
        ...


class Reports:
    """With the wall clock, a source's watermark is its highest event time, or now if earlier, less the lateness.

    At the head of its partition it is the wall clock less the lateness, if that is later. The head is where the
    broker said the partition ended, asked after the clock was read: an old high-water mark would call an unreachable
    broker idle. A `steady` source is never idle: at its head it may be that its producer is cut off. With event time no
    watermark is reported at all.
    """

    def __init__(
        self,
        probe: Ends,
        seen: Mapping[tuple[str, int], int],
        version: Callable[[], int],
        *,
        wall: bool,
        lateness: float,
        steady: Iterable[tuple[str, int | None]] = (),
        clock: Callable[[], float] = time,
    ) -> None:
        self._probe = probe
        self._seen = seen
        self._version = version
        self._wall = wall
        self._lateness = int(lateness * 1000)
        self._steady = frozenset(steady)
        self._clock = clock
        self._now: int | None = None
        self._ends: Mapping[TP, int] = {}
        self._drawn: tuple[list[list[object]], int] | None = None
        self._said: tuple[list[object], int] | None = None
        self._said_at = 0.0

    async def prepare(self, partitions: Collection[TP]) -> None:
        """Read the clock, then ask for the ends."""
        if self._wall:
            self._now = int(self._clock() * 1000)
            try:
                self._ends = await self._probe.ends(partitions)
            except KafkaError:
                # Nobody can say where the head is: the watermark stands, and the sends will fail if this lasts.
                self._ends = {}

    def draw(self, offsets: Mapping[TP, int]) -> None:
        """The line: everything before it will be acknowledged and committed when `report` is called."""
        sources = [[tp.topic, tp.partition, self._watermark(tp, offset), offset] for tp, offset in offsets.items()]
        self._drawn = (sources, self._version())

    def report(self) -> Out | None:
        """The record for `identity.links`, None when nothing is new, or nothing but the clock within a second."""
        if self._drawn is None:
            return None
        sources, version = self._drawn
        self._drawn = None
        new = ([s[3] for s in sources], version)
        if new == self._said and (not self._wall or monotonic() - self._said_at < IDLE_EVERY):
            return None
        self._said, self._said_at = new, monotonic()
        value = orjson.dumps({"k": "report", "sources": sources, "version": version, "now": self._now})
        return Out(IDENTITY_LINKS, 0, None, value)

    def _watermark(self, tp: TP, offset: int) -> int | None:
        if not self._wall or self._now is None:
            return None
        seen = self._seen.get((tp.topic, tp.partition))
        marks = [] if seen is None else [min(seen, self._now) - self._lateness]
        end = self._ends.get(tp)
        if end is not None and offset >= end and self._steady.isdisjoint(((tp.topic, None), tuple(tp))):
            marks.append(self._now - self._lateness)
        return max(marks, default=None)
