"""Records between partitions carry a number, so that whoever receives one knows whether it is a repeat.

A task that restarts reads its input again from its last unit and sends again what it had sent since. All of that may
have been applied long ago, and the watermark may have passed it: applied once more, it would count twice. What a task
sends is a function of its input alone, so (offset of the input record, how many were sent for it before) is the same
number the second time, and because the records of one sender come to a partition in order, the highest number heard of
each sender is all that a receiver has to remember.

A round carries none: it may be applied twice. Nor does an event that comes from ingest: it goes where the replica of
that moment says, the second time perhaps elsewhere. Its order key makes it one with its repeat for as long as it waits,
and ingest reports nothing that may be sent again.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, Final

from schemas.record import Out
from streams.core.protocol.ports import Emit

IDENTIFY: Final = 0xFFFF
"""The sender that is not a journey partition."""
HEADER: Final = "n"
_NUMBER: Final = struct.Struct(">HQI")
# A NamedTuple's own constructor is a Python function; this is what it calls.
_tuple: Final[Any] = tuple.__new__


class SequencedEmitter:
    """An `Emit` for what a task tells journey partitions. `at` says which input record it is about to consume.

    `sender` is the number by which receivers know the task: its partition, or `IDENTIFY`.
    """

    def __init__(self, emit: Emit, sender: int) -> None:
        self._emit = emit
        self._sender = sender
        self._offset = -1
        self._count = 0

    def at(self, offset: int) -> None:
        """The task consumes the record at this `offset` of its input, or goes on with it."""
        if offset != self._offset:
            self._offset, self._count = offset, 0

    def send(self, out: Out) -> None:
        """Send a record with the next number."""
        number = _NUMBER.pack(self._sender, self._offset, self._count)
        self._count += 1
        topic, partition, key, value, _, timestamp = out
        self._emit.send(_tuple(Out, (topic, partition, key, value, [(HEADER, number)], timestamp)))

    def after(self, out: Out) -> None:
        """Nothing that is numbered waits for the rest."""
        raise AssertionError(f"{out.topic} is not sent behind the rest")

    def dump(self) -> list[int]:
        """Where the numbers stand: a unit may fall inside a record."""
        return [self._offset, self._count]

    def restore(self, data: Sequence[int]) -> None:
        """The inverse of `dump`: `data` is what it returns."""
        self._offset, self._count = data


class DuplicateFilter:
    """The highest number heard of each sender."""

    def __init__(self) -> None:
        self._last: dict[int, tuple[int, int]] = {}

    def is_repeat(self, headers: Sequence[tuple[str, bytes]]) -> bool:
        """Whether the record of these headers was heard before; remembers it if not. One without a number never was."""
        for name, value in headers:
            if name == HEADER:
                sender, offset, count = _NUMBER.unpack(value)
                if (offset, count) <= self._last.get(sender, (-1, 0)):
                    return True
                self._last[sender] = (offset, count)
                return False
        return False

    def dump(self) -> list[list[int]]:
        """All of it as JSON."""
        return [[sender, *number] for sender, number in sorted(self._last.items())]

    def restore(self, data: Sequence[Sequence[Any]]) -> None:
        """The inverse of `dump`: `data` is what it returns."""
        self._last = {sender: (offset, count) for sender, offset, count in data}
