"""The bare copy loop that stages are compared with: aiokafka reads raw records, orjson decodes them, batches go out.

It keeps nothing, decides nothing and commits nothing: what it does any consumer and producer must do.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import suppress
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from infra.fetching import pace
from schemas.settings import Settings
from schemas.topics import CHANNEL_TOPICS
from streams.runtime.state import broker
from tests.bench.meters import Meter, Run

COPY = "bench.copy"
AHEAD = 32
"""Batches on their way at once."""


async def copy(settings: Settings) -> Run:
    """Copy every raw record there is to `bench.copy`, decoded on the way."""
    tps = [TopicPartition(topic, p) for topic in CHANNEL_TOPICS for p in range(settings.partitions)]
    producer = broker.producer(settings)
    consumer = AIOKafkaConsumer(
        **settings.aiokafka(), enable_auto_commit=False, max_poll_records=4_000, fetch_max_wait_ms=50
    )
    await producer.start()
    await consumer.start()
    try:
        pace(consumer)
        consumer.assign(tps)
        total = sum((await consumer.end_offsets(tps)).values())
        await consumer.seek_to_beginning(*tps)
        meter = Meter({}, "copy")
        await _copy(consumer, producer, settings.partitions, total)
        return meter.stop(total)
    finally:
        await consumer.stop()
        await producer.stop()


async def _copy(consumer: AIOKafkaConsumer, producer: AIOKafkaProducer, partitions: int, total: int) -> None:
    flying: set[asyncio.Task[Any]] = set()
    done = 0
    while done < total:
        batches: dict[int, Any] = defaultdict(producer.create_batch)
        for records in (await consumer.getmany(timeout_ms=500)).values():
            for record in records:
                with suppress(orjson.JSONDecodeError):  # a few records are not strict JSON
                    orjson.loads(record.value)
                to = record.offset % partitions
                if batches[to].append(timestamp=None, key=record.key, value=record.value) is None:
                    flying.add(asyncio.ensure_future(_send(producer, batches.pop(to), to)))
                    batches[to].append(timestamp=None, key=record.key, value=record.value)
            done += len(records)
        flying |= {asyncio.ensure_future(_send(producer, batch, to)) for to, batch in batches.items()}
        while len(flying) > (AHEAD if done < total else 0):
            landed, flying = await asyncio.wait(flying, return_when=asyncio.FIRST_COMPLETED)
            for task in landed:
                task.result()


async def _send(producer: AIOKafkaProducer, batch: Any, partition: int) -> None:
    batch.close()
    await (await producer.send_batch(batch, COPY, partition=partition))
