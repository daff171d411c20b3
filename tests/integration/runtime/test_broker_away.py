"""A worker whose broker goes away, comes back, or comes back as another."""

from __future__ import annotations

import shutil
import signal
import time

import pytest

from schemas.topics import STITCHED_EVENTS
from tests.integration.runtime.conftest import INPUT, Embedded, counts_of, eventually, many
from tests.integration.runtime.test_worker import all_committed


async def test_a_broker_that_goes_away_for_good_ends_the_worker(broker, worker):
    """No answer for a session: the worker says that its partitions may be another's, and ends with nothing lost."""
    records = many(30_000)
    await broker.produce(INPUT, records)
    one = worker(SMALL_SESSION="6")

    async def begun():
        return sum(await broker.ends(STITCHED_EVENTS)) > 2_000

    await eventually(begun, "the first outputs")
    broker.server.stop()
    assert await one.ended() == 1
    assert "LostMembershipError" in one.said
    broker.server.start()
    again = worker(name="again")
    await again.has_said("restored", times=4)
    await all_committed(broker)
    again.signal(signal.SIGTERM)
    assert await again.ended() == 0, again.said
    assert await broker.state() == counts_of(records)
    assert {r.value for r in await broker.read(STITCHED_EVENTS)} == {v for *_, v in records}


async def test_a_broker_that_restarts_loses_and_doubles_nothing(broker, worker):
    """Through a restart of the broker a worker goes on, or ends and is started again; the counts come out exact."""
    records = many(30_000)
    await broker.produce(INPUT, records)
    one = worker()

    async def begun():
        return sum(await broker.ends(STITCHED_EVENTS)) > 2_000

    await eventually(begun, "the first outputs")
    broker.server.stop()
    broker.server.start()
    lives = [one]

    async def done():
        if lives[-1].process.poll() is not None:
            lives.append(worker(name=f"w{len(lives)}"))
        return await broker.committed(INPUT) == [7_500] * 4

    await eventually(done, "all offsets to be committed")
    lives[-1].signal(signal.SIGTERM)
    await lives[-1].ended()
    assert await broker.state() == counts_of(records)


async def test_state_of_another_broker_is_not_believed(broker, worker, tmp_path):
    """A new, empty broker at the old address: the local state is rebuilt from its changelog, that is forgotten."""
    await broker.produce(INPUT, many(4_000))
    one = worker()
    await all_committed(broker)
    one.signal(signal.SIGTERM)
    assert await one.ended() == 0, one.said
    broker.server.stop()
    shutil.rmtree(tmp_path / "broker")
    broker.server.start()
    await broker.make_topics()
    records = many(400)
    await broker.produce(INPUT, records)
    two = worker()
    await all_committed(broker)
    two.signal(signal.SIGTERM)
    assert await two.ended() == 0, two.said
    assert "it is rebuilt" in two.said
    assert await broker.state() == counts_of(records)


async def test_an_input_that_ends_before_the_state_is_told_and_goes_on(broker, worker):
    """A state that has read more than there is: said and counted; what comes under those offsets is processed once."""
    records = many(400)
    await broker.produce(INPUT, records)
    one = worker()
    await all_committed(broker)
    one.signal(signal.SIGTERM)
    assert await one.ended() == 0, one.said
    await broker.recreate(INPUT)
    two = worker(name="two")
    await two.has_said("restored", times=4)
    assert two.said.count("the broker has lost records") == 4
    assert f"topic={INPUT}" in two.said
    assert f'winback_offsets_beyond_end_total{{topic="{INPUT}"}} 4.0' in await two.shown()
    more = many(800)[400:]
    await broker.produce(INPUT, more)

    async def counted():
        return await broker.markers() == [100] * 4

    await eventually(counted, "the new records to be counted")
    two.signal(signal.SIGTERM)
    assert await two.ended() == 0, two.said
    assert await broker.state() == counts_of(records + more)
    three = worker(name="three")
    await three.has_said("restored", times=4)
    assert "the broker has lost records" not in three.said


async def test_a_broker_that_goes_back_under_a_worker_ends_it(server, broker, worker, tmp_path):
    """Killed and back at an earlier moment: the worker ends, loudly; the next rebuilds its state and counts right."""
    if not isinstance(server, Embedded):
        pytest.skip("Apache Kafka keeps what it acknowledges")
    before, lost, after = many(400), many(800)[400:], many(1200)[800:]
    await broker.produce(INPUT, before)
    one = worker()
    await all_committed(broker)
    saved = tmp_path / "broker" / "kafka.json"

    async def at_rest():
        return saved.exists() and time.time() - saved.stat().st_mtime > 2.5  # it saves every second what has changed

    await eventually(at_rest, "the broker to have saved everything")
    content = saved.read_bytes()
    await broker.produce(INPUT, lost)
    await all_committed(broker, [200] * 4)
    server.stop()
    saved.write_bytes(content)
    server.start()
    assert await one.ended() == 1
    assert "the worker stops" in one.said
    assert any(reason in one.said for reason in ("OutOfOrderSequence", "has lost records", "LostMembership")), one.said
    two = worker()
    await two.has_said("restored", times=5)
    assert "it is rebuilt" in two.said
    await broker.produce(INPUT, after)
    await all_committed(broker, [200] * 4)
    two.signal(signal.SIGTERM)
    assert await two.ended() == 0, two.said
    assert await broker.state() == counts_of(before + after)


@pytest.mark.kafka
async def test_a_log_that_becomes_shorter_under_a_worker_is_said_and_gone_on_with(broker, worker):
    """The watchdog ends a worker whose log has become shorter; one that a rebalance restores first says it there.

    Either way the loss is told, and what is there from then on is counted once.
    """
    records = many(400)
    await broker.produce(INPUT, records)
    one = worker()
    await all_committed(broker)
    await broker.recreate(INPUT)

    async def told():
        return one.process.poll() is not None or "beyond the end of its log" in one.said

    await eventually(told, "the worker to end or to say what is lost")
    if "beyond the end of its log" in one.said:
        await one.has_said("restored", times=8)
    else:
        assert await one.ended() == 1
        assert "the worker stops" in one.said
        two = worker(name="two")
        await two.has_said("restored", times=4)
    more = many(800)[400:]
    await broker.produce(INPUT, more)

    async def counted():
        return await broker.markers() == [100] * 4

    await eventually(counted, "the new records to be counted")
    assert await broker.state() == counts_of(records + more)
