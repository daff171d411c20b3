"""Restore: whole units only, in order, whatever has happened to the changelog."""

from __future__ import annotations

import pytest

from schemas.record import Record
from streams.runtime.errors import ChangelogError
from streams.runtime.state.changelog import ChangelogWriter
from streams.runtime.state.changelog_replayer import ReplayLimits
from streams.runtime.state.restore import Restored, claim, restore
from streams.runtime.state.store import MemoryBase, Position
from tests.support.runtime_fakes import FakeLog, FakeProducer, compacted, state


async def owner(producer: FakeProducer, epoch: int, offset: int = 0) -> ChangelogWriter:
    """A writer that has claimed the partition."""
    made = ChangelogWriter(producer, "cl", 0, epoch, epoch)
    assert await made.claim({}, offset, await producer.log("cl").end())
    return made


async def takes_over(producer: FakeProducer, epoch: int, found: Restored, base: MemoryBase) -> ChangelogWriter:
    """The writer of the next owner, which has restored and claimed."""
    made = ChangelogWriter(producer, "cl", 0, epoch, epoch)
    assert await claim(base, made, found, 0)
    return made


async def restored(producer: FakeProducer, base: MemoryBase | None = None) -> tuple[Restored, MemoryBase]:
    """A restore into a base, and the base."""
    base = MemoryBase() if base is None else base
    return await restore(base, producer.log("cl")), base


async def torn(producer: FakeProducer, w: ChangelogWriter, changes: dict, offset: int) -> None:
    """Write a unit up to, not including, its marker."""
    producer.fail("cl", producer.batches["cl", 0] + 1, RuntimeError("broker gone"))
    with pytest.raises(RuntimeError):
        await w.write(changes, offset)


async def test_units_are_applied_in_order():
    """Puts, overwrites and deletions of whole units give the state and the offset of the last."""
    producer = FakeProducer()
    w = await owner(producer, 1)
    await w.write({b"c1": b"1", b"c2": b"1"}, 5)
    await w.write({b"c1": b"2", b"c2": None}, 9)
    found, base = await restored(producer)
    assert state(base.scan) == {b"c1": b"2"}
    assert found.position == Position(1, 2, 9, await producer.log("cl").end())
    assert (found.repairs, found.epoch, found.units) == (frozenset(), 1, 3)


async def test_a_torn_unit_at_the_end_is_ignored_and_repaired_by_the_claim():
    """An unfinished unit changes nothing, and the next claim writes its keys' true values behind it."""
    producer = FakeProducer()
    w = await owner(producer, 1)
    await w.write({b"c1": b"1"}, 5)
    await torn(producer, w, {b"c1": b"2", b"c2": b"2"}, 8)
    found, base = await restored(producer)
    assert state(base.scan) == {b"c1": b"1"}
    assert found.position.offset == 5
    assert found.repairs == {b"c1", b"c2"}
    await takes_over(producer, 2, found, base)
    last = {r.key: r.value for r in producer.logs["cl", 0]}
    assert (last[b"c1"], last[b"c2"]) == (b"1", None)
    again, base = await restored(producer)
    assert state(base.scan) == {b"c1": b"1"}
    assert (again.repairs, again.epoch) == (frozenset(), 2)


@pytest.mark.parametrize("upto", range(12))
async def test_a_torn_unit_stays_ignored_however_far_the_log_is_compacted(upto):
    """Compaction up to any point, before or behind the claim, never brings an unfinished unit's values back."""
    producer = FakeProducer()
    w = await owner(producer, 1)
    await w.write({b"c1": b"1", b"c3": b"1"}, 5)
    await torn(producer, w, {b"c1": b"2", b"c2": b"2"}, 8)
    found, base = await restored(producer)
    w2 = await takes_over(producer, 2, found, base)
    await w2.write({b"c4": b"4"}, 6)
    kept = FakeLog(compacted(producer.logs["cl", 0], upto))
    fresh = MemoryBase()
    found = await restore(fresh, kept)
    assert state(fresh.scan) == {b"c1": b"1", b"c3": b"1", b"c4": b"4"}
    assert found.position.offset == 6


async def test_a_zombies_units_are_ignored_and_repaired():
    """Units of an older epoch behind a younger claim change nothing; the claim after that writes their keys again."""
    producer = FakeProducer()
    old = await owner(producer, 1)
    await old.write({b"c1": b"1"}, 5)
    found, base = await restored(producer)
    await takes_over(producer, 2, found, base)
    old._next = None  # it cannot know
    await old.write({b"c1": b"9", b"c9": b"9"}, 50)
    found, base = await restored(producer)
    assert (state(base.scan), found.position.offset, found.epoch) == ({b"c1": b"1"}, 5, 2)
    assert found.repairs == {b"c1", b"c9"}


