"""Fold: a changelog read into a base, whole units only, in order, whatever compaction has left of it.

What a unit without a marker means depends on where it stands:

- at the end of the log: it was never finished, and is ignored;
- before a unit of the same epoch: it was whole, and its marker is compacted away, because an owner that fails to
  finish a unit writes nothing more;
- before a unit of a later epoch: never finished, and ignored, if the log has no gap since its first record. If it
  has, the marker may be compacted away, and it is applied: had it been unfinished after all, the claim that began the
  later epoch wrote the true values of its keys, and these come behind it (streams/runtime/state/changelog.py).

A unit of an older epoch than any record before it is a zombie's, one that was there already is a repetition, and a
claim that others' records stand before which its owner had not read is void: all are ignored. Keys of ignored units
whose true value is not further on in the log are `repairs`: the next claim writes them again.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from schemas.record import Record
from streams.runtime.errors import ChangelogError
from streams.runtime.state.changelog import MARKER, Marker, UnitId, read_marker, unit_of
from streams.runtime.state.store import Base, Position

WRITE_EVERY: Final = 20_000
"""Keys gathered before they are written to the base in one batch."""
BUFFER_MOST: Final = 200_000
"""Records kept until their marker is seen. More are only met in a log whose markers are compacted away."""


class ReplayLimits(NamedTuple):
    """How much a replay keeps in memory."""

    write_every: int = WRITE_EVERY
    buffer_most: int = BUFFER_MOST


class _Open:
    """A unit whose marker has not been seen."""

    __slots__ = ("changes", "first", "unit")

    def __init__(self, unit: UnitId, first: int) -> None:
        self.unit = unit
        self.first = first
        self.changes: dict[bytes, bytes | None] = {}


class ChangelogReplayer:
    """Feed it every record in log order with `add`, then call `finish`.

    `until`: offset of the last marker to apply, when an earlier pass has found it (`SpilledError`); units up to there
    are whole. `limits` bound what is kept in memory.
    """

    def __init__(
        self,
        base: Base,
        *,
        until: int | None = None,
        limits: ReplayLimits = ReplayLimits(),
    ) -> None:
        self._limits = limits
        self._base = base
        self._until = until
        self.position = base.position()
        self.epoch = -1 if self.position is None else self.position.epoch
        """The highest epoch of any record, finished or not: the next owner's is higher."""
        self.repairs: set[bytes] = set()
        self.applied = 0
        self._open: dict[UnitId, _Open] = {}
        self._open_records = 0
        self._pending: dict[bytes, bytes | None] = {}
        self._last = -1 if self.position is None else self.position.next - 1
        self._gap_at = -1
        self._spilled = False
        self.marker_at: int | None = None

    def add(self, record: Record) -> None:
        """Take the next record. Raises ChangelogError for a record that is not ours."""
        if record.offset != self._last + 1:
            self._gap_at = record.offset
        self._last = record.offset
        unit, key = unit_of(record), record.key or b""
        if unit.epoch < self.epoch or (self._until is not None and record.offset > self._until):
            self._ignore(key)
            return
        self.epoch = unit.epoch
        if key == MARKER:
            self._close(read_marker(record, unit), record.offset)
            return
        opened = self._open.get(unit)
        if opened is None:
            opened = self._open[unit] = _Open(unit, record.offset)
        opened.changes[key] = record.value
        self._open_records += 1
        if self._open_records > self._limits.buffer_most:
            self._spill()

    def finish(self) -> None:
        """The end of the log: ignore unfinished units, write the rest. Raises SpilledError: do it with `until`."""
        if self._spilled:
            raise SpilledError(self.marker_at)
        self._drop_open()
        self._write()

    def _close(self, marker: Marker, at: int) -> None:
        unit = marker.unit
        own = self._open.get(unit)
        done = self.position
        repeated = done is not None and (
            unit <= (done.epoch, done.sequence) or (unit.epoch == done.epoch and marker.offset < done.offset)
        )
        if repeated or (marker.read is not None and marker.read != at - marker.keys):
            if own is not None:
                self._ignore(*own.changes)
                self._open_records -= len(own.changes)
                del self._open[unit]
            return
        if self._gap_at < 0 and not self._spilled and marker.keys != (len(own.changes) if own else 0):
            raise ChangelogError(f"the unit closed at changelog offset {at} should have {marker.keys} keys and has not")
        for opened in sorted(self._open.values(), key=lambda o: o.first):
            whole = opened.unit.epoch == unit.epoch and opened.unit.sequence <= unit.sequence
            unsure = opened.first < self._gap_at or self._until is not None
            if whole or (opened.unit.epoch < unit.epoch and unsure):
                self._apply(opened)
            else:
                self._ignore(*opened.changes)
        self._open.clear()
        self._open_records = 0
        self._spilled = False
        self.marker_at = at
        self.applied += 1
        self.position = Position(unit.epoch, unit.sequence, marker.offset, at + 1)
        if len(self._pending) >= self._limits.write_every:
            self._write()

    def _apply(self, opened: _Open) -> None:
        self._pending.update(opened.changes)
        self.repairs.difference_update(opened.changes)

    def _ignore(self, *keys: bytes) -> None:
        self.repairs.update(k for k in keys if k != MARKER)

    def _drop_open(self) -> None:
        for opened in self._open.values():
            self._ignore(*opened.changes)
        self._open.clear()
        self._open_records = 0

    def _write(self) -> None:
        if self._pending or self.position != self._base.position():
            self._base.write(self._pending, self.position)
            self._pending = {}

    def _spill(self) -> None:
        """Too much to keep: write it as if it were whole; the base is unusable until a marker shows that it was."""
        for opened in sorted(self._open.values(), key=lambda o: o.first):
            self._apply(opened)
        self._open.clear()
        self._open_records = 0
        self._base.write(self._pending, None)
        self._pending = {}
        self._spilled = True


class SpilledError(Exception):
    """Unfinished units too large to keep were written to the base: it has to be rebuilt up to the last marker.

    `until`: the offset of that, None if there is none.
    """

    def __init__(self, until: int | None) -> None:
        super().__init__("the changelog ends in an unfinished unit too large to keep in memory")
        self.until = until
