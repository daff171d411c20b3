"""What each type of call must hold besides its identifiers: its name, its objects, its id, its time."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, Final

import orjson

from schemas.decoding import Refused
from schemas.reasons import DeadLetterReason
from schemas.times import MAX_TIME, is_absent, parse
from schemas.values import exact_text, text_of

TYPES: Final = ("track", "identify", "page", "screen", "alias", "group")
MAX_AHEAD_MS: Final = 5 * 60 * 1000
"""An event further ahead of its record's own time is clamped to it."""
MAX_MESSAGE_ID: Final = 1024
"""A longer messageId is none."""
NO_NAME: Final = "a track call without the name of its event"


def type_of(value: Any) -> str:
    """The type of a call in lower case, from the `value` of its `type`. Raises Refused (unknown_type)."""
    if type(value) is str:
        kind = value.strip().lower()
        if kind in TYPES:
            return kind
    raise Refused(DeadLetterReason.UNKNOWN_TYPE, f"type is none of {', '.join(TYPES)}")


def event_name(value: Any) -> str:
    """The name of a track call's event as text, from the `value` of its `event`: numbers are taken too.

    Raises Refused (missing_event_name).
    """
    name = text_of(value) if type(value) is not bool else None
    if not name:
        raise Refused(DeadLetterReason.MISSING_EVENT_NAME, NO_NAME)
    return name


def object_of(value: Any, field: str) -> dict[str, Any]:
    """The object that a `field` holds as its `value`, empty when it is absent. Raises Refused (invalid_value)."""
    if value is None:
        return {}
    if type(value) is dict:
        return value
    raise Refused(DeadLetterReason.INVALID_VALUE, f"{field} is not an object")


def message_id_of(given: Any, attributes: dict[str, Any], content: dict[str, Any]) -> str:
    """The id that deduplicates a message: the one `given`, else its CloudEvent's, else a hash of its other fields.

    `attributes` are those of the CloudEvent, empty without one; `content` is the message. The hash leaves out `sentAt`
    and `receivedAt`, which a retry changes (contract 8.6): `h-` and 32 hex digits.
    """
    for value in (given, attributes.get("id")):
        if type(value) is str and 0 < len(value) <= MAX_MESSAGE_ID and not value.isspace():
            return value
        if type(value) is int or type(value) is float:
            return str(exact_text(value))
    kept = {key: value for key, value in content.items() if key not in ("sentAt", "receivedAt")}
    return "h-" + blake2b(orjson.dumps(kept, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()


def time_of(
    given: Any, original: Any, sent: Any, arrived: Any, attributes: dict[str, Any], received: int
) -> tuple[int, int, bool]:
    """The time of the event and of its record, in epoch milliseconds, and whether the event's was clamped.

    `given` is `timestamp`, else (also where that cannot be read) `original` is `originalTimestamp`, each set right by
    `sent` and `arrived` (`sentAt` and `receivedAt`, contract 1); else the time among the CloudEvent's `attributes`;
    where none is given `received`, the record's own. A record without a time (0 or less) takes the event's, else 1970.
    Raises Refused (invalid_timestamp).
    """
    clock = received if 0 < received <= MAX_TIME else None
    field, time = "", None
    for name, value in (("timestamp", given), ("originalTimestamp", original)):
        if not is_absent(value):
            field = field or name
            time = parse(value)
            # Beside another originalTimestamp, the timestamp has been set right by whoever passed the event on.
            if time is not None and (name != "timestamp" or parse(original) in (None, time)):
                time = _corrected(time, _given(sent), _given(arrived), clock)
            if time is not None:
                break
    if time is None and not is_absent(attributes.get("time")):
        time, field = parse(attributes["time"]), field or "time of the CloudEvent"
    elif not field:
        time = clock or 0
    if time is None:
        raise Refused(DeadLetterReason.INVALID_TIMESTAMP, f"{field} is no time between 1970 and 9999 that can be read")
    if clock is None:
        return time, time, False
    if time > clock + MAX_AHEAD_MS:
        return clock, clock, True
    return time, clock, False


def _given(value: Any) -> int | None:
    """The time that a clock tells by `value`; None where nobody has set it, or it cannot be read."""
    return None if is_absent(value) else parse(value)


def _corrected(time: int, sent: int | None, arrived: int | None, clock: int | None) -> int | None:
    """A time by the producer's clock set right, as Segment does; None when that leaves the valid range.

    Only where the two clocks are clearly apart, or the event would lie ahead of its arrival: a smaller difference is
    the network's or a retry's, and would change the order of one device's events.
    """
    arrived = clock if arrived is None else arrived
    if sent is None or arrived is None:
        return time
    apart = arrived - sent
    if -MAX_AHEAD_MS <= apart <= MAX_AHEAD_MS and time <= arrived:
        return time
    return time + apart if 0 <= time + apart <= MAX_TIME else None
