"""The consumer on a broker, over a ClickHouse that can be held back: bounded memory, members that come and go."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError

from schemas.record import Record
from schemas.settings import Settings
from schemas.topics import partition_of
from sinks.clickhouse import metrics
from sinks.clickhouse.batches import Limits
from sinks.clickhouse.consumer import SinkConsumer
from sinks.clickhouse.errors import SchemaError
from tests.support import sink_rows as make
from tests.support.sink_processes import committed, produce

PATIENCE = 60.0
LIMITS = Limits(rows=500, age=0.05)


class Gate:
    """A ClickHouse that is away until it is opened, and remembers the message ids of events it was given."""

    def __init__(self, *, opened: bool = True) -> None:
        self.open = opened
        self.error: Exception = OperationalError("away")
        self.tried = threading.Event()
        self.ids: list[str] = []

    def raw_insert(self, table: str, columns: Any, data: bytes, **_: Any) -> None:
        self.tried.set()
        if not self.open:
            raise self.error
        self.ids += [orjson.loads(line)[2] for line in data.splitlines()]


def events(count: int, start: int = 0) -> list[Record]:
    """Events whose message ids are numbers."""
    return [make.event("a", "Product Viewed", make.NOON, message_id=str(at)) for at in range(start, start + count)]


@asynccontextmanager
async def consuming(address: str, gate: Gate) -> AsyncIterator[SinkConsumer]:
    """A consumer at work; asked to stop, and awaited, at the end."""
    consumer = SinkConsumer(Settings(kafka=address), gate, LIMITS)  # type: ignore[arg-type]
    consumer.writer.inserter.first_pause = 0.01
    running = asyncio.create_task(consumer.run())
    try:
        yield consumer
    finally:
        consumer.stop()
        await running


async def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - what is waited for is in another thread, or on a broker
            await asyncio.sleep(0.01)
    assert condition(), what


async def test_consumption_pauses_while_clickhouse_is_away(address: str) -> None:
    """Two batches are held and no more is read; once it is back everything goes in, each row once."""
    gate = Gate(opened=False)
    await asyncio.to_thread(produce, address, events(20_000))
    async with consuming(address, gate) as consumer:
        await until(lambda: consumer.batches.full and bool(consumer.consumer.paused()), "a full batch")
        held = consumer.batches.rows
        assert consumer.consumer.paused() == consumer.consumer.assignment()
        for _ in range(5):
            await consumer.consumer.getmany(timeout_ms=20)
        assert consumer.batches.rows == held < 10_000
        gate.open = True
        await until(lambda: len(gate.ids) >= 20_000, "all rows")
    assert sorted(gate.ids, key=int) == [str(at) for at in range(20_000)]
    assert await asyncio.to_thread(committed, address) == 20_000


async def test_members_that_come_and_go_lose_nothing(address: str, kafka: str | None) -> None:
    """A second member takes some partitions and leaves again, with rows under way all the time: none is missing."""
    if kafka is None:
        pytest.skip("the embedded broker never ends a rebalance that a commit ran into; it is for one sink process")
    first, second = Gate(), Gate()
    async with consuming(address, first) as _:
        await asyncio.to_thread(produce, address, events(1000))
        await until(lambda: len(first.ids) > 0, "the first rows")
        async with consuming(address, second) as other:
            await asyncio.to_thread(produce, address, events(1000, 1000))
            await until(lambda: bool(getattr(other, "consumer", None) and other.consumer.assignment()), "a share")
            await asyncio.to_thread(produce, address, events(1000, 2000))
            await until(lambda: len(set(first.ids + second.ids)) == 3000, "all rows so far")
        await asyncio.to_thread(produce, address, events(1000, 3000))
        await until(lambda: len(set(first.ids + second.ids)) == 4000, "all rows")
    assert len(second.ids) > 0
    assert await asyncio.to_thread(committed, address) == 4000


async def test_a_schema_error_ends_the_consumer(address: str) -> None:
    """What ClickHouse will never take stops the process with its words, and commits nothing."""
    gate = Gate(opened=False)
    gate.error = DatabaseError("Code: 60. DB::Exception: no table events", code=60)
    await asyncio.to_thread(produce, address, events(10))
    consumer = SinkConsumer(Settings(kafka=address), gate, LIMITS)  # type: ignore[arg-type]
    with pytest.raises(SchemaError, match="no table events"):
        await asyncio.wait_for(consumer.run(), PATIENCE)
    assert await asyncio.to_thread(committed, address) == 0


async def test_a_stop_while_clickhouse_is_away(address: str) -> None:
    """Stopping does not wait for ClickHouse; what was not written is not committed."""
    gate = Gate(opened=False)
    await asyncio.to_thread(produce, address, events(10))
    async with consuming(address, gate) as consumer:
        consumer.writer.inserter.first_pause = 3600
        await until(gate.tried.is_set, "an insert")
    assert await asyncio.to_thread(committed, address) == 0


async def test_offsets_beyond_the_end_are_told_and_nothing_is_left_out(
    address: str, caplog: pytest.LogCaptureFixture
) -> None:
    """More is committed than there is: said, counted, and the partition is read from its beginning."""
    gate, topic = Gate(), "stitched.events"
    await asyncio.to_thread(produce, address, events(20))
    async with consuming(address, gate):
        await until(lambda: len(gate.ids) == 20, "the rows")
    ahead = TopicPartition(topic, partition_of("a", 4))
    async with AIOKafkaConsumer(bootstrap_servers=address, group_id="winback-sinks", enable_auto_commit=False) as other:
        other.assign([ahead])
        await other.commit({ahead: 500})
    counted = metrics.BEYOND_END.labels(topic)._value.get()
    async with consuming(address, gate):
        await asyncio.to_thread(produce, address, events(5, 20))
        await until(lambda: len(set(gate.ids)) == 25, "what came under those offsets")
    assert f"{topic} partition {ahead.partition} was read up to offset 500 and ends at " in caplog.text
    assert metrics.BEYOND_END.labels(topic)._value.get() == counted + 1
    assert await asyncio.to_thread(committed, address) == 25
