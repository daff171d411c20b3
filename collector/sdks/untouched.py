"""Batches in Segment's form whose messages need nothing: their bytes are taken as they are, never made into objects.

That is what servers' SDKs send. It is read in a third of the time; whatever is out of the ordinary is left to
`segment.py`, which comes to the same.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from collector.sdks.messages import MAX_MESSAGE_ID


class _Batch(msgspec.Struct, gc=False):
    batch: list[msgspec.Raw]
    writeKey: str = ""  # noqa: N815 - as it is on the wire
    sentAt: str | msgspec.UnsetType = msgspec.UNSET  # noqa: N815
    context: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    integrations: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class _Message(msgspec.Struct, gc=False):
    messageId: str  # noqa: N815
    userId: str | int | None = None  # noqa: N815
    anonymousId: str | None = None  # noqa: N815
    sentAt: str | msgspec.UnsetType = msgspec.UNSET  # noqa: N815
    writeKey: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET  # noqa: N815


_batch = msgspec.json.Decoder(_Batch).decode
_message = msgspec.json.Decoder(_Message).decode


class Untouched(NamedTuple):
    """The write key in a body, the values of its messages, and who the first of them is of (None: not said)."""

    key: str
    values: list[bytes]
    who: str | int | None


def read(raw: bytes) -> Untouched | None:
    """The messages of a batch as they stand in `raw`, with its sentAt put before them; None where that is not all."""
    try:
        batch = _batch(raw)
        if batch.context is not msgspec.UNSET or batch.integrations is not msgspec.UNSET or not batch.batch:
            return None
        sent = batch.sentAt
        head = b"" if sent is msgspec.UNSET else b'{"sentAt":' + msgspec.json.encode(sent) + b","
        values, first = [], None
        for one in batch.batch:
            message = _message(one)
            given = message.messageId
            if (
                not 0 < len(given) <= MAX_MESSAGE_ID
                or given.isspace()
                or message.writeKey is not msgspec.UNSET
            ):  # fmt: skip
                return None
            first = first or message
            value = bytes(one)
            values.append(head + value[1:] if head and message.sentAt is msgspec.UNSET else value)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return Untouched(batch.writeKey, values, None if first is None else first.anonymousId or first.userId)
