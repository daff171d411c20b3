"""State of one process that fits less and less into memory: the values of some kinds of keys wait in a file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from mmap import ACCESS_READ, mmap
from typing import Final

from streams.runtime.state.store import MemoryBase, Position

_LENGTH_BITS: Final = 32
_LENGTH: Final = (1 << _LENGTH_BITS) - 1


class SpillingBase(MemoryBase):
    """A base that lives as long as the process, and keeps the values of keys that begin with `kinds` in a file.

    The file only grows, so `kinds` are those whose values are written once, read once or twice, and deleted: the events
    that wait. Their keys stay in memory, about 300 bytes each. The file has no name and is gone with the process.
    Raises OSError when there is no room for it.
    """

    def __init__(self, *kinds: bytes) -> None:
        super().__init__()
        self._kinds = kinds
        self._file = tempfile.TemporaryFile(prefix="winback-", buffering=0)  # noqa: SIM115 - closed with the base
        self._end = 0
        self._parted: mmap | bytes = b""
        """What was in the file when the process was forked: the other process reads it, too."""
        # Where a value is: offset and length in one number. What was parted comes first, then the file.
        self._places: dict[bytes, int] = {}

    def get(self, key: bytes) -> bytes | None:
        """The value of a key, None if there is none."""
        place = self._places.get(key)
        return self._values.get(key) if place is None else self._read(place)

    def scan(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """All (key, value) under a prefix, sorted, as of this call."""
        places, values = self._places, self._values
        found = []
        for key in self._keys.under(prefix, self._all()):
            place = places.get(key)
            if place is not None:
                found.append((key, self._read(place)))
            elif key in values:
                found.append((key, values[key]))
        return iter(found)

    def write(self, changes: Mapping[bytes, bytes | None], position: Position | None) -> None:
        """Put the values of `changes`, delete where None, and say where that brings it."""
        kept: dict[bytes, bytes | None] = {}
        spilled: list[bytes] = []
        places, end = self._places, self._end
        for key, value in changes.items():
            if not key.startswith(self._kinds):
                kept[key] = value
            elif value is None:
                if places.pop(key, None) is not None:
                    self._deleted += 1
            else:
                if key not in places:
                    self._keys.add(key)
                places[key] = end << _LENGTH_BITS | len(value)
                spilled.append(value)
                end += len(value)
        if spilled:
            _write(self._file.fileno(), b"".join(spilled), self._end - len(self._parted))
            self._end = end
        super().write(kept, position)

    def clear(self) -> None:
        """Forget everything."""
        super().clear()
        self._places.clear()
        self._file.truncate(0)
        self._parted, self._end = b"", 0

    def part(self) -> None:
        """Before a fork of the process, once: what is in the file by now is read by both, what comes is their own.

        Each of them calls `own` then. Raises OSError when there is no room.
        """
        if self._end:
            self._parted = mmap(self._file.fileno(), self._end, access=ACCESS_READ)
        self.own()

    def own(self) -> None:
        """After a fork: further values go into a file of this process. Raises OSError when there is no room."""
        self._file.close()
        self._file = tempfile.TemporaryFile(prefix="winback-", buffering=0)  # noqa: SIM115 - closed with the base

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __len__(self) -> int:
        return len(self._values) + len(self._places)

    def _all(self) -> Iterable[bytes]:
        return chain(self._values, self._places)

    def _read(self, place: int) -> bytes:
        at, length = place >> _LENGTH_BITS, place & _LENGTH
        parted = len(self._parted)
        if at < parted:
            return self._parted[at : at + length]
        return os.pread(self._file.fileno(), length, at - parted)


def _write(file: int, data: bytes, at: int) -> None:
    """Write all of it: one call of the system may take less."""
    left = memoryview(data)
    while left:
        written = os.pwrite(file, left, at)
        left, at = left[written:], at + written
