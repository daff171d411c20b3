"""Partitions without state: outputs acknowledged, then offsets committed, then the report, in that order."""

from __future__ import annotations

import asyncio

import pytest
from faust.types import TP

from schemas.record import Out
from streams.metrics import Drain
from streams.runtime.tasks.intake import Intake, LineTiming
from streams.runtime.tasks.outbox import Outbox
from tests.support.runtime_fakes import FakeProducer, records, until

A, B = TP("in", 0), TP("in", 1)


class Copying:
    """Copies records, and reports the offsets of each line once."""

    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox
        self.lines: list[dict] = []
        self.failing = False

    def process(self, chunk) -> None:
        for record in chunk:
            if self.failing:
                raise RuntimeError("bug")
            self.outbox.send(Out("out", record.partition, record.key, b"%d" % record.offset))

    async def prepare(self, partitions) -> None:
        pass

    def draw(self, offsets) -> None:
        self.lines.append(dict(offsets))

    def report(self) -> Out | None:
        return Out("links", 0, None, repr(sorted(self.lines[-1].items())).encode())


class Rig:
    """An intake over a broker in memory, with a log of what happened in which order."""

    def __init__(self, lines: LineTiming = LineTiming()) -> None:
        self.producer = FakeProducer()
        self.copying = Copying(Outbox(self.producer))
        self.committed: list[dict] = []
        self.happened: list[str] = []
        self.intake = Intake(
            "ingest", self.copying, self.copying, self.copying.outbox,
            offsets={A: 10, B: 0}, commit=self.commit, drain=Drain(), lines=lines,
        )  # fmt: skip

    async def commit(self, offsets) -> None:
        self.happened.append("commit")
        for tp, offset in offsets.items():
            written = [int(r.value) for r in self.producer.logs["out", tp.partition]]
            assert written[-1] == offset - 1, "committed before the output was acknowledged"
        assert not any(r.key is None and str(offsets) in str(r.value) for r in self.producer.logs["links", 0])
        self.committed.append(dict(offsets))


async def test_a_line_commits_what_is_acknowledged_and_then_reports():
    """The order is outputs, commit, report; partitions that did not move are not committed."""
    rig = Rig()
    running = asyncio.ensure_future(rig.intake.run())
    rig.intake.feed(A, records("abc", 10))
    await until(lambda: rig.committed)
    rig.intake.stop()
    await asyncio.wait_for(running, 5)
    assert rig.committed == [{A: 13}]
    last = eval(rig.producer.logs["links", 0][-1].value)  # noqa: S307 - written above
    assert dict(last) == {tuple(A): 13, tuple(B): 0}


async def test_nothing_is_committed_or_reported_before_the_acknowledgement():
    """While the broker holds an output back, its offset is neither committed nor reported."""
    rig = Rig()
    running = asyncio.ensure_future(rig.intake.run())
    await until(lambda: rig.copying.lines)
    rig.producer.release.clear()
    rig.intake.feed(B, records("ab", 0, partition=1))
    await until(lambda: rig.copying.lines[-1][B] == 2)
    for _ in range(50):
        await asyncio.sleep(0)
    assert rig.committed == []
    assert all(b"2)" not in r.value for r in rig.producer.logs["links", 0])
    rig.producer.release.set()
    rig.intake.stop()
    await asyncio.wait_for(running, 5)
    assert rig.committed == [{B: 2}]


async def test_lines_rest_while_nothing_comes_and_a_record_or_the_end_wake_them():
    """An idle worker draws no line for the longer time; what comes in is committed at once, and so is the last line."""
    rig = Rig(LineTiming(every=0.0, idle_after=-1.0, idle_every=3_600.0))
    running = asyncio.ensure_future(rig.intake.run())
    await until(lambda: rig.copying.lines)
    for _ in range(1_000):
        await asyncio.sleep(0)
    assert len(rig.copying.lines) == 1
    rig.intake.feed(A, records("abc", 10))
    await until(lambda: rig.committed)
    rig.intake.stop()
    await asyncio.wait_for(running, 5)
    assert rig.committed == [{A: 13}]


async def test_an_error_comes_out_of_run():
    """A bug in the core, or a send that fails, ends the run; nothing behind the last line is committed."""
    rig = Rig()
    rig.copying.failing = True
    running = asyncio.ensure_future(rig.intake.run())
    rig.intake.feed(A, records("a", 10))
    with pytest.raises(RuntimeError, match="bug"):
        await asyncio.wait_for(running, 5)
    assert rig.committed == []

    rig = Rig()
    rig.producer.fail("out", 0, OSError("gone"))
    running = asyncio.ensure_future(rig.intake.run())
    rig.intake.feed(A, records("a", 10))
    with pytest.raises(OSError, match="gone"):
        await asyncio.wait_for(running, 5)
    assert rig.committed == []


async def test_overlapping_chunks_are_taken_once_and_gaps_are_taken_over():
    """What was fed before is left out; a gap, as transactional producers leave one, is no error."""
    rig = Rig()
    running = asyncio.ensure_future(rig.intake.run())
    rig.intake.feed(A, records("abc", 10))
    rig.intake.feed(A, records("abcd", 10))
    rig.intake.feed(A, records("e", 20))
    await until(lambda: rig.intake.offsets[A] == 21)
    rig.intake.stop()
    await asyncio.wait_for(running, 5)
    assert [int(r.value) for r in rig.producer.logs["out", 0]] == [10, 11, 12, 13, 20]
    assert rig.intake.resume_at(A) == 21
