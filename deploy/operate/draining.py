"""The end of a run: declaring that no more input comes, and waiting until everything caused by it has been written."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final

from deploy.errors import UnavailableError
from deploy.operate import links
from schemas.record import Record
from schemas.topics import CHANNEL_TOPICS

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer, TopicPartition
    from aiokafka.admin import AIOKafkaAdminClient

    from schemas.settings import Settings

POLL: Final = 0.05
"""Seconds between looks at committed offsets; there is nothing on the wire to wait for instead."""
BROKER_WAIT: Final = 10.0
STALL_SECONDS: Final = 300.0
"""Seconds without any progress before a run is given up."""

Ends = dict["TopicPartition", int]


async def ends(consumer: AIOKafkaConsumer, topics: Iterable[str], settings: Settings) -> Ends:
    """End offsets of every partition of the topics, as the broker has them now."""
    from aiokafka import TopicPartition

    from schemas.topics import catalog

    counts = {t.name: t.partitions for t in catalog(settings.partitions)}
    return dict(await consumer.end_offsets([TopicPartition(t, p) for t in topics for p in range(counts[t])]))


async def everything(consumer: AIOKafkaConsumer, ends: Ends) -> AsyncIterator[Record]:
    """Every record of these partitions up to their ends, from the first that is still there."""
    begins = await consumer.beginning_offsets(list(ends))
    waiting = {tp: end for tp, end in ends.items() if end > begins[tp]}
    consumer.assign(list(waiting))
    for tp in waiting:
        consumer.seek(tp, begins[tp])
    while waiting:
        for tp, batch in (await consumer.getmany(timeout_ms=500)).items():
            for m in batch:
                yield Record(m.topic, m.partition, m.offset, m.timestamp, m.key, m.value, tuple(m.headers))
            if tp in waiting and await consumer.position(tp) >= waiting[tp]:
                del waiting[tp]
                consumer.pause(tp)


async def declare_end(consumer: AIOKafkaConsumer, settings: Settings) -> tuple[int, Ends]:
    """Write to `identity.links` where the input ends. Returns the offset of that record, and the ends it names.

    Raises UnavailableError when the broker does not take it.
    """
    from streams.core.protocol.link_log import EndOfInput

    positions = await ends(consumer, CHANNEL_TOPICS, settings)
    end = EndOfInput(tuple((tp.topic, tp.partition, end) for tp, end in sorted(positions.items())))
    return await links.publish(settings, end), positions


async def drained(consumer: AIOKafkaConsumer, offset: int) -> None:
    """Returns when identify says, after the given offset of `identity.links`, that nothing is in flight any more."""
    from streams.core.protocol import link_log

    async for value in links.values_after(consumer, offset):
        if isinstance(link_log.read(value), link_log.Drained):
            return


async def committed(client: AIOKafkaAdminClient, group: str, wanted: Ends, report: Callable[[int, int], None]) -> None:
    """Returns when the group's committed offsets have reached the wanted ones; reports (done, of) as they move."""
    total, best = sum(wanted.values()), -1
    while best < total:
        have = await offsets(client, group)
        done = sum(min(have.get(tp, 0), end) for tp, end in wanted.items())
        if done != best:
            best = done
            report(done, total)
        if done < total:
            await asyncio.sleep(POLL)


async def stuck(client: AIOKafkaAdminClient, groups: Sequence[str]) -> None:
    """Never returns; raises UnavailableError when none of the groups `groups` has committed for STALL_SECONDS."""
    last, moved = -1, time.monotonic()
    while True:
        now = sum([sum((await offsets(client, group)).values()) for group in groups])
        if now != last:
            last, moved = now, time.monotonic()
        elif time.monotonic() - moved > STALL_SECONDS:
            raise UnavailableError(f"nothing has been committed by {' or '.join(groups)} for {STALL_SECONDS:g} s")
        await asyncio.sleep(2.0)


async def offsets(client: AIOKafkaAdminClient, group: str) -> dict[TopicPartition, int]:
    """The offsets that a consumer group has committed; empty while its coordinator is not known yet."""
    from aiokafka.errors import KafkaError

    try:
        found = await client.list_consumer_group_offsets(group)
    except KafkaError:
        return {}
    return {tp: max(place.offset, 0) for tp, place in found.items()}
