"""One partition of a keyed agent: what it feeds its task, when it commits, how it stops."""

from __future__ import annotations

import asyncio

import pytest
from faust.types import TP

from streams.metrics import Drain
from streams.runtime.errors import TopicError
from streams.runtime.state.changelog import ChangelogWriter
from streams.runtime.state.store import MemoryBase, PartitionStore
from streams.runtime.tasks.commit import Committer
from streams.runtime.tasks.outbox import Outbox
from streams.runtime.tasks.partition import Inbox, KeyedPartition
from tests.support.runtime_fakes import Counting, FakeProducer, records, state, until


class Rig:
    """A partition with a counting task over a broker in memory."""

    def __init__(self, *, interval: float = 0.01, step: int = 10_000, **limits: int) -> None:
        self.producer = FakeProducer()
        self.store = PartitionStore(MemoryBase())
        self.outbox = Outbox(self.producer)
        self.task = Counting(self.store, self.outbox, step=step)
        self.task.load()
        self.writer = ChangelogWriter(self.producer, "cl", 0, 1, 1)
        self.finished: list[int] = []
        committer = Committer(self.store, self.outbox, self.writer, guard=lambda: None, finished=self.finished.append)
        self.lane = KeyedPartition(
            "journey", TP("in", 0), self.task, self.store, self.outbox, committer,
            offset=0, commit_interval=interval, drain=Drain(), **limits,
        )  # fmt: skip

    async def start(self) -> asyncio.Task:
        assert await self.writer.claim({}, 0, 0)
        return asyncio.ensure_future(self.lane.run())


async def test_units_are_committed_on_time_and_at_the_stop():
    """What was consumed is committed after the interval without new input, and the rest when it stops."""
    rig = Rig()
    running = await rig.start()
    rig.lane.feed(records("abc"))
    await until(lambda: rig.finished == [3])
    rig.lane._interval = 60.0
    rig.lane.feed(records("ab", 3))
    await until(lambda: rig.lane.offset == 5)
    rig.lane.stop()
    await running
    assert rig.finished == [3, 5]
    assert state(rig.store.base.scan) == {b"ca": b"2", b"cb": b"2", b"cc": b"1", b"total": b"5"}


async def test_a_task_may_consume_less_than_it_is_given():
    """What is left is given again until all is consumed, in order, and others run in between."""
    rig = Rig(step=2)
    running = await rig.start()
    rig.lane.feed(records("abcdefg"))
    await until(lambda: rig.finished and rig.finished[-1] == 7)
    rig.lane.stop()
    await running
    assert [r.value for r in rig.producer.logs["out", 0]] == [b"%c=1" % c for c in b"abcdefg"]
    assert [r.value for r in rig.producer.logs["after", 0]] == [b"2", b"4", b"6", b"7"]


async def test_a_unit_is_due_when_it_has_many_keys():
    """A unit that touches many keys does not wait for its time."""
    rig = Rig(interval=60.0, slice_records=4, unit_keys=5)
    running = await rig.start()
    rig.lane.feed(records("abcdefghijkl"))
    await until(lambda: rig.lane.offset == 12)
    assert rig.finished == [8]
    rig.lane.stop()
    await running
    assert rig.finished == [8, 12]


async def test_what_was_fed_before_is_left_out():
    """Chunks that overlap, as after a seek, are consumed once."""
    rig = Rig()
    running = await rig.start()
    rig.lane.feed(records("abcd"))
    rig.lane.feed(records("abcdef"))
    rig.lane.feed(records("ab"))
    await until(lambda: rig.finished and rig.finished[-1] == 6)
    rig.lane.stop()
    await running
    assert rig.task.total == 6


async def test_missing_records_are_an_error():
    """A gap in the input is never jumped over."""
    rig = Rig()
    rig.lane.feed(records("ab"))
    with pytest.raises(TopicError, match="records 2 to 4 are gone"):
        rig.lane.feed(records("a", 5))


async def test_an_error_commits_nothing_more():
    """An exception of the task comes out of `run`, and the offset stays where the last unit was."""
    rig = Rig()
    running = await rig.start()
    rig.lane.feed(records("ab"))
    await until(lambda: rig.finished == [2])
    rig.task.process = lambda _records: 1 // 0
    rig.lane.feed(records("cd", 2))
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(running, 5)
    assert rig.finished == [2]


async def test_the_inbox_waits_no_longer_than_told():
    """`take` returns what waits, a slice of it at least, or nothing when its time is up or somebody wakes it."""
    inbox = Inbox()
    assert await inbox.take(0.001) == []
    inbox.put(records("ab"))
    inbox.put(records("c", 2))
    assert (inbox.records, inbox.full) == (3, False)
    inbox.put(records("de", 3))
    assert [r.offset for r in await inbox.take(0, 3)] == [0, 1, 2]
    assert [r.offset for r in await inbox.take(0, 1)] == [3, 4]
    assert inbox.records == 0
    waiting = asyncio.ensure_future(inbox.take(60))
    await asyncio.sleep(0)
    inbox.wake()
    assert await asyncio.wait_for(waiting, 5) == []
