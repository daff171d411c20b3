"""One partition of a keyed agent: takes chunks in, runs its task over them, sends what comes out, commits units."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from time import monotonic, perf_counter, time
from typing import Final

from faust.types import TP

from infra.retry import set_within
from schemas.record import Record
from streams.core.protocol.ports import Task
from streams.metrics import CHUNK_SECONDS, EVENT_AGE, Drain
from streams.runtime.errors import TopicError
from streams.runtime.state.store import PartitionStore
from streams.runtime.tasks.commit import Committer
from streams.runtime.tasks.outbox import Outbox

SLICE: Final = 500
"""Records given to a task at once: bounds how long other partitions wait."""
INBOX_RECORDS: Final = 4_000
"""Records waiting for a partition after which more should wait at the broker."""
UNIT_KEYS: Final = 20_000
"""Touched keys after which a unit is due before its time."""
FLYING_MOST: Final = 50_000
"""Outputs gathered or on their way after which a task waits for the broker."""


class Inbox:
    """Chunks waiting for a partition. `records` tells how many records that is; `full` that they are `most` or more."""

    def __init__(self, most: int = INBOX_RECORDS) -> None:
        self._most = most
        self._chunks: deque[list[Record]] = deque()
        self._filled = asyncio.Event()
        self.records = 0

    @property
    def full(self) -> bool:
        """Whether more should wait at the broker."""
        return self.records >= self._most

    def put(self, chunk: list[Record]) -> None:
        """Add a chunk."""
        self._chunks.append(chunk)
        self.records += len(chunk)
        self._filled.set()

    def wake(self) -> None:
        """Let a waiting `take` return."""
        self._filled.set()

    async def take(self, seconds: float, together: int = SLICE) -> list[Record]:
        """The oldest chunk, with those behind it that wait already while they are fewer than `together` records.

        An empty list when none came within `seconds`, or when `wake` was called.
        """
        if not self._chunks:
            self._filled.clear()
            await set_within(self._filled, max(0.0, seconds))
        if not self._chunks:
            return []
        chunk = self._chunks.popleft()
        if self._chunks and len(chunk) < together:
            chunk = list(chunk)  # what was put in stays as it was
            while self._chunks and len(chunk) < together:
                chunk += self._chunks.popleft()
        self.records -= len(chunk)
        return chunk


class KeyedPartition:
    """Runs a task of an `agent` until `stop`.

    A unit may fall inside a record that takes several calls (a long round): its offset is that of the record, which is
    read again after a restart, and the task goes on from the state it had reached.

    `offset` is the first record not consumed yet, `commit_interval` the seconds between units, `taken` is called when
    there is room in the inbox. At most `slice_records` are given to the task at once; a unit of `unit_keys` touched
    keys is due before its time; the task waits for the broker while `flying_most` outputs are on their way.
    """

    def __init__(
        self,
        agent: str,
        tp: TP,
        task: Task,
        store: PartitionStore,
        outbox: Outbox,
        committer: Committer,
        *,
        offset: int,
        commit_interval: float,
        drain: Drain,
        taken: Callable[[], None] = lambda: None,
        slice_records: int = SLICE,
        unit_keys: int = UNIT_KEYS,
        flying_most: int = FLYING_MOST,
    ) -> None:
        self.agent = agent
        self.tp = tp
        self.inbox = Inbox()
        self.steps = 0
        """Goes up whenever something was done: the watchdog's pulse."""
        self.offset = offset
        """The first record not consumed."""
        self._task = task
        self._store = store
        self._outbox = outbox
        self._committer = committer
        self._fed = offset
        self._committed = offset
        self._committed_at = monotonic()
        self._interval = commit_interval
        self._drain = drain
        self._taken = taken
        self._stopping = False
        self._slice = slice_records
        self._unit_keys = unit_keys
        self._flying_most = flying_most
        self._age, self._seconds = EVENT_AGE.labels(agent), CHUNK_SECONDS.labels(agent)

    @property
    def resume_at(self) -> int:
        """The first record this partition has not been fed."""
        return self._fed

    @property
    def waiting(self) -> int:
        """Records fed and not yet consumed."""
        return self._fed - self.offset

    def feed(self, records: list[Record]) -> None:
        """Take a chunk. What was fed before is left out. Raises TopicError if records are missing in between."""
        first = records[0].offset
        if first > self._fed:
            raise TopicError(
                f"{self.tp.topic} partition {self.tp.partition}: records {self._fed} to {first - 1} are gone; "
                "was its retention shorter than the time its reader was away?"
            )
        if first < self._fed:
            records = [r for r in records if r.offset >= self._fed]
        if records:
            self._fed = records[-1].offset + 1
            self.inbox.put(records)

    def stop(self) -> None:
        """Finish the chunk at hand, commit it and return from `run`."""
        self._stopping = True
        self.inbox.wake()

    async def run(self) -> None:
        """Process and commit until stopped. Raises whatever fails; what was not committed is done again."""
        self._drain.counts(self._task)
        while not self._stopping:
            chunk = await self.inbox.take(self._due_in(), self._slice)
            self._taken()
            for start in range(0, len(chunk), self._slice):
                if self._stopping:
                    break
                await self._consume(chunk[start : start + self._slice])
                if len(self._store) >= self._unit_keys or self._due_in() <= 0:
                    await self.commit()
            if self._due_in() <= 0:
                await self.commit()
        await self.commit()
        self._drain.forget(self)

    async def commit(self) -> None:
        """Commit a unit, if there is anything in it."""
        if self.offset != self._committed or len(self._store):
            await self._committer.commit(self._task, self.offset)
            self._committed = self.offset
            self.steps += 1
        self._committed_at = monotonic()
        self._drain.counts(self._task)
        self._drain.gauges(self, self._task)

    def _due_in(self) -> float:
        """Seconds until the next unit is due; far away while there is nothing to commit."""
        if self.offset == self._committed and not len(self._store):
            return 60.0
        return self._committed_at + self._interval - monotonic()

    async def _consume(self, records: list[Record]) -> None:
        """Run the task until it has consumed these records wholly or is stopped, letting others run between calls."""
        self._age.observe(max(0.0, time() - records[0].timestamp / 1000))
        began = perf_counter()
        while True:
            consumed = self._task.process(records)
            self.steps += 1
            self.offset += consumed
            if self._outbox.has_afters or self._outbox.flying + self._outbox.gathered >= self._flying_most:
                await self._outbox.flush()
            else:
                self._outbox.push()
                await asyncio.sleep(0)
            if consumed == len(records) or self._stopping:
                break
            records = records[consumed:]
            if len(self._store) >= self._unit_keys:
                await self.commit()
        self._seconds.observe(perf_counter() - began)
        self._drain.counts(self._task)
