"""Tombstones: what an erasure leaves in the topics that are keyed by profile, and how far the sinks have come."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from deploy.errors import UnavailableError
from deploy.operate import draining
from schemas.topics import TOMBSTONED, partition_of

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer, TopicPartition
    from aiokafka.admin import AIOKafkaAdminClient

    from schemas.settings import Settings

Positions = dict["TopicPartition", int]


async def read(
    consumer: AIOKafkaConsumer, since: Mapping[TopicPartition, int], profiles: Iterable[str], seconds: float
) -> tuple[dict[str, int], Positions]:
    """The number of tombstones by topic, one for each of the `profiles`, and the offsets just after them.

    Reads from the offsets `since` on. Raises UnavailableError when some are missing after these seconds.
    """
    ids = list(profiles)
    partitions = 1 + max(tp.partition for tp in since)
    missing = {(topic, partition_of(profile, partitions), profile.encode()) for topic in TOMBSTONED for profile in ids}
    places = {tp for tp in since if any((tp.topic, tp.partition) == place[:2] for place in missing)}
    after: Positions = {}
    seen: Counter[str] = Counter()
    consumer.assign(sorted(places))
    for tp in places:
        consumer.seek(tp, since[tp])

    async def collect() -> None:
        while missing:
            record = await consumer.getone()
            tombstone = (record.topic, record.partition, record.key)
            if record.value is None and tombstone in missing:
                missing.remove(tombstone)
                seen[record.topic] += 1
                tp = next(tp for tp in places if (tp.topic, tp.partition) == tombstone[:2])
                after[tp] = max(after.get(tp, 0), record.offset + 1)

    if missing:
        try:
            await asyncio.wait_for(collect(), seconds)
        except TimeoutError:
            names = sorted({topic for topic, _, _ in missing})
            raise UnavailableError(f"no tombstones in {', '.join(names)} within {seconds:.0f} s") from None
    return dict(sorted(seen.items())), after


async def taken(client: AIOKafkaAdminClient, settings: Settings, after: Positions, seconds: float) -> None:
    """Returns when the sinks have committed the offsets `after`. Raises UnavailableError after these seconds."""
    from sinks.clickhouse.rows import BY_TOPIC

    wanted = {tp: offset for tp, offset in after.items() if tp.topic in BY_TOPIC}
    group = f"{settings.group}-sinks"
    try:
        await asyncio.wait_for(draining.committed(client, group, wanted, lambda *_: None), seconds)
    except TimeoutError:
        raise UnavailableError(
            f"the sinks ({group}) have not read the tombstones within {seconds:.0f} s: see that `winback sinks` runs. "
            "The person is gone from the streams; the rows go as soon as the sinks get to it"
        ) from None
