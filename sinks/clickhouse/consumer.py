"""From Kafka to ClickHouse: poll, batch, insert, commit; offsets are committed only after their rows are in.

1. Poll. Records become rows at once (`batches`); the position reached in each partition is remembered beside them.
2. When a batch is due, it is taken, with those positions, and inserted in a thread while polling goes on, and the
   merges in it are resolved (`writer`). A crash here loses nothing: nothing was committed, so the next start reads the
   same records again.
3. Commit the positions taken. A crash between 2 and 3 repeats 2 at the next start, and ClickHouse replaces the rows by
   themselves.

A database without any rows has lost them, or is another one: partitions are read from their beginning, whatever the
group has committed. Nobody has to set it back.

A committed offset beyond the end of its log means that the broker has lost records, or has another log now. Such a
partition is read from its beginning: no record of the new log is left out, and rows may come again, as in 3.

While an insert waits for ClickHouse, the next batch fills up; once it is full, the partitions are paused (polling goes
on, so that the group does not think this process dead). So at most two batches are in memory.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from infra.bootstrapping import wait_for_brokers
from infra.fetching import pace
from infra.lost_offsets import beyond, say
from infra.retry import until_connected
from schemas.settings import Settings
from schemas.topics import IDENTITY_ASSIGNMENTS
from sinks.clickhouse import metrics
from sinks.clickhouse.batches import DEFAULT_LIMITS, Batch, Batches, Limits
from sinks.clickhouse.client import first_line, target
from sinks.clickhouse.insert import StoppedError
from sinks.clickhouse.rows import BY_TOPIC
from sinks.clickhouse.writer import Writer

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

log = logging.getLogger("winback.sinks")
wait_for_brokers()

POLL_MS: Final = 100
IDLE_POLL_MS: Final = 500
"""How long a poll waits for records: while a batch or an insert is under way, and while there is neither."""
POLL_RECORDS: Final = 4_000
"""About 30 ms of work on the event loop, which heartbeats and HTTP queries share."""
COMMIT_PATIENCE: Final = 15.0
"""Seconds for one commit; longer means that no coordinator answers."""

Positions = dict[TopicPartition, int]


class SinkConsumer(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """One member of the sink's consumer group. `run()` until `stop()`; `commit` is a method of its own for tests."""

    def __init__(
        self, settings: Settings, client: Client, limits: Limits = DEFAULT_LIMITS, *, empty: bool = False
    ) -> None:
        """`empty`: the database has no rows, so whatever the group has committed is not in it."""
        self.settings = settings
        self._empty, self._begun = empty, set[TopicPartition]()
        self.batches = Batches(limits, settings)
        self.stopping = threading.Event()
        self.writer = Writer(client, self.stopping)
        self.consumer: AIOKafkaConsumer
        self.reached: Positions = {}
        """Where reading has come to, of partitions whose rows are in the current batch."""
        self.written: Positions = {}
        """What may be committed: everything before it is in ClickHouse."""
        self._next: Positions = {}
        """Where each partition's next record is."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="insert")
        self._flight: asyncio.Task[None] | None = None
        self._again_at = 0.0
        self._paused = False
        self._owned: frozenset[TopicPartition] = frozenset()

    def stop(self) -> None:
        """Ask `run` to write what it has, commit and return. From any thread."""
        self.stopping.set()

    @property
    def leads(self) -> bool:
        """Whether this member does what only one may do: it reads the topic that has a single partition."""
        return TopicPartition(IDENTITY_ASSIGNMENTS, 0) in self._owned

    async def run(self) -> None:
        """Returns after `stop()`. Raises SchemaError when ClickHouse refuses a table for good."""
        self.consumer = AIOKafkaConsumer(
            **self.settings.aiokafka(), group_id=f"{self.settings.group}-sinks", client_id="winback-sinks",
            enable_auto_commit=False, auto_offset_reset="earliest", metadata_max_age_ms=10_000,
            max_partition_fetch_bytes=1024 * 1024, session_timeout_ms=10_000, heartbeat_interval_ms=3_000,
            group_instance_id=_instance(self.settings),
        )  # fmt: skip
        self.consumer.subscribe(list(BY_TOPIC), listener=self)
        try:
            if await self._connected():
                while not self.stopping.is_set():
                    await self.step()
                await self._finish()
        finally:
            await self.consumer.stop()
            self._thread.shutdown(wait=True)

    async def step(self) -> None:
        """One poll, and whatever is due after it."""
        got = await self._polled()
        now = time.monotonic()
        for tp, records in got.items():
            if records[0].offset < self._next.get(tp, 0):  # aiokafka begins anew when an offset is beyond the end
                self._say_lost(tp, self._next[tp], None)
            self._next[tp] = records[-1].offset + 1
            self.batches.add(tp.topic, tp.partition, ((record.offset, record) for record in records), now)
            self.reached[tp] = records[-1].offset + 1
        if self._flight is not None and self._flight.done():
            await self._land()
        skipped_all = bool(self.reached) and not self.batches.rows
        if self._flight is None and (self.batches.due(now) or skipped_all or (self.written and now >= self._again_at)):
            self._take_off()
            self._again_at = now + self.batches.limits.age
        self._pace()
        metrics.BUFFERED.set(self.batches.rows)

    async def _polled(self) -> Mapping[TopicPartition, Sequence[Any]]:
        """What has come in; nothing, too, while a rebalance holds up the answer: an insert may end meanwhile."""
        try:
            async with asyncio.timeout(1.0):
                got: Mapping[TopicPartition, Sequence[Any]]
                idle = self._flight is None and not (self.reached or self.written or self._paused)
                wait = IDLE_POLL_MS if idle else POLL_MS
                got = await self.consumer.getmany(timeout_ms=wait, max_records=POLL_RECORDS)
        except TimeoutError:
            return {}
        return got

    def _take_off(self) -> None:
        batches, positions = self.batches.take(), self.reached
        self.reached = {}
        self._flight = asyncio.create_task(self._write(batches, positions))

    async def _write(self, batches: Iterable[Batch], positions: Positions) -> None:
        loop = asyncio.get_running_loop()
        for batch in batches:
            await loop.run_in_executor(self._thread, self.writer.write, batch)
        owned = self.consumer.assignment()
        self.written |= {tp: offset for tp, offset in positions.items() if tp in owned}
        await self.commit()

    async def commit(self) -> None:
        """Commit what has been written. What fails is kept for the next time: those rows may come again, harmlessly."""
        if not self.written:
            return
        positions = dict(self.written)
        try:
            async with asyncio.timeout(COMMIT_PATIENCE):
                await self.consumer.commit(positions)
        except (KafkaError, TimeoutError) as error:
            # Mostly a rebalance: then the partitions have a new owner, who reads from the last commit.
            log.warning("offsets not committed: %s", first_line(error))
            return
        for tp, offset in positions.items():
            if self.written.get(tp) == offset:
                del self.written[tp]
            end = self.consumer.highwater(tp) if tp in self.consumer.assignment() else None
            if end is not None:
                metrics.LAG.labels(tp.topic, str(tp.partition)).set(max(0, end - offset))

    async def _land(self) -> None:
        flight, self._flight = self._flight, None
        if flight is not None:
            try:
                await flight
            except StoppedError:
                log.warning("stopped while ClickHouse was away; nothing of the last batch was committed")

    def _pace(self) -> None:
        """Pause every partition while the batch is full, go on once it has been taken."""
        owned = self.consumer.assignment()
        if self.batches.full and owned:
            self.consumer.pause(*owned)
            self._paused = True
        elif self._paused and not self.batches.full:
            self.consumer.resume(*(tp for tp in self.consumer.paused() if tp in owned))
            self._paused = False

    async def _finish(self) -> None:
        """Write and commit what is left, unless ClickHouse is away: then it is left to the next start."""
        if self._flight is not None:
            await self._land()
        if self.reached:
            self._take_off()
            await self._land()
        await self.commit()

    async def _connected(self) -> bool:
        """Start the consumer, again and again while the broker is away; False when told to stop meanwhile."""
        connected = await until_connected(
            self.consumer.start, address=self.settings.kafka, say=log.warning,
            stopped=lambda seconds: asyncio.to_thread(self.stopping.wait, seconds),
        )  # fmt: skip
        if connected:
            pace(self.consumer)
        return connected

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Rows stay, as any row may be written twice; their positions go, since another member commits them now."""
        self._owned = frozenset()
        self._next.clear()
        for tp in revoked:
            self.reached.pop(tp, None)
            self.written.pop(tp, None)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """New partitions are read from their last commit; if the batch is full they wait like the others."""
        owned = frozenset(assigned)
        for tp, lost in (await beyond(self.consumer, owned)).items():
            self._say_lost(tp, lost.committed, lost.end)
            self.consumer.seek(tp, lost.begin)
            self.written[tp] = lost.begin  # committed soon, or the next start would begin beyond the end again
        if self._empty:
            await self._begin_anew(owned - self._begun)
            self._begun |= owned
        self._owned = owned
        log.info("reading %d partitions", len(self._owned))

    async def _begin_anew(self, owned: frozenset[TopicPartition]) -> None:
        """Read partitions from their beginning, once: the database was emptied, or is another than before."""
        committed = {tp: await self.consumer.committed(tp) or 0 for tp in owned}
        begins = await self.consumer.beginning_offsets([tp for tp, offset in committed.items() if offset])
        anew = {tp: begin for tp, begin in begins.items() if begin < committed[tp]}
        for tp, begin in anew.items():
            self.consumer.seek(tp, begin)
            self.written[tp] = begin  # committed soon, or whoever has it next would go on where the old rows ended
        if anew:
            log.warning("ClickHouse has no rows: %d partitions are read again from their beginning", len(anew))

    def _say_lost(self, tp: TopicPartition, known: int, end: int | None) -> None:
        say(tp, known, end, "it is read again from its beginning")
        metrics.BEYOND_END.labels(tp.topic).inc()


def _instance(settings: Settings) -> str | None:
    """A name in the group for the one process that may have an embedded ClickHouse open.

    Started again after a crash it takes its partitions back at once, not after its former self has timed out.
    """
    where = target(settings)
    return f"embedded-{blake2b(where.path.encode(), digest_size=8).hexdigest()}" if where.embedded else None
