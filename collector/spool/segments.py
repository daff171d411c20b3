"""The spool's files: segments that are only ever appended to, and a note of how far Kafka has them.

A process never appends to a segment of an earlier one, so a torn end stays where it is and nothing comes behind it.
"""

from __future__ import annotations

import fcntl
import os
import re
import struct
from pathlib import Path
from typing import IO, Final, NamedTuple
from zlib import crc32

from collector.spool.frames import HEAD, Frame, TornError, length, read
from infra import files
from infra.folders import private

_NAME: Final = re.compile(r"[0-9]{12}\.spool")
_NOTE: Final = struct.Struct("<QQI")
NOTE: Final = "sent"
"""The file with the position before which nothing is needed any more."""


class Position(NamedTuple):
    """A place in the spool: the number of a segment, and the bytes before it."""

    segment: int
    offset: int


class Segments:
    """The segments in a folder, of about `segment_bytes` each.

    Everything blocks, and one thread at a time may use it; `bytes` may be read by any.

    Raises OSError when the folder cannot be made.
    """

    def __init__(self, folder: Path, segment_bytes: int) -> None:
        private(folder)
        self._folder, self._limit = folder, segment_bytes
        self._lock = _lock(folder)
        self.sizes: dict[int, int] = {
            int(path.stem): path.stat().st_size for path in folder.iterdir() if _NAME.fullmatch(path.name)
        }
        """Bytes of each segment, by number, in their order."""
        self.sizes = dict(sorted(self.sizes.items()))
        self.bytes = sum(self.sizes.values())
        """How much is on disk."""
        self.needed = max(self._noted(), Position(min(self.sizes, default=0), 0))
        """Where whatever may not be in Kafka begins."""
        self._last = max([*self.sizes, self.needed.segment])
        self._file = -1
        self._reading: tuple[int, int] = (-1, -1)
        self.forget(self.needed)

    def append(self, data: bytes) -> Position:
        """Write a frame (`data`), wait until it is on the disk, and return where it ends. Raises OSError: it is not."""
        if self._file < 0 or self.sizes[self._last] >= self._limit:
            self._roll()
        before = self.sizes[self._last]
        try:
            done = 0
            while done < len(data):
                done += os.write(self._file, data[done:])
            os.fdatasync(self._file)
        except OSError:
            # What of it has reached the disk is unknown: nothing may come behind it.
            self._close()
            self._now(self._last, self._path(self._last).stat().st_size)
            raise
        self._now(self._last, before + len(data))
        return Position(self._last, self.sizes[self._last])

    def frames(self, position: Position, end: Position, most: int) -> tuple[list[Frame], Position, int]:
        """The frames from a `position` up to `end`, of about `most` bytes; where they end; and bytes found damaged."""
        found: list[Frame] = []
        taken, segment, offset = 0, *position
        while taken < most and (segment, offset) < end:
            stop = end.offset if segment == end.segment else self.sizes.get(segment, 0)
            one = self._frame(segment, offset, stop) if offset < stop else None
            if one is None:
                damaged = stop - offset if offset < stop else 0
                if segment >= end.segment:
                    return found, end, damaged
                segment, offset = self._after(segment, end), 0
                if damaged:
                    return found, Position(segment, offset), damaged
                continue
            found.append(one)
            taken += one.size
            offset += one.size
        return found, Position(segment, offset), 0

    def waiting(self, position: Position, end: Position) -> tuple[int, int | None]:
        """The bytes from a `position` up to `end`, and when the first of them arrived (epoch milliseconds)."""
        if position >= end:
            return 0, None
        size = sum(size for number, size in self.sizes.items() if position.segment <= number <= end.segment)
        found, _, _ = self.frames(position, end, 1)
        return max(0, size - position.offset), found[0].received if found else None

    def forget(self, position: Position) -> None:
        """Delete what lies in segments before this position, and note it. A note that fails is made the next time."""
        for number in [number for number in self.sizes if number < position.segment]:
            self._path(number).unlink(missing_ok=True)
            self._now(number, 0)
            del self.sizes[number]
        self.needed = position
        body = struct.pack("<QQ", *position)
        files.put(self._folder / NOTE, body + struct.pack("<I", crc32(body)), private=True)

    def close(self) -> None:
        """Let go of the files."""
        self._close()
        self._lock.close()
        if self._reading[1] >= 0:
            os.close(self._reading[1])
            self._reading = (-1, -1)

    def _roll(self) -> None:
        self._close()
        number = self._last + 1
        self._file = os.open(self._path(number), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._last, self.sizes[number] = number, 0
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _now(self, segment: int, size: int) -> None:
        """Note that a segment has this `size` now."""
        self.bytes += size - self.sizes[segment]
        self.sizes[segment] = size

    def _close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _frame(self, segment: int, offset: int, stop: int) -> Frame | None:
        number, handle = self._reading
        if number != segment:
            if handle >= 0:
                os.close(handle)
            self._reading = (-1, -1)
            handle = os.open(self._path(segment), os.O_RDONLY)
            self._reading = (segment, handle)
        try:
            size = length(os.pread(handle, HEAD, offset))
            return read(os.pread(handle, size, offset)) if offset + size <= stop else None
        except TornError:
            return None

    def _after(self, segment: int, end: Position) -> int:
        return next((number for number in self.sizes if number > segment), end.segment)

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:012}.spool"

    def _noted(self) -> Position:
        try:
            data = (self._folder / NOTE).read_bytes()
        except OSError:
            return Position(0, 0)
        if len(data) != _NOTE.size:
            return Position(0, 0)
        segment, offset, checksum = _NOTE.unpack(data)
        return Position(segment, offset) if crc32(data[:16]) == checksum else Position(0, 0)


def _lock(folder: Path) -> IO[bytes]:
    """The folder's lock, for as long as the file is open. Raises OSError when another process has it."""
    held = (folder / "lock").open("wb")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        held.close()
        raise OSError(f"{folder}: another collector keeps its events there; give each a WINBACK_COLLECT_DIR") from None
    return held
