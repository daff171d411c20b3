"""The broker as a worker sees it: waiting for it, its topics, where partitions begin and end, reading one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Self

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError
from faust.types import TP

from infra.compression import compress_lightly
from infra.records import hand_on_records
from infra.retry import pauses
from schemas.record import Record
from schemas.settings import Settings
from schemas.topics import MAX_RECORD_BYTES, Topic
from streams.runtime.errors import TopicError

log = structlog.get_logger("winback.broker")

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 10.0
BATCH_BYTES = 512 * 1024


def producer(settings: Settings) -> AIOKafkaProducer:
    """The one producer of a worker: idempotent, acknowledged by all replicas."""
    compress_lightly()
    return AIOKafkaProducer(
        **settings.aiokafka(),
        client_id=f"{settings.group}-streams",
        acks="all",
        enable_idempotence=True,
        max_batch_size=BATCH_BYTES,
        max_request_size=MAX_RECORD_BYTES,
        compression_type="zstd",  # a sixth of the time aiokafka spends on lz4, and half the bytes
        metadata_max_age_ms=60_000,
    )


async def wait_for_broker(settings: Settings, topics: Sequence[Topic]) -> None:
    """Return when the broker answers and has every topic with its partition count; till then say what is amiss.

    Raises TopicError for a topic with another partition count than settings say, because waiting does not mend that.
    """
    for pause in pauses(_FIRST_PAUSE, _LONGEST_PAUSE):
        try:
            missing = await _missing(settings, topics)
        except (KafkaError, OSError) as error:
            _say(f"cannot reach Kafka at {settings.kafka} (WINBACK_KAFKA)", pause, str(error))
        else:
            if not missing:
                return
            names = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
            _say(f"Kafka at {settings.kafka} has no topic {names}; run `winback topics`", pause)
        await asyncio.sleep(pause)


def _say(what: str, pause: float, error: str | None = None) -> None:
    log.warning(what, again_in=pause, **({"error": error} if error else {}))


async def _missing(settings: Settings, topics: Sequence[Topic]) -> list[str]:
    client = AIOKafkaClient(**settings.aiokafka(), client_id=f"{settings.group}-check")
    try:
        await client.bootstrap()
        cluster = await client.fetch_all_metadata()
    finally:
        await client.close()
    missing = []
    for topic in topics:
        partitions = cluster.partitions_for_topic(topic.name)
        if not partitions:
            missing.append(topic.name)
        elif len(partitions) != topic.partitions:
            raise TopicError(
                f"topic {topic.name} at {settings.kafka} has {len(partitions)} partitions and should have "
                f"{topic.partitions}; set WINBACK_PARTITIONS to what it was made with"
            )
    return missing


class Probe:
    """Asks the broker where partitions begin and end, over a connection on which no fetch is waiting."""

    def __init__(self, settings: Settings) -> None:
        self._consumer = AIOKafkaConsumer(**settings.aiokafka(), client_id=f"{settings.group}-probe")

    async def start(self) -> None:
        """Connect."""
        await self._consumer.start()

    async def stop(self) -> None:
        """Disconnect."""
        await self._consumer.stop()

    async def ends(self, partitions: Iterable[TP]) -> dict[TP, int]:
        """The offset behind the last record of each partition, as of now. Raises KafkaError."""
        found = await self._consumer.end_offsets([TopicPartition(*tp) for tp in partitions])
        return {TP(*tp): offset for tp, offset in found.items()}

    async def begins(self, partitions: Iterable[TP]) -> dict[TP, int]:
        """The offset of the first record kept of each partition. Raises KafkaError."""
        found = await self._consumer.beginning_offsets([TopicPartition(*tp) for tp in partitions])
        return {TP(*tp): offset for tp, offset in found.items()}

    async def since(self, partitions: Iterable[TP], at: int) -> dict[TP, int]:
        """The offset of the first record of the time `at` (epoch ms) or later, of partitions that have one."""
        wanted = {TopicPartition(*tp): at for tp in partitions}
        found = await self._consumer.offsets_for_times(wanted) if wanted else {}
        return {TP(*tp): place.offset for tp, place in found.items() if place is not None and place.offset >= 0}


class PartitionLog:
    """One partition of a `topic` read by itself, outside the consumer group: an asynchronous context manager."""

    def __init__(self, settings: Settings, probe: Probe, topic: str, partition: int) -> None:
        self._settings = settings
        self._probe = probe
        self._tp = TP(topic, partition)
        self._consumer: AIOKafkaConsumer | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._consumer is not None:
            await self._consumer.stop()

    async def end(self) -> int:
        """The offset behind the last record."""
        return (await self._probe.ends([self._tp]))[self._tp]

    async def read(self, start: int | None, end: int) -> AsyncIterator[Sequence[Record]]:
        """The records from `start` (None: the oldest kept) to before `end`, in chunks."""
        if (start or 0) >= end:
            return
        tp = TopicPartition(*self._tp)
        consumer = await self._connected(tp)
        if start is None:
            await consumer.seek_to_beginning(tp)
        else:
            consumer.seek(tp, start)
        while await consumer.position(tp) < end:
            polled = await consumer.getmany(tp, timeout_ms=1000, max_records=5_000)
            records: list[Record] = [r for r in polled.get(tp, ()) if r.offset < end]
            if records:
                yield records

    async def _connected(self, tp: TopicPartition) -> AIOKafkaConsumer:
        if self._consumer is None:
            self._consumer = AIOKafkaConsumer(
                **self._settings.aiokafka(),
                client_id=f"{self._settings.group}-restore",
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                max_partition_fetch_bytes=4 * 1024 * 1024,
                fetch_max_wait_ms=100,
            )
            await self._consumer.start()
            hand_on_records(self._consumer)
            self._consumer.assign([tp])
        return self._consumer
