"""A worker on a real broker: what it commits, what it resumes, and how it ends when something fails."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from urllib.request import urlopen

import pytest

from schemas.topics import STITCHED_EVENTS
from tests.integration.runtime.conftest import INPUT, PARTITIONS, counts_of, eventually, many


async def all_committed(broker, ends=None):
    """Wait until the group has committed everything there is."""
    ends = ends or await broker.ends(INPUT)

    async def done():
        return await broker.committed(INPUT) == ends

    await eventually(done, "all offsets to be committed")


async def test_commits_advance_with_the_chunks_and_a_stop_is_clean(broker, worker):
    """Lists of records are committed to their very end, a stop exits 0, and a restart repeats nothing."""
    first, second = many(20_000), many(3_000)
    await broker.produce(INPUT, first)
    one = worker()
    await all_committed(broker)
    one.signal(signal.SIGTERM)
    assert await one.ended() == 0, one.said
    await broker.produce(INPUT, second)
    two = worker()
    await all_committed(broker)
    two.signal(signal.SIGINT)
    assert await two.ended() == 0, two.said
    assert await broker.state() == counts_of(first + second)
    assert Counter(r.value for r in await broker.read(STITCHED_EVENTS)) == Counter(v for *_, v in first + second)
    assert "local=True" in two.said


async def test_kill_9_loses_and_doubles_nothing(broker, worker, tmp_path):
    """Killed again and again in the middle, with its state directory and without, the counts come out exact."""
    records = many(40_000)
    await broker.produce(INPUT, records)
    for life in range(4):
        one = worker(name=f"w{life % 2}")
        target = 6_000 * (life + 1)

        async def far_enough(target=target):
            return sum(await broker.ends(STITCHED_EVENTS)) >= target

        await eventually(far_enough, f"{target} outputs")
        one.signal(signal.SIGKILL)
        await one.ended()
        committed, markers = await broker.committed(INPUT), await broker.markers()
        assert all(c <= m for c, m in zip(committed, markers, strict=True)), "committed ahead of the state"
    last = worker(name="w9")
    await last.has_said("restored", PARTITIONS)
    await all_committed(broker)
    last.signal(signal.SIGTERM)
    assert await last.ended() == 0, last.said
    assert await broker.state() == counts_of(records)
    assert {r.value for r in await broker.read(STITCHED_EVENTS)} == {v for *_, v in records}


async def test_an_exception_acknowledges_nothing(broker, worker):
    """A task that raises ends the worker with nothing committed behind the last unit, and quotes nobody."""
    await broker.produce(INPUT, many(400))
    one = worker("raising", WINBACK_LOG_LEVEL="debug")
    await all_committed(broker)
    await broker.produce(INPUT, [(0, b"k", b"poison anna@example.com"), *many(400)])
    assert await one.ended() == 1
    assert (await broker.committed(INPUT))[0] == 100
    assert (await broker.markers())[0] == 100
    assert "ValueError at runtime/small_worker.py" in one.said
    assert "anna" not in one.said


async def test_a_failed_send_ends_the_worker_uncommitted(broker, worker):
    """A record that cannot be sent is not only logged: the unit it belongs to is never written."""
    await broker.produce(INPUT, many(400))
    one = worker("misdirected")
    await all_committed(broker)
    await broker.produce(INPUT, [(0, b"k", b"poison"), *many(40)])
    assert await one.ended() == 1, one.said
    assert (await broker.markers())[0] == 100
    assert (await broker.committed(INPUT))[0] == 100


async def test_a_computation_that_does_not_end_ends_the_worker(broker, worker):
    """A task that hangs is noticed from outside the event loop."""
    await broker.produce(INPUT, [(0, b"k", b"poison")])
    one = worker("hanging", WINBACK_STALL_TIMEOUT="2")
    assert await one.ended() == 70
    assert "nothing has run in this worker" in one.said
    assert await broker.committed(INPUT) == [0, 0, 0, 0]


async def test_records_that_are_never_fetched_end_the_worker(broker, worker):
    """A consumer that silently stops fetching is noticed, because the broker is asked how far the partition goes."""
    await broker.produce(INPUT, many(40))
    one = worker("deaf", WINBACK_STALL_TIMEOUT="2")
    assert await one.ended() == 1
    assert "StalledError: profile.events partition" in one.said


async def test_a_worker_that_was_stopped_writes_nothing_more(broker, worker):
    """SIGSTOP until others have its partitions, or wait for it: what it then still believes in comes to nothing."""
    records = many(30_000)
    await broker.produce(INPUT, records)
    one = worker(name="a", SMALL_SESSION="6")

    async def begun():
        return sum(await broker.ends(STITCHED_EVENTS)) > 2_000

    await eventually(begun, "the first outputs")
    one.signal(signal.SIGSTOP)
    two = worker(name="b", SMALL_SESSION="6")
    if broker.evicts:
        await all_committed(broker)
    else:
        await two.has_said("started")
    one.signal(signal.SIGCONT)
    more = many(4_000)
    await broker.produce(INPUT, more)
    await all_committed(broker)
    await two.has_said("restored")
    for each in (one, two):
        if each.process.poll() is None:
            each.signal(signal.SIGTERM)
    await one.ended()
    assert await two.ended() == 0, two.said
    again = worker(name="c")
    await again.has_said("restored", times=4)
    again.signal(signal.SIGTERM)
    assert await again.ended() == 0, again.said
    assert await broker.state() == counts_of(records + more)


async def test_a_group_that_cannot_be_joined_ends_the_worker(broker, worker):
    """What aiokafka keeps for whoever polls next, and Faust never asks for, ends the worker instead of stalling it."""
    one = worker(SMALL_SESSION="0.5")
    assert await one.ended() == 1
    assert "the consumer group cannot be joined: InvalidSessionTimeoutError" in one.said


async def test_workers_come_and_go(broker, worker):
    """Partitions move between workers while records flow, and the counts come out exact."""
    records = many(40_000)
    await broker.produce(INPUT, records)
    one = worker(name="a")

    async def begun():
        return sum(await broker.ends(STITCHED_EVENTS)) > 2_000

    await eventually(begun, "the first outputs")
    two = worker(name="b")
    await two.has_said("restored")
    one.signal(signal.SIGTERM)
    assert await one.ended() == 0, one.said
    await all_committed(broker)
    two.signal(signal.SIGTERM)
    assert await two.ended() == 0, two.said
    assert await broker.state() == counts_of(records)
    assert {r.value for r in await broker.read(STITCHED_EVENTS)} == {v for *_, v in records}


async def test_partitions_taken_away_during_a_restore(broker, worker):
    """A rebalance in the middle of a restore gives it up, and the next assignment restores anew; nobody fails."""
    records = many(2_000)
    await broker.produce(INPUT, records)
    one = worker(name="a", SMALL_RESTORE="4", SMALL_SESSION="6")
    await one.has_said("started")
    two = worker(name="b")
    await two.has_said("restored")
    await one.has_said("restored")
    await all_committed(broker)
    for each in (one, two):
        each.signal(signal.SIGTERM)
        assert await each.ended() == 0, each.said
    assert await broker.state() == counts_of(records)


async def test_a_missing_broker_is_named_and_waited_for(server, worker):
    """Without a broker the worker says which and tries again, slower and slower, and a stop ends it at once."""
    one = worker()
    await one.has_said("cannot reach Kafka", times=3)
    assert f"cannot reach Kafka at {server.address} (WINBACK_KAFKA)" in one.said
    assert "Traceback" not in one.said
    one.signal(signal.SIGTERM)
    assert await one.ended(10) == 0


async def test_missing_topics_are_named_and_waited_for(server, worker):
    """A broker without the topics is told from a missing one."""
    server.start()
    one = worker()
    await one.has_said("has no topic")
    assert "run `winback topics`" in one.said


async def test_another_partition_count_is_refused(broker, worker):
    """Settings that do not fit the topics end the worker with what to set, instead of sending events astray."""
    one = worker(WINBACK_PARTITIONS="8")
    assert await one.ended() == 2
    assert "WINBACK_PARTITIONS" in one.said


async def test_a_taken_metrics_address_is_one_line(broker, worker):
    """Two workers with one metrics address: the second says so and exits 2."""
    one = worker(name="a")
    await one.has_said("started")
    two = worker(name="b", WINBACK_METRICS=one.metrics)
    assert await two.ended() == 2
    assert two.said.count("\n") == 1
    assert f"metrics cannot be served on {one.metrics}" in two.said


async def test_metrics_are_served(broker, worker):
    """A worker's metrics are at its own address, with the lag of its partitions."""
    await broker.produce(INPUT, many(400))
    one = worker()
    await all_committed(broker)

    def page() -> str:
        with urlopen(f"http://{one.metrics}/metrics", timeout=5) as answer:
            return answer.read().decode()

    async def shown():
        text = await asyncio.to_thread(page)
        return text if 'winback_consumer_lag{partition="3",topic="profile.events"} 0.0' in text else None

    text = await eventually(shown, "the lag to be shown")
    for name in (
        "winback_commit_seconds_count",
        "winback_restore_seconds_count 4.0",
        'chunk_seconds_count{agent="journey"}',
    ):
        assert name in text


@pytest.mark.parametrize("kill", [False, True])
async def test_reports_follow_commits(broker, worker, kill):
    """An intake's outputs are complete and its last report is of what is committed, killed in the middle or not."""
    topic, records = "channels.web", many(20_000)
    await broker.produce(topic, records)
    one = worker("echo")
    if kill:

        async def begun():
            return sum(await broker.ends(STITCHED_EVENTS)) > 2_000

        await eventually(begun, "the first outputs")
        one.signal(signal.SIGKILL)
        await one.ended()
        one = worker("echo", name="again")
        await one.has_said("started")
    ends = await broker.ends(topic)

    async def reported():
        said = [r.value.decode() for r in await broker.read("identity.links", 1)]
        return said and all(f"channels.web,{p},{end}" in said[-1] for p, end in enumerate(ends))

    await eventually(reported, "the last position to be reported")
    assert await broker.committed(topic) == ends
    one.signal(signal.SIGTERM)
    assert await one.ended() == 0, one.said
    values = [r.value for r in await broker.read(STITCHED_EVENTS)]
    assert set(values) == {v for *_, v in records}
    assert kill or len(values) == len(records)
