"""The total order of events, (event time, topic, partition, offset), as bytes that compare the same way.

- an **order key** is 19 bytes: time (8), topic (1), partition (2), offset (8), all big-endian
- a **merge key** is an order key and the number (2 bytes) of the pair within its link
- a **claim key** is an order key behind those of all events of its time, in the order of the events that made them
- a **bound** is an order key, or the 8 bytes of a time: less than every key of that time, so that "up to the bound"
  takes all events before it and all timers at it

Compared as bytes they need no decoding, they sort in RocksDB, and as hex they travel in JSON.
"""

from __future__ import annotations

import struct
from typing import Final

from schemas.topics import CHANNEL_TOPICS
from streams.core.protocol.ports import MAX_TIME

_KEY: Final = struct.Struct(">QBHQ")
_TIME: Final = struct.Struct(">Q")
_NTH: Final = struct.Struct(">H")
_CLAIM: Final = 0x80
"""In the byte of the topic: the key is a claim's."""

KEY_SIZE: Final = _KEY.size
_TOPIC: Final = _TIME.size
_COPY: Final = 0x80
TOPICS: Final = tuple(sorted(CHANNEL_TOPICS))
_INDEX: Final = {topic: i for i, topic in enumerate(TOPICS)}


def order_key(time: int, topic: str, partition: int, offset: int) -> bytes:
    """The order key of the event read from `topic` `partition` at `offset`; `time` in epoch milliseconds."""
    return _KEY.pack(time, _INDEX[topic], partition, offset)


def key_of_copy(key: bytes) -> bytes:
    """The order key of the copy of the event at `key`: behind all events of its time, in their order."""
    return key[:_TOPIC] + bytes([key[_TOPIC] | _COPY]) + key[_TOPIC + 1 :]


def order_key_behind(time: int) -> bytes:
    """An order key behind those of all events of `time` (epoch milliseconds), of no event."""
    return _TIME.pack(time) + b"\xff" * (KEY_SIZE - _TIME.size)


def claim_key(key: bytes, after: int) -> bytes:
    """The key at which what was typed by the event at `key` links: just before the bound that is `after` ms later."""
    return _TIME.pack(time_of(key) + after - 1) + bytes((key[8] | _CLAIM,)) + key[9:KEY_SIZE]


def merge_key(key: bytes, nth: int) -> bytes:
    """The key of the nth pair of the link that the event at `key` made."""
    return key + _NTH.pack(nth)


def link_of(merged: bytes) -> bytes:
    """The bound before all keys of the link of a merge key `merged`; each of two claims of an event is a link."""
    return merged if merged[_TOPIC] & _CLAIM else merged[:KEY_SIZE]


def bound(time: int) -> bytes:
    """The bound that takes every event before `time` and every timer at it."""
    return _TIME.pack(time)


def time_of(key: bytes) -> int:
    """The epoch milliseconds of an order key, a merge key or a bound."""
    return int.from_bytes(key[:8], "big")


def source_of(key: bytes) -> tuple[str, int, int]:
    """(topic, partition, offset) of an order key; of a claim key or a copy's, those of the event that made it."""
    _, topic, partition, offset = _KEY.unpack(key[:KEY_SIZE])
    return TOPICS[topic & ~_COPY], partition, offset


NOTHING: Final = b"\xff" * 8
"""Later than any bound: nothing has moved, nothing is due."""
END_OF_TIME: Final = bound(MAX_TIME)
START_OF_TIME: Final = bound(0)
