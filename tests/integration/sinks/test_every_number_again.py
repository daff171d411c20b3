"""Every number of every view after crashes in the middle of batches, and after all was read a second time."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from random import Random

import clickhouse_connect
import pytest
from aiokafka import AIOKafkaProducer

from schemas.record import Record
from sinks.clickhouse.rows import BY_TOPIC
from tests.support.every_view import ALWAYS, Told, differences
from tests.support.sink_processes import Sink, committed
from tests.support.stack import wait_for
from tests.support.wild_shop import wild_records

Start = Callable[..., Sink]
START = 1_767_571_200_000
"""2026-01-05T00:00:00Z."""
SMALL = """
from sinks.clickhouse import consumer
from sinks.clickhouse.batches import Limits
consumer.POLL_RECORDS = 50
consumer.SinkConsumer.__init__.__defaults__ = (Limits(rows=50, age=0.2),)
"""
"""Settings of a process that writes often, several tables at a time."""
DYING = """
import os, signal
from sinks.clickhouse.insert import Inserter
insert, left = Inserter.insert, {left}
def dying(self, batch):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return insert(self, batch)
Inserter.insert = dying
"""
"""Of one that is killed when it has inserted {left} batches, mostly some tables of a batch and not the others."""
AGAIN = """
import os
os.environ.update(WINBACK_GROUP="again", WINBACK_SQUASH_INTERVAL="0.05")
"""
"""Of one that reads all topics from their beginning, and does what the sink does beside inserts meanwhile."""


def produce(address: str, records: Iterable[Record]) -> None:
    """Write records to their topics, each to its own partition."""

    async def send() -> None:
        async with AIOKafkaProducer(bootstrap_servers=address) as producer:
            for record in records:
                await producer.send(record.topic, record.value, key=record.key or b"", partition=record.partition)

    asyncio.run(send())


def mixed(records: Iterable[Record], draw: Random) -> list[Record]:
    """The same records, topics and partitions among one another, each partition in its order."""
    waiting: dict[tuple[str, int], list[Record]] = defaultdict(list)
    for record in records:
        waiting[record.topic, record.partition].append(record)
    turns = [place for place, of in waiting.items() for _ in of]
    draw.shuffle(turns)
    following = {place: iter(of) for place, of in waiting.items()}
    return [next(following[place]) for place in turns]


def wrong(running: Sink, told: Told) -> dict[str, list[object]]:
    """What differs between the views of a sink and plain Python."""
    client = clickhouse_connect.get_client(host="127.0.0.1", port=running.port, database="winback")
    try:
        return differences(client, told, *ALWAYS)
    finally:
        client.close()


@pytest.mark.slow
@pytest.mark.kafka
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [1])
def test_crashes_and_a_second_reading_change_no_number(address: str, sink: Start, seed: int) -> None:
    """Killed three times at random, read from the last commit; then all again from the start, killed twice more.

    The first half of the history is read before the second is written; all numbers are those of plain Python.
    """
    draw = Random(seed)
    made = wild_records(30, 2, 20 + seed, START)
    records = mixed((one for one in made if one.topic in BY_TOPIC), draw)
    half = len(records) // 2
    produce(address, records[:half])
    for killed in range(3):
        assert sink(before=SMALL + DYING.format(left=draw.randint(1, 15))).process.wait(timeout=120) == -9
        if killed == 0:
            produce(address, records[half:])
    running = sink(before=SMALL)
    wait_for(lambda: committed(address) == len(records), "all to be written", alive=running.process)
    told = Told(records)
    assert wrong(running, told) == {}
    assert running.stop() == 0
    for _ in range(2):
        dying = sink(before=AGAIN + SMALL + DYING.format(left=draw.randint(1, 15)))
        assert dying.process.wait(timeout=120) == -9
    running = sink(before=AGAIN + SMALL)
    wait_for(lambda: committed(address, "again-sinks") == len(records), "all to be written", alive=running.process)
    assert wrong(running, told) == {}
    assert running.stop() == 0
