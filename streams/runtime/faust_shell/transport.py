"""Faust's Kafka transport, made to hand on lists of records and to commit what the runtime has finished, nothing else.

Faust's own consumer makes four asyncio tasks a record and keeps its acknowledgements a record; here one message is
one chunk: all records of one partition that a poll has brought. Every override below is pinned by
tests/unit/streams/runtime/faust_shell/test_contract.py, which fails when an upgrade of Faust or aiokafka changes what
the override replaces or leans on.

| override | because Faust's own |
|---|---|
| `Consumer.getmany` | makes a message a record |
| `Consumer._getmany` | cannot leave out a partition whose inbox is full |
| `Consumer.seek_to_committed` | resumes at what the group has committed, not at what the state is of |
| `Consumer.perform_seek` | takes where it resumes for what the group has committed |
| `Consumer._filter_tps_with_pending_acks`, `_new_offset` | commit past gaps and past what is only read |
| `Consumer._commit_offsets` | takes a failed commit for done |
| `Consumer.ack`, `_add_gap` | keep books a record; topics are made with `acks=False`, so both only forget |
| `Consumer.on_task_error` | commits after an exception |
| `Consumer.verify_event_path` | only logs a stall; the watchdog ends the worker |
| `ConsumerThread._create_worker_consumer` | takes SASL without TLS silently, waits 1.5 s for a fetch |
| `ConsumerThread._commit` | forgets who it is when a commit is refused (streams/runtime/faust_shell/coordination.py) |
| `ConsumerThread.on_start` | tells nobody when a heartbeat was answered, or that the group cannot be joined |
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any, ClassVar, Final, cast

import aiokafka
import structlog
from aiokafka.consumer.consumer import RoundRobinPartitionAssignor
from aiokafka.errors import IllegalStateError
from faust.serializers.schemas import Schema
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

from infra.bootstrapping import wait_for_brokers
from infra.fetching import pace
from infra.records import hand_on_records
from schemas.record import Record
from schemas.settings import Settings
from streams.runtime.errors import GroupMovedError
from streams.runtime.faust_shell import coordination
from streams.runtime.faust_shell import stale_members as departed
from streams.runtime.faust_shell.membership import GroupTiming, Membership

log = structlog.get_logger("winback.transport")
wait_for_brokers()

POLL_RECORDS: Final = 4_000
FETCH_BYTES: Final = 1024 * 1024
FETCH_WAIT_MS: Final = 50
"""aiokafka asks a broker for one fetch at a time: a drained partition waits this long for the others'."""


class ChunkSchema(Schema[Any, Any]):
    """A chunk's value is handed on as it is: nothing that Faust could fail to decode, and acknowledge."""

    def loads_key(self, app: Any, message: Any, *, loads: Any = None, serializer: Any = None) -> None:
        """Nothing: whatever the `app`, a chunk's `message` has no key; `loads` and `serializer` are not asked."""

    def loads_value(self, app: Any, message: Any, *, loads: Any = None, serializer: Any = None) -> Any:
        """The list of records that is the value of `message`; `app`, `loads` and `serializer` have no part in it."""
        del app, loads, serializer
        return message.value


