"""Frames of the spool's files: a group of events that were kept together, readable as a whole or not at all.

A frame is a head of 24 bytes (magic, length of the rest, CRC-32 of the rest, and when the events arrived in epoch
milliseconds), and blocks: channel, slot and number of values in 9 bytes, the lengths of the values in 4 bytes each, and
the values. All numbers are little-endian.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import Final, NamedTuple
from zlib import crc32

from collector.intake import RawEvent
from schemas.topics import CHANNELS

_MAGIC: Final = 0x57425350
_HEAD: Final = struct.Struct("<IIIxxxxq")
_BLOCK: Final = struct.Struct("<BII")
_LENGTHS: Final = "I"
HEAD: Final = _HEAD.size
"""Bytes of a frame's head."""
_NUMBERS: Final = {channel: number for number, channel in enumerate(CHANNELS)}


class Block(NamedTuple):
    """Values of one channel and slot."""

    channel: str
    slot: int
    values: list[bytes]


class Frame(NamedTuple):
    """Blocks that arrived together at `received` (epoch milliseconds), and the bytes that they take in the file."""

    received: int
    blocks: list[Block]
    size: int


class TornError(Exception):
    """What stands there is no whole frame: the process ended while it was written, or the file is damaged."""


def pack(events: Sequence[RawEvent]) -> bytes:
    """The blocks of some events: those of a channel and slot together, in their order."""
    blocks: dict[tuple[str, int], list[bytes]] = {}
    for channel, value, slot in events:
        values = blocks.get((channel, slot))
        if values is None:
            blocks[channel, slot] = [value]
        else:
            values.append(value)
    parts: list[bytes] = []
    for (channel, slot), values in blocks.items():
        parts += (_BLOCK.pack(_NUMBERS[channel], slot, len(values)), _lengths(array(_LENGTHS, map(len, values))))
        parts += values
    return b"".join(parts)


def frame(packed: Iterable[bytes], received: int) -> bytes:
    """The frame of some packed groups of events that arrived at `received`."""
    rest = b"".join(packed)
    return _HEAD.pack(_MAGIC, len(rest), crc32(rest), received) + rest


def length(head: bytes) -> int:
    """The bytes of the frame that begins with this `head`. Raises TornError."""
    if len(head) < HEAD:
        raise TornError
    magic, rest, _, _ = _HEAD.unpack_from(head)
    if magic != _MAGIC:
        raise TornError
    return HEAD + int(rest)


def read(data: bytes) -> Frame:
    """The frame that is `data`, just as long as its head says. Raises TornError when it is not whole."""
    if len(data) != length(data[:HEAD]):
        raise TornError
    _, _, checksum, received = _HEAD.unpack_from(data)
    if crc32(memoryview(data)[HEAD:]) != checksum:
        raise TornError
    blocks: list[Block] = []
    at, end = HEAD, len(data)
    while at < end:
        number, slot, count = _BLOCK.unpack_from(data, at)
        at += _BLOCK.size
        lengths = array(_LENGTHS)
        lengths.frombytes(data[at : at + 4 * count])
        at += 4 * count
        _lengths(lengths)
        bounds = list(accumulate(lengths, initial=at))
        blocks.append(Block(CHANNELS[number], slot, [data[left:right] for left, right in pairwise(bounds)]))
        at = bounds[-1]
    return Frame(received, blocks, end)


def _lengths(lengths: array[int]) -> bytes:
    """Their bytes in the file; turns what came from there as well, where the machine is big-endian."""
    if sys.byteorder == "big":
        lengths.byteswap()
    return lengths.tobytes()
