"""Records between partitions (`profile.events`, `identity.links`): how they are packed, and where they go.

An ordinary event is bytes, because there are many and journey only looks at its head until it takes effect:

    b"E"  profile id (16)  order key (19)  hash of its strongest identifier (16)  body (JSON)

An event of a profile that is waiting for its merge goes to whoever holds that profile:

    b"B"  length of the head (2)  head (JSON: `to`, `path`)  order key (19)  hash of its strongest identifier (16)  body

Everything else is one JSON object of a declared type: `link_log.py` and `profile_log.py` list them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct
from msgspec.json import Decoder, Encoder

from schemas.record import Out
from schemas.topics import IDENTITY_LINKS, PROFILE_EVENTS, partition_of
from streams.core.protocol.link_log import LinkLogRecord
from streams.core.protocol.order_key import KEY_SIZE
from streams.core.protocol.profile_log import Path, ProfileLogRecord

# A NamedTuple's own constructor is a Python function; this is what it calls.
_tuple: Final[Any] = tuple.__new__
EVENT: Final = ord("E")
BEFORE: Final = ord("B")
_PID = slice(1, 17)
_KEY = slice(17, 36)
_REST = slice(36, None)
HEAD_SIZE: Final = 16


def pack_event(profile_id: bytes, key: bytes, head_and_body: bytes) -> bytes:
    """One event as it travels: the value of its record.

    `profile_id` is 16 bytes and `key` the order key (19); `head_and_body` is the hash of the event's strongest
    identifier (16 bytes) and its body.
    """
    return b"E" + profile_id + key + head_and_body


def unpack_event(value: bytes) -> tuple[bytes, bytes, bytes]:
    """(profile id, order key, head and body) of a packed event: the inverse of `pack_event`, of a record's `value`."""
    return value[_PID], value[_KEY], value[_REST]


def event_out(profile_id: bytes, key: bytes, head_and_body: bytes, partitions: int) -> Out:
    """The record that brings an event to the partition of a profile.

    `profile_id`, `key` and `head_and_body` are those of `pack_event`, `partitions` is how many profile.events has.
    """
    # As partition_of, by the bytes.
    partition = int.from_bytes(profile_id[:4], "big") % partitions
    value = b"E" + profile_id + key + head_and_body
    return _tuple(Out, (PROFILE_EVENTS, partition, profile_id.hex().encode(), value, (), None))  # type: ignore[no-any-return]


class _Head(Struct, frozen=True, gc=False):
    to: str
    path: Path


def before_out(holder: str, path: Path, key: bytes, head_and_body: bytes, partitions: int) -> Out:
    """The record that brings an event from before a merge to the profile that holds the merged one (its id in hex).

    `path` leads from the merged profile up to the `holder`. `key` and `head_and_body` are those of `pack_event`,
    `partitions` is how many profile.events has.
    """
    head = encode(_Head(holder, path))
    value = b"B" + len(head).to_bytes(2, "big") + head + key + head_and_body
    return Out(PROFILE_EVENTS, partition_of(holder, partitions), holder.encode(), value)


def unpack_before(value: bytes) -> tuple[str, Path, bytes, bytes]:
    """(holder, path, order key, head and body) of the `value` of such a record: the inverse of `before_out`."""
    start = 3 + int.from_bytes(value[1:3], "big")
    head = _HEADS.decode(value[3:start])
    return head.to, head.path, value[start : start + KEY_SIZE], value[start + KEY_SIZE :]


def notice_out(profile_id: str, notice: ProfileLogRecord, partitions: int) -> Out:
    """The record that tells the partition of a profile something that is not an event.

    `profile_id` is the profile's id in hex, `partitions` how many profile.events has.
    """
    return Out(PROFILE_EVENTS, partition_of(profile_id, partitions), profile_id.encode(), encode(notice))


def notices_to_all(notice: ProfileLogRecord, partitions: int) -> Iterator[Out]:
    """The records that tell each of the journey `partitions` something that is not of one profile."""
    value = encode(notice)
    for partition in range(partitions):
        yield Out(PROFILE_EVENTS, partition, None, value)


def links_out(record: LinkLogRecord) -> Out:
    """A record for `identity.links`, which has one partition and one order."""
    return Out(IDENTITY_LINKS, 0, None, encode(record))


encode: Final = Encoder().encode
"""A declared record as JSON."""
_HEADS: Final = Decoder(_Head)
