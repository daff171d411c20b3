"""Orders, and events by which a customer says no, are heard with a broken envelope as well (contract 1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import orjson

from schemas.calls import TYPES, message_id_of, time_of
from schemas.consent_words import says_no, subscribes
from schemas.decoding import Refused, decode
from schemas.envelope import unwrap
from schemas.names import EMAIL_MARKED_AS_SPAM, ORDER_EVENTS, SUBSCRIPTION_CHANGED, UNSUBSCRIBED
from schemas.reasons import DeadLetterReason
from schemas.record import Record
from schemas.times import MAX_TIME, iso

MENDED: Final = frozenset({
    DeadLetterReason.NOT_AN_OBJECT, DeadLetterReason.UNKNOWN_TYPE, DeadLetterReason.INVALID_TIMESTAMP,
    DeadLetterReason.INVALID_VALUE, DeadLetterReason.NO_IDENTIFIER,
})  # fmt: skip
"""Reasons for which it is worth a second look."""
_HEARD: Final = ORDER_EVENTS | {UNSUBSCRIBED, EMAIL_MARKED_AS_SPAM}
_OBJECTS: Final = ("properties", "context", "traits")
_WRITTEN_TWICE: Final = 2


class Mended(NamedTuple):
    """A record's value as JSON that can be read, and whether the event's own time could not."""

    value: bytes
    timeless: bool


def mended(record: Record, name_of: Callable[[str], str]) -> Mended | None:
    """The record with its envelope as it was meant; None where nothing can be mended, or nobody orders or says no.

    `name_of` gives the canonical name that an event may have. The messageId is that of the record as it was.
    """
    try:
        value = decode(record.value or b"")
        read = _object(value)
        whole = type(value) is dict
        if "specversion" in read and type(read.get("data")) is str:
            read["data"], whole = _object(read["data"]), False
        message, attributes = unwrap(read, record.headers)
    except Refused:
        return None
    message_id = message_id_of(message.pop("messageId", None), attributes, message)
    before = orjson.dumps(message)
    kind = message.get("type")
    kind = kind.strip().lower() if type(kind) is str else ""
    event = message.get("event")
    name = _name(event, name_of) if kind == "track" or kind not in TYPES else ""
    for field in _OBJECTS:
        if message.get(field) is not None:
            message[field] = _object(message[field])
    context = message.get("context") or {}
    for field in ("traits", "device"):
        if type(context.get(field)) is str:
            context[field] = _object(context[field])
    if not _is_heard(name, message.get("properties") or {}, (message.get("traits") or {}, context.get("traits"))):
        return None
    if kind not in TYPES:
        message["type"] = "track" if event is not None else "identify"
    timeless = _is_timeless(message, attributes, record.timestamp)
    if timeless:
        for field in ("originalTimestamp", "sentAt"):
            message.pop(field, None)
        message["timestamp"] = iso(record.timestamp if 0 <= record.timestamp <= MAX_TIME else 0)
    if whole and orjson.dumps(message) == before:
        return None
    message["messageId"] = message_id
    return Mended(orjson.dumps({**attributes, "data": message} if "specversion" in read else message), timeless)


def _object(value: Any) -> dict[str, Any]:
    """The object that stands there, or whose JSON text does; else an empty one, as PHP writes it `[]`.

    Text that was written as text once more is read twice.
    """
    for _ in range(_WRITTEN_TWICE):
        if type(value) is not str:
            break
        try:
            value = decode(value.encode("utf-8", "replace"))
        except Refused:
            return {}
    if type(value) is list and len(value) == 1:
        value = value[0]
    return value if type(value) is dict else {}


def _name(event: Any, name_of: Callable[[str], str]) -> str:
    try:
        return name_of(event) if type(event) is str else ""
    except Refused:
        return ""


def _is_heard(name: str, properties: Mapping[str, Any], traits: Sequence[Any]) -> bool:
    if name in _HEARD or any(type(each) is dict and says_no(each) for each in traits):
        return True
    return name == SUBSCRIPTION_CHANGED and not subscribes(properties)


def _is_timeless(message: Mapping[str, Any], attributes: dict[str, Any], received: int) -> bool:
    try:
        time_of(*map(message.get, ("timestamp", "originalTimestamp", "sentAt", "receivedAt")), attributes, received)  # type: ignore[call-arg, arg-type]
    except Refused:
        return True
    return False
