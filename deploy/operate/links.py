"""What commands write to `identity.links` and read from it: requests to the identify task, and what follows them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from deploy.errors import UnavailableError
from deploy.operate import broker
from schemas.topics import IDENTITY_LINKS

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer

    from schemas.settings import Settings
    from streams.core.protocol.link_log import EndOfInput, Request


@asynccontextmanager
async def consumer(settings: Settings) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer without a group. Raises UnavailableError when the broker does not answer."""
    from aiokafka import AIOKafkaConsumer
    from aiokafka.errors import KafkaError

    broker.quiet()
    made = AIOKafkaConsumer(**settings.aiokafka(), enable_auto_commit=False, fetch_max_wait_ms=100)
    try:
        await made.start()
    except (KafkaError, OSError) as problem:
        await made.stop()
        raise UnavailableError(f"Kafka at {settings.kafka} does not answer ({problem}). {broker.HINT}") from None
    try:
        yield made
    finally:
        await made.stop()


async def publish(settings: Settings, request: Request | EndOfInput) -> int:
    """Write a request; returns its offset. Raises UnavailableError when the broker does not take it."""
    from aiokafka import AIOKafkaProducer
    from aiokafka.errors import KafkaError

    from streams.core.protocol.records import encode

    try:
        async with AIOKafkaProducer(**settings.aiokafka(), acks="all", enable_idempotence=True) as producer:
            sent = await producer.send_and_wait(IDENTITY_LINKS, encode(request), partition=0)
    except (KafkaError, OSError) as problem:
        raise UnavailableError(f"Kafka at {settings.kafka} does not take the request ({problem})") from None
    return int(sent.offset)


async def values_after(reader: AIOKafkaConsumer, offset: int) -> AsyncIterator[bytes | None]:
    """The values of the records after an offset, those that are still to come as well, without end."""
    from aiokafka import TopicPartition

    place = TopicPartition(IDENTITY_LINKS, 0)
    reader.assign([place])
    reader.seek(place, offset + 1)
    while True:
        yield (await reader.getone()).value
