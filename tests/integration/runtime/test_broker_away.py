"""A worker whose broker goes away, comes back, or comes back as another."""

from __future__ import annotations

import shutil
import signal

from schemas.topics import STITCHED_EVENTS
from tests.integration.runtime.conftest import INPUT, counts_of, eventually, many
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


async def test_an_input_topic_without_its_records_is_refused(broker, worker):
    """A changelog that speaks of more input than there is ends the worker, with what to do, before it does harm."""
    await broker.produce(INPUT, many(400))
    one = worker()
    await all_committed(broker)
    one.signal(signal.SIGTERM)
    assert await one.ended() == 0, one.said
    await broker.recreate(INPUT)
    two = worker()
    assert await two.ended() == 1
    assert "journey.changelog partition" in two.said
    assert "recreate both topics or neither" in two.said
