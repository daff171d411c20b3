"""Writes ledger entries and the records that follow from an outcome; a write returns once all replicas have it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer

from schemas.record import Out
from schemas.topics import RETARGETING_DELIVERIES
from sinks.dispatch.ledger import Entry


class LedgerWriter:
    """Writes through a producer. Each method raises KafkaError when the brokers do not take a record."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer

    async def write(self, message_id: str, partition: int, entry: Entry, beside: Sequence[Out] = ()) -> int:
        """Write the entry of `message_id` to a partition, and other records beside it. Returns the entry's offset."""
        own = self._producer.send_and_wait(
            RETARGETING_DELIVERIES, entry.record(message_id), key=message_id.encode(), partition=partition
        )
        written, *_ = await asyncio.gather(own, *(self._send(out) for out in beside))
        return int(written.offset)

    async def repeat(self, outs: Sequence[Out]) -> None:
        """Write records that may have been written before, under the same ids."""
        await asyncio.gather(*(self._send(out) for out in outs))

    async def _send(self, out: Out) -> None:
        await self._producer.send_and_wait(out.topic, out.value, key=out.key, partition=out.partition)
