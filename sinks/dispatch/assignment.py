"""One assignment of partitions to a dispatcher: from its beginning to the next rebalance, under one owner's name.

Each assignment has a new owner id and reads the ledger anew, so it never takes an earlier claim for its own.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Mapping
from typing import Any, Final
from uuid import uuid4

from aiokafka import TopicPartition

from schemas.settings import Settings
from schemas.topics import RETARGETING_MESSAGES
from sinks.dispatch import message as messages
from sinks.dispatch import metrics
from sinks.dispatch.channels import Channel
from sinks.dispatch.courier import Courier, Item
from sinks.dispatch.ledger_writer import LedgerWriter
from sinks.dispatch.progress import Progress
from sinks.dispatch.tail import Tail
from sinks.dispatch.timing import Timing

log = logging.getLogger("winback.dispatch")

RESTING: Final = 20
"""A provider that defers all mail for hours must not hold up that to others, nor fill the memory."""
GRACE: Final = 25.0
"""Seconds that tries under way are given when partitions are taken away; then their claims stay without a result."""


class Assignment:
    """Call `start()`, `take()` with records, commit `offsets()`, `close()`; `check()` raises what a task has raised.

    `channels` are those with an address, by name; `partitions` those of messages that this process has been given.
    """

    def __init__(
        self, settings: Settings, channels: Mapping[str, Channel], partitions: Iterable[int], writer: LedgerWriter,
        timing: Timing,
    ) -> None:  # fmt: skip
        self.partitions = frozenset(partitions)
        self.timing, self.channels = timing, channels
        self.tail = Tail(settings, self.partitions, timing)
        self.courier = Courier(uuid4().hex, channels, self.tail, writer, settings, timing, self._finished)
        self.reached: dict[TopicPartition, int] = {}
        """Where the next record of each partition is."""
        self._progress = {partition: Progress() for partition in self.partitions}
        self._tasks: set[asyncio.Task[None]] = set()
        self._reading: asyncio.Task[None] | None = None
        self._failed: asyncio.Task[Any] | None = None
        self._committed: dict[TopicPartition, int] = {}

    def start(self) -> None:
        """Begin to read the ledger."""
        self._reading = self._spawn(self._read())

    @property
    def ready(self) -> bool:
        """Whether the ledger has been read, so that messages may come."""
        return self.tail.loaded.is_set()

    @property
    def waiting(self) -> int:
        """How many messages hold up the reading of more: the unfinished, of those that rest for long one in RESTING."""
        unfinished = sum(len(progress) for progress in self._progress.values())
        return unfinished - self.courier.resting + self.courier.resting // RESTING

    def take(self, partition: int, records: Iterable[Any]) -> None:
        """Begin to deliver records of a partition, in their order."""
        progress = self._progress[partition]
        for record in records:
            progress.begin(record.offset, record.timestamp)
            found = self._read_message(record)
            if found is None:
                progress.finish(record.offset)
            else:
                self._spawn(self.courier.deliver(self.courier.item(found, partition, record.offset, record.timestamp)))

    def offsets(self) -> dict[TopicPartition, int]:
        """The offsets that may be committed, of partitions whose offset has moved since the last commit."""
        found = {}
        for partition, progress in self._progress.items():
            tp = TopicPartition(RETARGETING_MESSAGES, partition)
            if (reached := progress.reached) is not None and self._committed.get(tp) != reached:
                found[tp] = reached
        return found

    def committed(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Take note of offsets that have been committed."""
        self._committed.update(offsets)

    def prune(self) -> None:
        """Forget ledger entries and suppressions that no unfinished message needs."""
        since = [at for progress in self._progress.values() if (at := progress.since) is not None]
        self.tail.prune(self.timing.now(), min(since, default=self.timing.now()))

    def check(self) -> None:
        """Raises the first error of a task of this assignment, if there was one."""
        if self._failed is not None:
            self._failed.result()

    async def close(self) -> None:
        """Cancel waiting messages, let tries under way finish (for GRACE seconds at most), close the connections."""
        for task in self._tasks:
            if task is not self._reading:
                task.cancel()
        if self.courier.trying:
            _, late = await asyncio.wait(self.courier.trying, timeout=GRACE)
            for attempt in late:
                attempt.cancel()
            if late:
                log.warning("%d messages were under way for too long; they end unknown", len(late))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, *self.courier.trying, return_exceptions=True)
        await self.tail.stop()

    async def _read(self) -> None:
        await self.tail.start()
        await self.tail.run()

    def _read_message(self, record: Any) -> messages.Message | None:
        """The message of a record; None when nothing is to be done with it here."""
        if record.value is None:
            return None  # an erasure; retargeting.decisions has its tombstone too
        try:
            found = messages.read(record.value)
        except messages.UnreadableError as wrong:
            log.warning("message skipped: %s [partition=%d offset=%d]", wrong, record.partition, record.offset)
            metrics.DISPATCHED.labels("unknown", "unreadable").inc()
            return None
        if found.channel not in self.channels:
            metrics.DISPATCHED.labels(found.channel, "off").inc()
            return None
        return found

    def _finished(self, item: Item) -> None:
        self._progress[item.partition].finish(item.offset)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None and self._failed is None:
            self._failed = task
