"""Restore: bring a base to the last whole unit of its changelog, then claim the partition.

A base is trusted only if the changelog still holds, at the offset it remembers, the very marker it ends with. So a
base that is ahead of the changelog (it was recreated, or its broker has lost records: beyond.py), belongs to another
cluster, or is so old that compaction has passed over its last marker (and perhaps over tombstones behind it) is rebuilt
from the beginning.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import NamedTuple, Protocol

import structlog

from schemas.record import Record
from streams.runtime.state.changelog import MARKER, ChangelogWriter, UnitId, read_marker, unit_of
from streams.runtime.state.changelog_replayer import ChangelogReplayer, ReplayLimits, SpilledError
from streams.runtime.state.store import Base, Position

log = structlog.get_logger("winback.restore")


class Log(Protocol):
    """A changelog partition, read from an offset up to where it ended when reading began."""

    async def end(self) -> int:
        """The offset behind the last record."""
        ...

    def read(self, start: int | None, end: int) -> AsyncIterator[Sequence[Record]]:
        """The records from the offset `start` (None: the oldest kept) to before `end`, in chunks."""
        ...


class Restored(NamedTuple):
    """What a restore has found: where the base stands (None: no unit yet), what to write again, and how it went."""

    position: Position | None
    repairs: frozenset[bytes]
    epoch: int
    """The highest in the changelog, -1 if there is none: the next owner's must be higher."""
    end: int
    units: int
    local: bool
    """Whether what was in the base could be built on."""


async def restore(base: Base, changelog: Log, limits: ReplayLimits = ReplayLimits()) -> Restored:
    """Bring the base to the last whole unit of its changelog, keeping in memory what `limits` allow.

    Returns what was found. Raises ChangelogError for a changelog that is not ours.
    """
    end = await changelog.end()
    local = await _trusted(base, changelog, end)
    if not local and (len(base) or base.position()):
        base.clear()
    try:
        fold = await _fold(base, changelog, end, None, limits)
    except SpilledError as spilled:
        base.clear()
        local = False
        fold = await _fold(base, changelog, end, -1 if spilled.until is None else spilled.until, limits)
    return Restored(fold.position, frozenset(fold.repairs), fold.epoch, end, fold.applied, local)


async def claim(
    base: Base, writer: ChangelogWriter, found: Restored, first: int, own: Mapping[bytes, bytes] | None = None
) -> Position | None:
    """Write the unit that begins an epoch; returns where the base stands then.

    `first`: the input offset to begin at when there was no unit yet; `own`: keys of the runtime's own to set with it.
    None if somebody wrote to the changelog since the restore: restore and claim again.
    """
    offset = found.position.offset if found.position else first
    own = own or {}
    position = await writer.claim({**{key: base.get(key) for key in found.repairs}, **own}, offset, found.end)
    if position is not None:
        base.write(own, position)
    return position


async def _trusted(base: Base, changelog: Log, end: int) -> bool:
    """Whether the marker the base ends with is in the changelog where the base says."""
    position = base.position()
    if position is None:
        return False
    if position.next <= end:
        async for records in changelog.read(position.next - 1, position.next):
            for record in records:
                unit = UnitId(position.epoch, position.sequence)
                if record.offset == position.next - 1 and record.key == MARKER and unit_of(record) == unit:
                    return read_marker(record, unit).offset == position.offset
    log.warning(
        "the local state is not of this changelog or older than it keeps; it is rebuilt", position=position, end=end
    )
    return False


async def _fold(base: Base, changelog: Log, end: int, until: int | None, limits: ReplayLimits) -> ChangelogReplayer:
    fold = ChangelogReplayer(base, until=until, limits=limits)
    start = None if fold.position is None else fold.position.next
    async for records in changelog.read(start, end):
        for record in records:
            fold.add(record)
    fold.finish()
    return fold
