"""The spool as an Intake: events are kept when they are on disk, those of many requests by one write."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

from collector import metrics
from collector.intake import IntakeFullError, RawEvent
from collector.spool.frames import Frame, frame, pack
from collector.spool.segments import Position, Segments

log = logging.getLogger("winback.collect")

RETRY_AFTER: Final = 5
"""Seconds after which a producer may try again when nothing more can be kept."""
GROUP_BYTES: Final = 1024 * 1024
"""Bytes of values from which on a group is written without what else is waiting."""
GATHER: Final = 0.001
"""Seconds that a group waits for more: a write to disk costs the same for one and for many."""
_SEGMENTS: Final = 16
_SEGMENT_BYTES: Final = 64 * 1024 * 1024

T = TypeVar("T")


class Spool:
    """Keeps events in a folder, at most `bound` bytes of them. `run()` while it is used, then `close()`.

    Raises OSError when the folder cannot be used.
    """

    def __init__(self, folder: Path, bound: int) -> None:
        self.segments = Segments(folder, max(4096, min(_SEGMENT_BYTES, bound // _SEGMENTS)))
        self._bound = bound
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._waiting_bytes = 0
        self._wake = asyncio.Event()
        self.end = Position(max(self.segments.sizes, default=0) + 1, 0)
        """What is before this is on disk."""
        self.appended = asyncio.Event()
        """Set whenever something has come to the spool."""
        # One thread: files are used by one piece of work at a time, and the loop waits for none.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="spool")

    @property
    def needed(self) -> Position:
        """Where whatever may not be in Kafka begins."""
        return self.segments.needed

    @property
    def bytes(self) -> int:
        """How much is on disk, or about to be."""
        return self.segments.bytes + self._waiting_bytes

    @property
    def crowded(self) -> bool:
        """Whether more than half of the bound is taken."""
        return 2 * self.bytes > self._bound

    @property
    def full(self) -> bool:
        """Whether nothing more is taken."""
        return self.bytes >= self._bound

    async def take(self, events: Sequence[RawEvent]) -> None:
        """Return when the events are on disk. IntakeFullError: none was kept."""
        if not events:
            return
        packed = pack(events)
        size = len(packed)
        if self.bytes + size > self._bound:
            raise IntakeFullError(RETRY_AFTER)
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((packed, kept))
        self._waiting_bytes += size
        self._wake.set()
        await kept

    async def run(self) -> None:
        """Write what comes, for ever: while one group is written the next one gathers."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await asyncio.sleep(GATHER)
            while self._waiting:
                await self._write()

    async def _write(self) -> None:
        taken, size = 0, 0
        while taken < len(self._waiting) and size < GROUP_BYTES:
            size += len(self._waiting[taken][0])
            taken += 1
        group, self._waiting[:taken] = self._waiting[:taken], []
        data = frame((packed for packed, _ in group), time.time_ns() // 1_000_000)
        error: Exception | None = None
        try:
            self.end = await self.off(self.segments.append, data)
        except OSError as problem:
            metrics.SPOOL_ERRORS.inc()
            log.error("the spool cannot be written: %s", problem.strerror)  # noqa: TRY400 - a full disk has no traceback
            error = IntakeFullError(RETRY_AFTER)
        self._waiting_bytes -= size
        for _, kept in group:
            if not kept.done():
                if error is None:
                    kept.set_result(None)
                else:
                    kept.set_exception(error)
        self.appended.set()

    async def frames(self, position: Position, most: int) -> tuple[list[Frame], Position]:
        """The frames from a `position` on, of about `most` bytes, and where they end."""
        found, after, torn = await self.off(self.segments.frames, position, self.end, most)
        if torn:
            metrics.TORN.inc(torn)
            log.warning("%d bytes of the spool cannot be read: the last process ended while it wrote them", torn)
        return found, after

    async def forget(self, position: Position) -> None:
        """What is before this `position` is not needed any more."""
        with suppress(OSError):  # a full disk; the next note says the same
            await self.off(self.segments.forget, position)

    async def off(self, work: Callable[..., T], *arguments: object) -> T:
        """The result of some `work` on the files, off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)

    def close(self) -> None:
        """Let go of the files; work under way is waited for."""
        self._thread.shutdown(wait=True)
        self.segments.close()
