"""Committed offsets beyond the end of a log, because its broker has lost records: found when partitions are assigned.

Whatever such an offset would have stood for, records that come anew under the same offsets have to be read. The two
readers here differ in where they go on: see their callers.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

log = logging.getLogger("winback.broker")


class Lost(NamedTuple):
    """A partition that holds the offsets `begin` to `end`, of which the group has committed more."""

    committed: int
    begin: int
    end: int


async def beyond(consumer: AIOKafkaConsumer, assigned: Collection[TopicPartition]) -> dict[TopicPartition, Lost]:
    """The partitions whose committed offset is beyond their end. Raises KafkaError."""
    if not assigned:
        return {}
    ends = await consumer.end_offsets(list(assigned))
    committed = {tp: await consumer.committed(tp) or 0 for tp in assigned}
    lost = [tp for tp, offset in committed.items() if offset > ends[tp]]
    begins = await consumer.beginning_offsets(lost) if lost else {}
    return {tp: Lost(committed[tp], begins[tp], ends[tp]) for tp in lost}


def say(tp: TopicPartition, known: int, end: int | None, then: str) -> None:
    """Log that the records of `tp` from its `end` (None: unknown) up to the committed offset `known` are lost.

    `then`: what the process does about it, in words.
    """
    log.error(
        "the broker has lost records: %s partition %d was read up to offset %d and ends at %s; %s",
        tp.topic, tp.partition, known, "less" if end is None else end, then,
    )  # fmt: skip
