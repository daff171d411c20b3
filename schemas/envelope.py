"""The envelopes of a raw event, down to one message: Segment and RudderStack as they are, CloudEvents unwrapped."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Sequence
from typing import Any, NamedTuple

from schemas.decoding import Refused, decode
from schemas.reasons import DeadLetterReason


class Envelope(NamedTuple):
    """The message of a record, and the attributes of the CloudEvent around it (empty if there was none)."""

    message: dict[str, Any]
    attributes: dict[str, Any]


def unwrap(value: Any, headers: Sequence[tuple[str, bytes]]) -> Envelope:
    """The message within a decoded value. Raises Refused (not_an_object, and what `decode` raises).

    A CloudEvent is structured when the value says so (`specversion` beside its data), binary when headers do (`ce_*`).
    """
    if type(value) is not dict:
        raise Refused(DeadLetterReason.NOT_AN_OBJECT, f"the value is {_kind(value)}, not an object")
    if "specversion" in value and ("data" in value or "data_base64" in value):
        return _structured(value)
    return Envelope(value, _attributes(headers) if headers else {})


def _structured(event: dict[str, Any]) -> Envelope:
    data = event.pop("data", None)
    encoded = event.pop("data_base64", None)
    if data is None and type(encoded) is str:
        try:
            data = decode(b64decode(encoded, validate=True))
        except (binascii.Error, ValueError):
            raise Refused(DeadLetterReason.INVALID_VALUE, "data_base64 of the CloudEvent is not base64") from None
    if type(data) is not dict:
        raise Refused(DeadLetterReason.NOT_AN_OBJECT, f"the CloudEvent's data is {_kind(data)}, not an object")
    return Envelope(data, event)


def _attributes(headers: Sequence[tuple[str, bytes]]) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    for name, value in headers:
        if name[:3].lower() == "ce_" and value is not None:
            attributes[name[3:].lower()] = value.decode("utf-8", "replace")
    return attributes


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    return {str: "a string", bool: "a boolean", int: "a number", float: "a number"}.get(type(value), "an array")
