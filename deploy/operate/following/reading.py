"""Follows the topics of a running system from now on, and hands out what happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Final

from deploy.operate import broker, draining, links
from deploy.operate.following.join import READ, Join
from deploy.operate.following.whom import Whom
from schemas.record import Record
from schemas.topics import CHANNEL_TOPICS, IDENTITY_ASSIGNMENTS, PROFILE_EVENTS, catalog

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer, TopicPartition

    from schemas.settings import Settings

POLL_MS: Final = 250
PATIENCE: Final = 2.0
"""Seconds that a line waits for what belongs to it, while more comes than can be read to its end."""


async def checked(settings: Settings, *, wait: float) -> None:
    """Raises UnavailableError when topics are missing, or no broker answers within `wait` seconds."""
    async with broker.admin(settings, wait=wait) as client:
        have = await broker.partition_counts(client)
    broker.complain(have, list(catalog(settings.partitions)))


async def known(settings: Settings, whom: Whom) -> None:
    """Read off `identity.assignments` who the customer asked for is today: profile, and all identifiers of it."""
    async with links.consumer(settings) as consumer:
        for _ in range(2):  # first the profile, then what else is of it
            ends = await draining.ends(consumer, [IDENTITY_ASSIGNMENTS], settings)
            async for record in draining.everything(consumer, ends):
                whom.learn(record)


async def follow(settings: Settings, join: Join, whom: Whom, began: asyncio.Event) -> AsyncIterator[dict[str, Any]]:
    """Each thing that happens from now on, as it comes, without end; `began` is set once nothing is missed any more."""
    async with links.consumer(settings) as consumer:
        places = _places(settings)
        ends = await consumer.end_offsets(places)
        consumer.assign(places)
        for place in places:
            consumer.seek(place, ends[place])
        began.set()
        settling = _Settling(consumer)
        while True:
            for place, batch in (await consumer.getmany(timeout_ms=POLL_MS)).items():
                for m in batch:
                    record = Record(m.topic, m.partition, m.offset, m.timestamp, m.key, m.value, tuple(m.headers))
                    if place.topic == IDENTITY_ASSIGNMENTS:
                        whom.learn(record)
                    else:
                        join.take(record)
            if join.unsettled and await settling.done():
                for line in join.settle():
                    if whom(line):
                        yield line


class _Settling:
    """Tells when all that was written before has been read: what belongs together is then here together."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._ends: dict[TopicPartition, int] | None = None
        self._since = 0.0

    async def done(self) -> bool:
        now = asyncio.get_running_loop().time()
        if self._ends is None:
            outputs = [place for place in self._consumer.assignment() if place.topic not in CHANNEL_TOPICS]
            self._ends, self._since = await self._consumer.end_offsets(outputs), now
        behind = [place for place, end in self._ends.items() if await self._consumer.position(place) < end]
        if behind and now - self._since < PATIENCE:
            return False
        self._ends = None
        return True


def _places(settings: Settings) -> list[TopicPartition]:
    from aiokafka import TopicPartition

    counts = {topic.name: topic.partitions for topic in catalog(settings.partitions)}
    read = [TopicPartition(topic, at) for topic in (*READ, IDENTITY_ASSIGNMENTS) for at in range(counts[topic])]
    # Rounds are told to each partition alike.
    return [*read, TopicPartition(PROFILE_EVENTS, 0)]