async def test_an_owner_notices_another_writer():
    """Foreign records between two of our batches end the worker, so that the next owner repairs them."""
    producer = FakeProducer()
    old = await owner(producer, 1)
    await old.write({b"c1": b"1"}, 3)
    mine = await owner(producer, 2, 3)
    await mine.write({b"c1": b"2"}, 4)
    with pytest.raises(ChangelogError, match="another writer"):
        await old.write({b"c1": b"0"}, 4)
    with pytest.raises(ChangelogError, match="another writer"):
        await mine.write({b"c1": b"3"}, 5)


async def test_a_claim_is_void_if_somebody_wrote_since_the_restore():
    """An owner that claims without having read the last unit begins nothing; restored again it does."""
    producer = FakeProducer()
    old = await owner(producer, 1)
    await old.write({b"c1": b"1"}, 5)
    found, base = await restored(producer)
    await old.write({b"c1": b"2"}, 7)
    assert await claim(base, ChangelogWriter(producer, "cl", 0, 2, 2), found, 0) is None
    found, base = await restored(producer)
    assert (state(base.scan), found.position.offset, found.epoch) == ({b"c1": b"2"}, 7, 2)
    position = await claim(base, ChangelogWriter(producer, "cl", 0, 3, 3), found, 0)
    assert (position.epoch, position.offset) == (3, 7)


async def test_a_repeated_unit_is_applied_once():
    """A unit that comes again with its own id, or an offset that runs backwards within an epoch, changes nothing."""
    producer = FakeProducer()
    w = await owner(producer, 3)
    await w.write({b"c1": b"1"}, 5)
    await w.write({b"c1": b"2"}, 9)
    again = ChangelogWriter(producer, "cl", 0, 3, 3)
    again._sequence = 1
    await again.write({b"c1": b"1"}, 5)
    again._sequence = 7
    await again.write({b"c1": b"0"}, 2)
    found, base = await restored(producer)
    assert (state(base.scan), found.position.offset) == ({b"c1": b"2"}, 9)
    assert found.repairs == {b"c1"}


async def test_a_local_base_takes_only_what_is_newer():
    """A base that ends with a marker the changelog still holds is built on, not rebuilt."""
    producer = FakeProducer()
    w = await owner(producer, 1)
    await w.write({b"c1": b"1"}, 5)
    _, base = await restored(producer)
    await w.write({b"c2": b"2"}, 9)
    found, base = await restored(producer, base)
    assert (found.local, found.units) == (True, 1)
    assert state(base.scan) == {b"c1": b"1", b"c2": b"2"}


@pytest.mark.parametrize("kind", ["ahead", "foreign", "compacted over"])
async def test_a_base_that_does_not_belong_is_rebuilt(kind):
    """A base ahead of the changelog, of another one, or older than compaction keeps is rebuilt from the beginning."""
    producer = FakeProducer()
    w = await owner(producer, 1)
    await w.write({b"c1": b"1"}, 5)
    await w.write({b"c1": b"2"}, 6)
    base = MemoryBase()
    stale = {"ahead": Position(1, 9, 90, 99), "foreign": Position(7, 1, 6, 4), "compacted over": Position(1, 1, 5, 3)}
    base.write({b"c1": b"1", b"c7": b"7"}, stale[kind])
    log = producer.log("cl") if kind != "compacted over" else FakeLog(compacted(producer.logs["cl", 0], 99))
    found = await restore(base, log)
    assert not found.local
    assert state(base.scan) == {b"c1": b"2"}
    assert found.position.offset == 6


async def test_more_open_records_than_memory_takes():
    """A compacted log longer than the buffer is streamed, and an unfinished unit at its end is still left out."""
    producer = FakeProducer()
    w = await owner(producer, 1)
    for n in range(20):
        await w.write({b"c%d" % n: b"1"}, n)
    await torn(producer, w, {b"c%d" % n: b"2" for n in range(9)}, 99)
    base = MemoryBase()
    log = FakeLog(compacted(producer.logs["cl", 0], 39))
    found = await restore(base, log, ReplayLimits(write_every=3, buffer_most=5))
    assert state(base.scan) == {b"c%d" % n: b"1" for n in range(20)}
    assert found.position.offset == 19
    assert found.repairs == {b"c%d" % n for n in range(9)}


async def test_a_record_of_somebody_else_is_no_changelog():
    """A record without a unit ends the restore with its place, instead of becoming state."""
    base = MemoryBase()
    with pytest.raises(ChangelogError, match="cl partition 0 offset 0"):
        await restore(base, FakeLog([Record("cl", 0, 0, 0, b"k", b"v", ())]))


async def test_a_unit_with_keys_missing_is_noticed():
    """A marker that counts more keys than the log holds, with no compaction to explain it, is corruption."""
    producer = FakeProducer()
    w = await owner(producer, 1)
    await w.write({b"c1": b"1", b"c2": b"2"}, 5)
    claimed, _missing, *rest = producer.logs["cl", 0]
    lost = [r._replace(offset=n) for n, r in enumerate([claimed, *rest])]
    with pytest.raises(ChangelogError, match="should have 2 keys"):
        await restore(MemoryBase(), FakeLog(lost))
