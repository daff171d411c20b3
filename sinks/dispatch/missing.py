"""Topics that a dispatcher needs, with as many partitions as the settings say."""

from __future__ import annotations

from collections.abc import Collection

from aiokafka import AIOKafkaProducer


class MissingError(Exception):
    """Topics are missing, or have another number of partitions than expected."""


async def check_partitions(producer: AIOKafkaProducer, topics: Collection[str], partitions: int) -> None:
    """Raises MissingError unless each of the `topics` has so many `partitions`."""
    cluster = await producer.client.fetch_all_metadata()
    for topic in topics:
        found = cluster.partitions_for_topic(topic) or ()
        if len(found) != partitions:
            raise MissingError(
                f"topic {topic} has {len(found)} partitions, {partitions} are expected: "
                "make it with `winback topics`, or set WINBACK_PARTITIONS"
            )
