"""Two owners that claim a partition at once, under one epoch."""

from __future__ import annotations

from schemas.record import Out, Record
from streams.runtime.state.changelog import Marker, UnitId, key_records, marker_record
from streams.runtime.state.changelog_replayer import ChangelogReplayer
from streams.runtime.state.store import MemoryBase, Position
from tests.support.runtime_fakes import state


def unit(epoch: int, sequence: int, value: bytes, read: int | None) -> list[Out]:
    """The records of a unit of one key; a claim says up to where its owner had `read`."""
    name = UnitId(epoch, sequence)
    marker = Marker(name, 5, epoch, 1, read)
    return [*map(Out._make, key_records("cl", 0, {b"c": value}, name)), marker_record("cl", 0, marker)]


def folded(outs: list[Out]) -> tuple[ChangelogReplayer, MemoryBase]:
    """What restoring these records finds."""
    fold = ChangelogReplayer(base := MemoryBase())
    for offset, out in enumerate(outs):
        fold.add(Record("cl", 0, offset, 0, out.key, out.value, out.headers))
    fold.finish()
    return fold, base


def test_claims_of_one_epoch_that_cross_are_both_void():
    """Neither has read what the other wrote: the changelog stands as before, its key to be written again."""
    one, two = unit(2, 0, b"1", 3), unit(2, 0, b"1", 3)
    fold, base = folded([*unit(1, 0, b"0", 0), *unit(1, 1, b"1", None)[:1], one[0], two[0], one[1], two[1]])
    assert fold.position == Position(1, 0, 5, 2)
    assert state(base.scan) == {b"c": b"0"}
    assert (fold.repairs, fold.epoch) == ({b"c"}, 2)


def test_of_two_claims_of_one_epoch_one_behind_the_other_the_first_counts():
    """The second had not read the first."""
    fold, base = folded([*unit(1, 0, b"0", 0), *unit(2, 0, b"1", 2), *unit(2, 0, b"2", 2)])
    assert fold.position == Position(2, 0, 5, 4)
    assert state(base.scan) == {b"c": b"1"}