class ChunkConsumerThread(driver.AIOKafkaConsumerThread):
    """The consumer's own thread and event loop, so that heartbeats go on while a chunk is computed."""

    def _create_worker_consumer(self, transport: driver.Transport) -> aiokafka.AIOKafkaConsumer:
        ours = _ours(transport)
        settings, timing = ours.settings, ours.timing
        self._assignor = RoundRobinPartitionAssignor
        return aiokafka.AIOKafkaConsumer(
            **settings.aiokafka(),
            client_id=departed.client_id(settings.group),
            group_id=settings.group,
            partition_assignment_strategy=[self._assignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_poll_records=POLL_RECORDS,
            max_partition_fetch_bytes=FETCH_BYTES,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            session_timeout_ms=int(timing.session * 1000),
            heartbeat_interval_ms=int(timing.heartbeat * 1000),
            rebalance_timeout_ms=int(timing.rebalance * 1000),
            # Polling stops during a long restore; the watchdog, not the poll interval, is what notices a stall.
            max_poll_interval_ms=24 * 3600 * 1000,
            metadata_max_age_ms=60_000,
        )

    async def on_start(self) -> None:
        """Start, and tell the membership of every heartbeat that was answered."""
        await super().on_start()
        hand_on_records(self._ensure_consumer())
        pace(self._ensure_consumer())
        coordination.watch_heartbeats(self._coordinator, _ours(self.transport).membership)
        self.add_future(coordination.watch_errors(self._coordinator, self._fail))

    def _fail(self, error: BaseException) -> None:
        self.parent_loop.call_soon_threadsafe(_ours(self.transport).fail, error)

    @property
    def _coordinator(self) -> Any:
        return self._ensure_consumer()._coordinator  # noqa: SLF001 - guarded by the contract test

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        membership = _ours(self.transport).membership
        try:
            await coordination.commit(self._coordinator, offsets, membership.guard)
        except GroupMovedError as moved:
            membership.move()
            log.info(str(moved))
            return False
        return True

    async def committed(self, partitions: list[TP]) -> dict[TP, int | None]:
        """What the group has committed for each partition, None where nothing."""
        found: dict[TP, int | None] = await self.call_thread(self._committed, partitions)
        return found

    async def _committed(self, partitions: list[TP]) -> dict[TP, int | None]:
        found = await self._coordinator.fetch_committed_offsets([driver.ensure_aiokafka_TP(tp) for tp in partitions])
        offsets = {TP(*tp): one.offset for tp, one in found.items() if one.offset >= 0}
        return {tp: offsets.get(tp) for tp in partitions}


class ChunkConsumer(driver.Consumer):
    """Hands on chunks; commits `finished`."""

    _thread: ChunkConsumerThread

    def __post_init__(self) -> None:
        super().__post_init__()
        self.full: set[TP] = set()
        """Partitions whose inbox takes no more for now: they are not polled."""
        self.finished: dict[TP, int] = {}
        """The offset of the first record the runtime has not finished, by partition: all that is ever committed."""
        self.resume_at: Callable[[], Mapping[TP, int]] = dict
        """Where the runtime wants to be fed from, by partition, whatever the group has committed."""

    def _new_consumer_thread(self) -> ChunkConsumerThread:
        return ChunkConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:  # noqa: ASYNC109
        """One message a partition: its value is the list of records, its offset that of the last.

        Waits for records for `timeout` seconds at most.
        """
        polled, active = await self._wait_next_records(timeout)
        generation = self.app.consumer_generation_id
        if polled is None or self.should_stop:
            return
        if not self.flow_active:
            await self.perform_seek()
            return
        for tp, records in polled.items():
            if not self.flow_active or generation != self.app.consumer_generation_id:
                break
            if active is None or tp in active:
                yield TP(*tp), _chunk(TP(*tp), records, generation)

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> Any:  # noqa: ASYNC109
        if not self.full:
            return await super()._getmany(active_partitions, timeout)
        # What is full now is ready for more in a moment: do not wait long for the others.
        timeout = min(timeout, 0.02)
        wanted = (active_partitions or set()) - self.full
        if not wanted:  # aiokafka takes no partitions to mean all
            await asyncio.sleep(timeout)
            return {}
        return await super()._getmany(wanted, timeout)

    async def perform_seek(self) -> None:
        """Go to where the runtime wants to be fed from; what the group has committed is not known by that."""
        await super().perform_seek()
        # Faust takes where it went to for what is committed, and would not commit it.
        for tp in self.resume_at():
            self._committed_offset[tp] = None

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Go to where the runtime wants to be fed from; elsewhere to what the group has committed.

        Returns the offsets gone to; none if the assignment was taken away meanwhile, as the next one goes to its own.
        """
        assigned = self.assignment()
        wanted = {tp: offset for tp, offset in self.resume_at().items() if tp in assigned}
        try:
            offsets = {} if assigned <= wanted.keys() else dict(await self._thread.seek_to_committed())
            if wanted:
                await self._thread.seek_wait(wanted)
        except IllegalStateError as error:
            log.info("not gone to where the work is: the assignment has changed meanwhile", reason=str(error))
            return {}
        return {**offsets, **wanted}

    async def committed(self, partitions: list[TP]) -> dict[TP, int | None]:
        """What the group has committed for each partition, None where nothing."""
        return await self._thread.committed(partitions)

    async def commit_finished(self, offsets: Mapping[TP, int]) -> None:
        """These offsets are finished; returns when they are committed. Raises CommitFailedError or GroupMovedError."""
        self.finished.update(offsets)
        while any((self._committed_offset[tp] or 0) < offset for tp, offset in offsets.items()):
            _ours(self.transport).membership.guard()
            if not offsets.keys() <= self.assignment():
                raise GroupMovedError("offsets not committed: their partitions are not this worker's any more")
            await self.commit()

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        return (tp for tp in list(self.finished) if topics is None or tp in topics or tp.topic in topics)

    def _new_offset(self, tp: TP) -> int | None:
        return self.finished.get(tp)

    async def _commit_offsets(self, offsets: Mapping[TP, int], start_new_transaction: bool = True) -> bool:
        del start_new_transaction
        assigned = self.assignment()
        mine = {tp: offset for tp, offset in offsets.items() if tp in assigned}
        if not mine:
            return False
        if not await self._commit(mine):
            return False
        self._committed_offset.update(mine)
        self.app.monitor.on_tp_commit(mine)
        return True

    def ack(self, message: Any) -> bool:
        """Mark and forget a `message`: what is finished is not told by what was read.

        Always False: nothing to commit.
        """
        message.acked = True
        self._unacked_messages.discard(message)
        return False

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """A gap between two chunks is the length of the second."""

    async def on_task_error(self, exc: BaseException) -> None:
        """Commit nothing because of an error."""

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Nothing, `now` or ever: streams/runtime/faust_shell/watchdog.py looks after it (times in seconds)."""


class ChunkTransport(driver.Transport):
    """The transport that `WinbackApp._new_transport` puts in for the `app`.

    `url` is the broker's; `fail` is called with what the consumer group cannot get over.
    """

    Consumer: ClassVar[Any] = ChunkConsumer

    def __init__(
        self,
        url: Any,
        app: Any,
        *,
        settings: Settings,
        timing: GroupTiming,
        membership: Membership,
        fail: Callable[[BaseException], None],
    ) -> None:
        super().__init__(url, app)
        self.settings = settings
        self.timing = timing
        self.membership = membership
        self.fail = fail


def _ours(transport: Any) -> ChunkTransport:
    """The transport of a worker, which Faust knows by its own type."""
    return cast("ChunkTransport", transport)


def _chunk(tp: TP, records: list[Record], generation: int) -> ConsumerMessage:
    topic, partition = tp
    last, value = records[-1], cast("Any", records)  # Faust says bytes, and hands on what it is given
    return ConsumerMessage(
        topic, partition, last.offset, last.timestamp / 1000, 0, None, None, value, None, 0, 0, tp,
        generation_id=generation,
    )  # fmt: skip
