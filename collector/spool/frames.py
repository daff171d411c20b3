"""Frames of the spool's files: a group of events that were kept together, readable as a whole or not at all.

A frame is a head of 24 bytes (magic, length of the rest, CRC-32 of the rest, and when the events arrived in epoch
milliseconds), and the events: channel, slot and length in 9 bytes, then the value.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple
from zlib import crc32

from collector.intake import RawEvent
from schemas.topics import CHANNELS

_MAGIC: Final = 0x57425350
_HEAD: Final = struct.Struct("<IIIxxxxq")
_EVENT: Final = struct.Struct("<BII")
HEAD: Final = _HEAD.size
"""Bytes of a frame's head."""
_NUMBERS: Final = {channel: number for number, channel in enumerate(CHANNELS)}
# A NamedTuple's own constructor is a Python function; this is what it calls.
_raw_event: Any = tuple.__new__


class Frame(NamedTuple):
    """Events that arrived together at `received` (epoch milliseconds), and the bytes that they take in the file."""

    received: int
    events: list[RawEvent]
    size: int


class TornError(Exception):
    """What stands there is no whole frame: the process ended while it was written, or the file is damaged."""


def frame(groups: Iterable[Sequence[RawEvent]], received: int) -> bytes:
    """The frame of some groups of events that arrived at `received`."""
    parts: list[bytes] = []
    add, pack, numbers = parts.append, _EVENT.pack, _NUMBERS
    for events in groups:
        for channel, value, slot in events:
            add(pack(numbers[channel], slot, len(value)))
            add(value)
    rest = b"".join(parts)
    return _HEAD.pack(_MAGIC, len(rest), crc32(rest), received) + rest


def length(head: bytes) -> int:
    """The bytes of the frame that begins with this head. Raises TornError."""
    if len(head) < HEAD:
        raise TornError
    magic, rest, _, _ = _HEAD.unpack_from(head)
    if magic != _MAGIC:
        raise TornError
    return HEAD + int(rest)


def read(data: bytes) -> Frame:
    """The frame that is just this long. Raises TornError when it is not whole."""
    if len(data) != length(data[:HEAD]):
        raise TornError
    _, _, checksum, received = _HEAD.unpack_from(data)
    view = memoryview(data)
    if crc32(view[HEAD:]) != checksum:
        raise TornError
    events: list[RawEvent] = []
    at, end = HEAD, len(data)
    keep, unpack, head = events.append, _EVENT.unpack_from, _EVENT.size
    while at < end:
        number, slot, size = unpack(data, at)
        at += head
        keep(_raw_event(RawEvent, (CHANNELS[number], data[at : at + size], slot)))
        at += size
    return Frame(received, events, end)
