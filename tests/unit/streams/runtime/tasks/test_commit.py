"""The four steps: a crash after any of them, in any order of lives, loses and doubles nothing."""

from __future__ import annotations

import random

import pytest

from streams.runtime.errors import ChangelogError
from streams.runtime.state.changelog import ChangelogWriter
from streams.runtime.state.restore import claim, restore
from streams.runtime.state.rocks import RocksBase
from streams.runtime.state.store import MemoryBase, PartitionStore
from streams.runtime.tasks.commit import Committer
from streams.runtime.tasks.outbox import Outbox
from tests.support.runtime_fakes import Counting, FakeProducer, compacted, records, state


class CrashError(Exception):
    """The process is gone."""


class Life:
    """One worker's time with the partition, over a broker that survives it."""

    def __init__(self, producer: FakeProducer, base, generation: int) -> None:
        self.producer = producer
        self.base = base
        self.generation = generation
        self.committed: list[int] = []
        self.crash_at: str | None = None

    async def begin(self) -> None:
        self.found = found = await restore(self.base, self.producer.log("cl"))
        epoch = max(self.generation, found.epoch + 1)
        self.writer = ChangelogWriter(self.producer, "cl", 0, epoch, self.generation)
        position = await claim(self.base, self.writer, found, 0)
        assert position is not None
        self.offset = position.offset
        self.store = PartitionStore(self.base)
        self.outbox = Outbox(self.producer)
        self.task = Counting(self.store, self.outbox)
        self.task.load()
        self.committer = Committer(self.store, self.outbox, self.writer, guard=self.guard, finished=self.finished)

    def guard(self) -> None:
        if self.crash_at == "guard":
            raise CrashError

    def finished(self, offset: int) -> None:
        if self.crash_at == "4":
            raise CrashError
        self.committed.append(offset)

    async def work(self, log: list, upto: int) -> None:
        part = log[self.offset : upto]
        assert self.task.process(part) == len(part)
        self.offset = upto
        if self.crash_at == "1":
            raise CrashError
        if self.crash_at == "2":
            self.producer.fail("out", self.producer.batches["out", 0], CrashError())
        if self.crash_at == "after":
            self.producer.fail("after", self.producer.batches["after", 0], CrashError())
        if self.crash_at == "3":
            self.producer.fail("cl", self.producer.batches["cl", 0], CrashError())
        if self.crash_at == "3 torn":
            self.producer.fail("cl", self.producer.batches["cl", 0] + 1, CrashError())
        if self.crash_at == "3 base":
            self.base.write = lambda *_: (_ for _ in ()).throw(CrashError())
        await self.committer.commit(self.task, upto)


STEPS = ["1", "2", "after", "3", "3 torn", "3 base", "4", "guard"]
DURABLE = {"3 base", "4"}
"""Crashes behind the marker: the unit counts although the worker never knew."""


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("lost_base", [True, False])
async def test_a_crash_at_each_step(step, lost_base, tmp_path):
    """State and resume offset after a crash are those of the last marker, with the local state and without it."""
    producer, log = FakeProducer(), records("abcabcabaaaa")
    base = RocksBase(tmp_path / "db")
    life = Life(producer, base, 1)
    await life.begin()
    await life.work(log, 6)
    assert life.committed == [6]
    life.crash_at = step
    with pytest.raises(CrashError):
        await life.work(log, 9)
    assert life.committed == [6]
    base.close()

    again = Life(producer, MemoryBase() if lost_base else RocksBase(tmp_path / "db"), 2)
    await again.begin()
    assert again.offset == (9 if step in DURABLE else 6)
    assert again.found.local is not lost_base
    await again.work(log, 12)
    assert state(again.store.scan) == {b"ca": b"7", b"cb": b"3", b"cc": b"2", b"total": b"12"}
    assert again.committed == [12]
    again.base.close()


async def test_outputs_may_repeat_but_are_the_same():
    """A crash before the marker makes the outputs again, byte for byte."""
    producer, log = FakeProducer(), records("abcabc")
    life = Life(producer, MemoryBase(), 1)
    await life.begin()
    life.crash_at = "3"
    with pytest.raises(CrashError):
        await life.work(log, 6)
    again = Life(producer, MemoryBase(), 2)
    await again.begin()
    await again.work(log, 6)
    out = [r.value for r in producer.logs["out", 0]]
    assert out == [b"a=1", b"b=1", b"c=1", b"a=2", b"b=2", b"c=2"] * 2


@pytest.mark.parametrize("seed", range(100))
async def test_any_sequence_of_lives(seed):
    """Crashes anywhere, zombies that write on, compaction and lost or old local state: the counts are always exact."""
    rng = random.Random(seed)
    producer = FakeProducer(batch_bytes=rng.choice([40, 1000]))
    log = records("".join(rng.choice("abcdefgh") for _ in range(60)))
    base, old_bases, zombies, generation = MemoryBase(), [], [], 0
    for _ in range(40):
        generation += rng.choice([1, 1, 1, -2 if generation > 3 else 1])
        kept = rng.choice([base, MemoryBase(), *old_bases])
        life = Life(producer, kept, generation)
        try:
            await life.begin()
            if rng.random() < 0.4:  # an hour later: what was left unfinished has been repaired by the claim
                end = producer.logs["cl", 0][-1].offset + 1
                producer.logs["cl", 0][:] = compacted(producer.logs["cl", 0], rng.randint(0, end))
            base = kept
            while life.offset < len(log):
                life.crash_at = rng.choice([None, None, *STEPS])
                await life.work(log, min(len(log), life.offset + rng.randint(1, 9)))
                if rng.random() < 0.2:
                    old_bases.append(_copied(base))
                if zombies and rng.random() < 0.3:
                    zombie = zombies.pop()
                    zombie.writer._next = None
                    await zombie.writer.write({b"ca": b"99", b"cz": b"1"}, rng.randint(0, 60))
            break
        except CrashError:
            if life.committed and rng.random() < 0.5:
                zombies.append(life)
        except ChangelogError:
            continue  # another writer was noticed: the next life repairs what it wrote
    producer._failing.clear()
    last = Life(producer, MemoryBase(), generation + 1)
    await last.begin()
    if last.offset < len(log):
        await last.work(log, len(log))
    want: dict[bytes, int] = {}
    for record in log:
        want[b"c" + record.key] = want.get(b"c" + record.key, 0) + 1
    assert state(last.store.scan) == {k: b"%d" % n for k, n in want.items()} | {b"total": b"60"}


def _copied(base: MemoryBase) -> MemoryBase:
    copy = MemoryBase()
    copy.write(dict(base.scan(b"")), base.position())
    return copy
