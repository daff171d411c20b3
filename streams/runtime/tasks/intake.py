"""The partitions of an agent without keyed state: compute, outputs acknowledged, offsets committed, then a report.

All partitions of the worker share one inbox and one outbox. Computing goes on while outputs are on their way; about
every 200 ms, and each second while nothing has come for long, a line is drawn: what was computed before it is waited
for, its offsets are committed, and what is true up to it is reported. There is no step 3, because there is no state.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from time import perf_counter, time
from typing import Final, NamedTuple, Protocol

from faust.types import TP

from infra.retry import set_within
from schemas.record import Out, Record
from streams.metrics import CHUNK_SECONDS, EVENT_AGE, Drain
from streams.runtime.tasks.outbox import Outbox

SLICE: Final = 1_000
"""Records given to the reader at once."""
FULL: Final = 4_000
"""Records waiting for a partition after which more should wait at the broker."""
PUSH: Final = 4_000
"""Outputs sent together while there is more to compute: fuller batches compress better and are fewer."""
FLYING_MOST: Final = 50_000
"""Outputs on their way after which the reader waits for the broker."""
LINE_EVERY: Final = 0.2
"""Seconds between lines."""
IDLE_AFTER: Final = 5.0
"""Seconds without a record computed after which lines come only each `IDLE_LINE_EVERY` seconds, till there is one."""
IDLE_LINE_EVERY: Final = 1.0


class LineTiming(NamedTuple):
    """When lines are drawn, all in seconds."""

    every: float = LINE_EVERY
    idle_after: float = IDLE_AFTER
    idle_every: float = IDLE_LINE_EVERY


class Reader(Protocol):
    """The core of the agent."""

    def process(self, records: Sequence[Record]) -> None:
        """Compute one chunk of one partition and emit what it gives."""
        ...


class Reporter(Protocol):
    """Says what is true up to a line: `prepare`, then `draw` at the line, `report` when all before it is committed."""

    async def prepare(self, offsets: Mapping[TP, int]) -> None:
        """Ask whoever has to be asked first; the line will be at these offsets or behind them."""
        ...

    def draw(self, offsets: Mapping[TP, int]) -> None:
        """Take note of how things stand at the line, which is at these offsets."""
        ...

    def report(self) -> Out | None:
        """The record to send for the line drawn last, None if it would say nothing new."""
        ...


class Intake:
    """Runs the `work` and `lines` of an `agent` until `stop`.

    `offsets` says where each partition begins, `committed` where the group stands if elsewhere. `commit` is awaited
    with the offsets of a line, `taken` is called when a partition has room. `lines` says how often lines are drawn.
    """

    def __init__(
        self,
        agent: str,
        reader: Reader,
        reporter: Reporter,
        outbox: Outbox,
        *,
        offsets: Mapping[TP, int],
        commit: Callable[[Mapping[TP, int]], Awaitable[None]],
        drain: Drain,
        taken: Callable[[TP], None] = lambda _tp: None,
        committed: Mapping[TP, int] | None = None,
        lines: LineTiming = LineTiming(),
    ) -> None:
        self._timing = lines
        self._age, self._seconds = EVENT_AGE.labels(agent), CHUNK_SECONDS.labels(agent)
        self.agent = agent
        self.offsets = dict(offsets)
        """The first record not computed, by partition."""
        self.waiting = dict.fromkeys(self.offsets, 0)
        """Records fed and not computed, by partition."""
        self.steps = dict.fromkeys(self.offsets, 0)
        self._fed = dict(offsets)
        # Where the group stands elsewhere than the work begins, the first line brings it there.
        self._committed = dict(offsets if committed is None else committed)
        self._reader = reader
        self._reporter = reporter
        self._outbox = outbox
        self._commit = commit
        self._drain = drain
        self._taken = taken
        self._chunks: deque[tuple[TP, list[Record]]] = deque()
        self._filled = asyncio.Event()
        self._woken = asyncio.Event()
        """Set when lines are to come at their usual pace: something is computed, or the end has come."""
        self._computed_at = perf_counter()
        self._stopping = asyncio.Event()

    def resume_at(self, tp: TP) -> int:
        """The first record a partition has not been fed."""
        return self._fed[tp]

    def full(self, tp: TP) -> bool:
        """Whether more of a partition should wait at the broker."""
        return self.waiting[tp] >= FULL

    def feed(self, tp: TP, records: list[Record]) -> None:
        """Take a chunk. What was fed before is left out; a gap is no error, transactional producers leave them."""
        if records[0].offset < self._fed[tp]:
            records = [r for r in records if r.offset >= self._fed[tp]]
        if records:
            self._fed[tp] = records[-1].offset + 1
            self.waiting[tp] += len(records)
            self._chunks.append((tp, records))
            self._filled.set()

    def stop(self) -> None:
        """Finish the chunk at hand and commit it."""
        self._stopping.set()
        self._filled.set()
        self._woken.set()

    async def run(self) -> None:
        """Compute and draw lines until stopped, then draw the last one. Raises whatever fails."""
        lines = asyncio.ensure_future(self._lines())
        try:
            work = asyncio.ensure_future(self._work())
            await asyncio.wait((work, lines), return_when=asyncio.FIRST_EXCEPTION)
            for part in (work, lines):
                if part.done():
                    part.result()
            await self.draw_line()
        finally:
            for part in (work, lines):
                part.cancel()

    async def draw_line(self) -> None:
        """Outputs acknowledged, offsets committed, report sent: in that order."""
        await self._reporter.prepare(self.offsets)
        offsets = dict(self.offsets)
        self._reporter.draw(offsets)
        await self._outbox.flush()
        moved = {tp: offset for tp, offset in offsets.items() if offset != self._committed[tp]}
        if moved:
            await self._commit(moved)
            self._committed.update(moved)
        report = self._reporter.report()
        if report is not None:
            self._outbox.after(report)
            await self._outbox.flush()

    async def _lines(self) -> None:
        while not self._stopping.is_set():
            began = perf_counter()
            await self.draw_line()
            if began - self._computed_at > self._timing.idle_after:
                await set_within(self._woken, self._timing.idle_every)
            rest = self._timing.every - (perf_counter() - began)
            await set_within(self._stopping, max(0.01, rest))

    async def _work(self) -> None:
        while not self._stopping.is_set():
            if not self._chunks:
                self._filled.clear()
                self._woken.clear()
                await self._filled.wait()
                self._computed_at = perf_counter()
                self._woken.set()
                continue
            tp, records = self._chunks.popleft()
            self._age.observe(max(0.0, time() - records[0].timestamp / 1000))
            for start in range(0, len(records), SLICE):
                part = records[start : start + SLICE]
                began = perf_counter()
                self._reader.process(part)
                self._seconds.observe(perf_counter() - began)
                self._drain.counts(self._reader)
                self.offsets[tp] = part[-1].offset + 1
                self.waiting[tp] -= len(part)
                self._taken(tp)
                self.steps[tp] += 1
                if not self._chunks or self._outbox.gathered >= PUSH:
                    self._outbox.push()
                await self._outbox.room(FLYING_MOST)
                await asyncio.sleep(0)
                if self._stopping.is_set():
                    return
