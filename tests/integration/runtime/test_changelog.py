"""Changelog, restore and outbox on a real broker."""

from __future__ import annotations

import asyncio
import os

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import MessageSizeTooLargeError

from schemas.record import Out
from schemas.topics import DEAD_LETTERS, JOURNEY_CHANGELOG
from streams.runtime.errors import ChangelogError
from streams.runtime.state.broker import PartitionLog, Probe, producer
from streams.runtime.state.changelog import MARKER, ChangelogWriter, UnitId, key_records
from streams.runtime.state.restore import claim, restore
from streams.runtime.state.rocks import RocksBase
from streams.runtime.state.store import MemoryBase
from streams.runtime.tasks.outbox import Outbox
from tests.integration.runtime.conftest import eventually


@pytest.fixture
async def clients(broker, settings):
    """A producer and a probe."""
    made, probe = producer(settings), Probe(settings)
    await made.start()
    await probe.start()
    yield made, probe
    await probe.stop()
    await made.stop()


class Changelog:
    """One partition of a changelog on the broker."""

    def __init__(self, settings, clients, topic: str = JOURNEY_CHANGELOG) -> None:
        self.settings, (self.producer, self.probe), self.topic = settings, clients, topic

    async def restore(self, base=None):
        base = MemoryBase() if base is None else base
        async with PartitionLog(self.settings, self.probe, self.topic, 0) as log:
            return await restore(base, log), base

    async def owner(self, epoch: int, base=None) -> tuple[ChangelogWriter, MemoryBase]:
        found, base = await self.restore(base)
        writer = ChangelogWriter(self.producer, self.topic, 0, epoch, epoch)
        position = await claim(base, writer, found, 0)
        assert position is not None
        assert base.position() == position
        return writer, base

    async def torn(self, writer: ChangelogWriter, changes: dict) -> None:
        """The keys of a unit whose marker was never written."""
        outbox = Outbox(self.producer)
        for out in key_records(self.topic, 0, changes, UnitId(writer.epoch, 99)):
            outbox.send(Out._make(out))
        await outbox.flush()


async def test_units_survive_on_the_broker(settings, clients, tmp_path):
    """Large units in several batches, deletions, a torn end: restored exactly, from nothing and from a local base."""
    changelog = Changelog(settings, clients)
    base = RocksBase(tmp_path / "db")
    writer, _ = await changelog.owner(1, base)
    big = {b"k%05d" % n: b"x" * 400 for n in range(5_000)}
    base.write(big, await writer.write(big, 10))
    await writer.write({b"k00000": b"y", b"k00001": None}, 20)
    await changelog.torn(writer, {b"k00002": b"torn", b"k9": b"torn"})

    want = {**big, b"k00000": b"y"}
    del want[b"k00001"]
    found, fresh = await changelog.restore()
    assert dict(fresh.scan(b"k")) == want
    assert (found.position.offset, found.repairs) == (20, {b"k00002", b"k9"})
    found, base = await changelog.restore(base)
    assert (found.local, found.units) == (True, 1)
    assert dict(base.scan(b"k")) == want
    base.close()

    await changelog.owner(2)
    found, fresh = await changelog.restore()
    assert dict(fresh.scan(b"k")) == want
    assert found.repairs == frozenset()


async def test_two_owners_notice_each_other(settings, clients):
    """The offsets the broker gives show the older owner that it is one, and the younger that it was written over."""
    changelog = Changelog(settings, clients)
    old, _ = await changelog.owner(1)
    await old.write({b"k": b"1"}, 1)
    young, _ = await changelog.owner(2)
    with pytest.raises(ChangelogError, match="another writer"):
        await old.write({b"k": b"0"}, 2)
    with pytest.raises(ChangelogError, match="another writer"):
        await young.write({b"k": b"2"}, 2)
    _, base = await changelog.owner(3)
    assert dict(base.scan(b"k")) == {b"k": b"1"}


async def test_compaction_by_kafka_itself(broker, settings, clients):
    """Apache Kafka's own compaction, with a torn unit repaired and a zombie fenced, leaves the state what it was."""
    if not broker.evicts:
        pytest.skip("the embedded broker does not compact")
    topic = "compacted.changelog"
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    await admin.start()
    quickly = {
        "cleanup.policy": "compact", "segment.ms": "100", "min.cleanable.dirty.ratio": "0.01",
        "min.compaction.lag.ms": "0", "delete.retention.ms": "100", "max.message.bytes": "8388608",
    }  # fmt: skip
    await admin.create_topics([NewTopic(topic, 1, 1, topic_configs=quickly)])
    await admin.close()
    changelog = Changelog(settings, clients, topic)
    writer, _ = await changelog.owner(1)
    for n in range(1, 40):
        await writer.write({b"k%d" % (n % 5): b"%d" % n, b"gone": b"%d" % n if n % 2 else None}, n)
    await changelog.torn(writer, {b"k1": b"torn", b"k7": b"torn"})
    writer, _ = await changelog.owner(2)
    await writer.write({b"k0": b"after"}, 41)
    want = {b"k0": b"after", b"k1": b"36", b"k2": b"37", b"k3": b"38", b"k4": b"39", b"gone": b"39"}
    before = len(await broker.read(topic, 1))

    async def compacted():
        await writer.write({}, 41)
        await asyncio.sleep(0.2)
        kept = await broker.read(topic, 1)
        markers = [r.offset for r in kept if r.key == MARKER]
        return markers[0] > 30 and len(kept) < before

    await eventually(compacted, "Kafka to compact", 90)
    found, base = await changelog.restore()
    assert dict(base.scan(b"k")) | dict(base.scan(b"gone")) == want
    assert found.position.offset == 41


async def test_records_of_any_size_arrive_in_order(broker, settings, clients):
    """Small and very large records, some beyond a batch, reach the broker in the order they were put in."""
    outbox = Outbox(clients[0])
    values = [b"%06d" % n + b"x" * (0 if n % 7 else 600_000) for n in range(40)]
    for value in values:
        outbox.send(Out(DEAD_LETTERS, 1, None, value, [("reason", b"too_large")], 1_000))
    await outbox.flush()
    got = await broker.read(DEAD_LETTERS)
    assert [r.value for r in got] == values
    assert set(got[0].headers) == {("reason", b"too_large")}


async def test_a_record_the_broker_refuses_is_an_error(broker, settings, clients):
    """What Kafka will not take comes out of flush; nothing behind it for that partition is sent."""
    if not broker.evicts:
        pytest.skip("the embedded broker takes records of any size")
    outbox = Outbox(clients[0])
    outbox.send(Out(DEAD_LETTERS, 0, None, os.urandom(9 * 1024 * 1024)))
    outbox.push()
    outbox.send(Out(DEAD_LETTERS, 0, None, b"behind"))
    with pytest.raises(MessageSizeTooLargeError):
        await outbox.flush()
    assert await broker.read(DEAD_LETTERS) == []
