"""Records between partitions (`profile.events`, `identity.links`): how they are packed and read.

An ordinary event is bytes, because there are many and journey only looks at its head until it takes effect:

    b"E"  profile id (16)  order key (19)  hash of its strongest identifier (16)  body (JSON)

An event of a profile that is waiting for its merge goes to whoever holds that profile:

    b"B"  length of the head (2)  head (JSON: `to`, `path`)  order key (19)  hash of its strongest identifier (16)  body

Everything else is one JSON object whose `k` says what it is. Keys and bounds travel as hex
(streams/core/protocol/order_key.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from schemas.record import Out
from schemas.topics import IDENTITY_LINKS, PROFILE_EVENTS, partition_of
from streams.core.protocol.order_key import KEY_SIZE

EVENT: Final = ord("E")
BEFORE: Final = ord("B")
_PID = slice(1, 17)
_KEY = slice(17, 36)
_REST = slice(36, None)
HEAD_SIZE: Final = 16


def pack_event(profile_id: bytes, key: bytes, head_and_body: bytes) -> bytes:
    """One event as it travels; `head_and_body` is the hash of its strongest identifier (16 bytes) and its body."""
    return b"E" + profile_id + key + head_and_body


def unpack_event(value: bytes) -> tuple[bytes, bytes, bytes]:
    """(profile id, order key, head and body) of a packed event."""
    return value[_PID], value[_KEY], value[_REST]


def event_out(profile_id: bytes, key: bytes, head_and_body: bytes, partitions: int, timestamp: int | None) -> Out:
    """The record that brings an event to the partition of a profile."""
    pid = profile_id.hex()
    value = b"E" + profile_id + key + head_and_body
    return Out(PROFILE_EVENTS, partition_of(pid, partitions), pid.encode(), value, (), timestamp)


def before_out(holder: str, path: list[list[str]], key: bytes, head_and_body: bytes, partitions: int) -> Out:
    """The record that brings an event from before a merge to the profile that holds the merged one.

    `path` leads from the merged profile up to the holder: [[profile id, merge key], ...], the innermost first.
    """
    head = orjson.dumps({"to": holder, "path": path})
    value = b"B" + len(head).to_bytes(2, "big") + head + key + head_and_body
    return Out(PROFILE_EVENTS, partition_of(holder, partitions), holder.encode(), value)


def unpack_before(value: bytes) -> tuple[str, list[list[str]], bytes, bytes]:
    """(holder, path, order key, head and body) of such a record."""
    start = 3 + int.from_bytes(value[1:3], "big")
    head = orjson.loads(value[3:start])
    return head["to"], head["path"], value[start : start + KEY_SIZE], value[start + KEY_SIZE :]


def notice_out(profile_id: str, notice: Mapping[str, Any], partitions: int) -> Out:
    """The record that tells the partition of a profile something that is not an event."""
    return Out(PROFILE_EVENTS, partition_of(profile_id, partitions), profile_id.encode(), orjson.dumps(notice))


def notice_to(partition: int, notice: Mapping[str, Any]) -> Out:
    """The record that tells one journey partition something that is not of one profile."""
    return Out(PROFILE_EVENTS, partition, None, orjson.dumps(notice))


def receipt_out(said: Mapping[str, Any]) -> Out:
    """What an agent has to say to a request that came on `identity.links`: counts and ids, nothing of a person."""
    return links_out({"k": "receipt", **said})


def links_out(notice: Mapping[str, Any]) -> Out:
    """A record for `identity.links`, which has one partition and one order."""
    return Out(IDENTITY_LINKS, 0, None, orjson.dumps(notice))
