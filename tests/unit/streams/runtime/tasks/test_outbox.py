"""Outbox: nothing is forgotten, order is kept, errors come out."""

from __future__ import annotations

import asyncio

import pytest

from schemas.record import Out
from streams.runtime.tasks.outbox import Outbox
from tests.support.runtime_fakes import FakeProducer


def out(topic: str, value: bytes, partition: int = 0, **rest) -> Out:
    """A record to send."""
    return Out(topic, partition, b"k", value, **rest)


def values(producer: FakeProducer, topic: str, partition: int = 0) -> list[bytes | None]:
    """What has arrived."""
    return [r.value for r in producer.logs[topic, partition]]


async def test_flush_returns_when_every_record_is_acknowledged():
    """Flush waits for the broker: it is not done while the acknowledgement is held back."""
    producer = FakeProducer()
    outbox = Outbox(producer)
    producer.release.clear()
    for n in range(300):
        outbox.send(out("a", b"%d" % n, n % 3))
    flushing = asyncio.ensure_future(outbox.flush())
    for _ in range(20):
        await asyncio.sleep(0)
    assert not flushing.done()
    assert outbox.flying == 300
    producer.release.set()
    await flushing
    assert outbox.flying == 0
    assert [values(producer, "a", p) for p in range(3)] == [[b"%d" % n for n in range(p, 300, 3)] for p in range(3)]


async def test_after_goes_behind_everything_sent_before_it():
    """A record put in with `after` is handed to the producer only when all earlier sends are acknowledged."""
    producer = FakeProducer()
    outbox = Outbox(producer)
    producer.release.clear()
    outbox.send(out("a", b"1"))
    outbox.after(out("ack", b"done"))
    outbox.send(out("b", b"2"))
    flushing = asyncio.ensure_future(outbox.flush())
    for _ in range(20):
        await asyncio.sleep(0)
    assert sorted(producer.order) == ["a", "b"]
    producer.release.set()
    await flushing
    assert producer.acknowledged[-1] == "ack"


async def test_a_failed_send_comes_out_of_flush():
    """An error of one batch among many is raised by flush, never only logged."""
    producer = FakeProducer()
    outbox = Outbox(producer)
    producer.fail("a", 2, RuntimeError("refused"))
    for n in range(200):
        outbox.send(out("a", b"%0100d" % n))
    with pytest.raises(RuntimeError, match="refused"):
        await outbox.flush()


async def test_a_failed_push_stops_what_comes_behind_it():
    """After a failed batch nothing more goes to that partition, so no later record stands before a missing one."""
    producer = FakeProducer()
    outbox = Outbox(producer)
    producer.fail("a", 0, RuntimeError("refused"))
    outbox.send(out("a", b"1"))
    outbox.push()
    outbox.send(out("a", b"2"))
    outbox.push()
    outbox.after(out("ack", b"done"))
    with pytest.raises(RuntimeError):
        await outbox.flush()
    assert values(producer, "a") == []
    assert values(producer, "ack") == []


async def test_room_raises_what_a_send_raised():
    """Whoever waits for room learns of a failed send instead of waiting for ever."""
    producer = FakeProducer()
    outbox = Outbox(producer)
    producer.fail("a", 0, RuntimeError("refused"))
    outbox.send(out("a", b"1"))
    outbox.send(out("a", b"1", 1))
    producer.fail("a", 0, RuntimeError("refused"))
    producer.release.clear()
    outbox.push()
    waiting = asyncio.ensure_future(outbox.room(1))
    await asyncio.sleep(0)
    producer.release.set()
    with pytest.raises(RuntimeError):
        await asyncio.wait_for(waiting, 5)


async def test_a_record_over_the_batch_size_gets_a_batch_of_its_own():
    """Large records are sent, each alone, and order is kept around them."""
    producer = FakeProducer(batch_bytes=100)
    outbox = Outbox(producer)
    sent = [b"small", b"x" * 5000, b"small2", b"y" * 5000]
    for value in sent:
        outbox.send(out("a", value))
    await outbox.flush()
    assert values(producer, "a") == sent


async def test_timestamps_and_headers_are_kept():
    """A record's own timestamp, key and headers reach the broker."""
    producer = FakeProducer()
    outbox = Outbox(producer)
    outbox.send(out("a", b"1", headers=[("reason", b"x")], timestamp=1_234))
    await outbox.flush()
    record = producer.logs["a", 0][0]
    assert (record.timestamp, record.key, record.headers) == (1_234, b"k", (("reason", b"x"),))


async def test_nothing_is_sent_once_the_guard_forbids():
    """The guard is asked before anything is handed to the producer."""
    producer = FakeProducer()
    allowed = [True]

    def guard() -> None:
        if not allowed[0]:
            raise PermissionError

    outbox = Outbox(producer, guard)
    outbox.send(out("a", b"1"))
    await outbox.flush()
    allowed[0] = False
    outbox.send(out("a", b"2"))
    with pytest.raises(PermissionError):
        await outbox.flush()
    assert values(producer, "a") == [b"1"]
