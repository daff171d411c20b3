"""A raw record to an event of the pipeline, or to the reason why not. The one place that knows what producers may send."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import orjson

from schemas import identifiers as ids
from schemas.caches import Memo
from schemas.decoding import Refused, decode
from schemas.envelope import unwrap
from schemas.identifiers import Identifier
from schemas.names import ORDER_EVENTS, canonical
from schemas.reasons import DeadLetterReason
from schemas.record import Record
from schemas.times import MAX_TIME, is_absent, iso, parse
from schemas.topics import CHANNEL_TOPICS, MAX_EVENT_BYTES, channel_of
from schemas.values import Values, text_of

MAX_AHEAD_MS: Final = 5 * 60 * 1000
"""An event further ahead of its record's own time is clamped to it."""
MAX_MESSAGE_ID: Final = 1024

_TYPES: Final = {kind: kind for kind in ("track", "identify", "page", "screen", "alias", "group")}
_CHANNELS: Final = {topic: channel_of(topic) for topic in CHANNEL_TOPICS}


class Event(NamedTuple):
    """An accepted event: `time` in epoch milliseconds, identifiers strongest first.

    `previous` are the identifiers an alias call names beside its own. `body` is the JSON object of `stitched.events` without
    `profile_id` and `late`. `clamped` says that the event claimed a time too far ahead of its record.
    """

    time: int
    topic: str
    partition: int
    offset: int
    channel: str
    identifiers: tuple[Identifier, ...]
    previous: tuple[Identifier, ...]
    message_id: str
    body: bytes
    clamped: bool = False


class DeadLetter(NamedTuple):
    """A record that cannot be taken. `detail` is short and never holds a value of the record."""

    reason: DeadLetterReason
    detail: str
    record: Record


class Reader:
    """`Reader(region, blocked).read(record)`: remembers what it has normalised, so keep one a process."""

    def __init__(self, region: str = "US", blocked: Iterable[str] = ()) -> None:
        """`region` reads phone numbers without a country code, `blocked` adds values that never identify anybody."""
        self.values = values = Values(region, blocked)

        def memo(type_: str, normalise: Any) -> Memo[Identifier | None]:
            def compute(text: str) -> Identifier | None:
                value = normalise(text)
                return None if value is None else Identifier(type_, value)

            return Memo(compute)

        self._memos = {type_: memo(type_, values.plain) for type_ in ids.RANK}
        self._memos[ids.EMAIL] = memo(ids.EMAIL, values.email)
        self._memos[ids.PHONE] = memo(ids.PHONE, values.phone)
        self._names: Memo[str] = Memo(canonical, limit=4096)

    def read(self, record: Record) -> Event | DeadLetter:
        """The event in a record, or a dead letter. Never raises for anything a producer sends."""
        try:
            return self._read(record)
        except Refused as refused:
            return DeadLetter(refused.reason, refused.detail, record)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - one record must never stop a worker
            return DeadLetter(DeadLetterReason.INTERNAL_ERROR, type(error).__name__, record)

    def _read(self, record: Record) -> Event:
        topic, partition, offset, received, _, value, headers = record
        if not value:
            raise Refused(DeadLetterReason.INVALID_JSON, "the record has no value")
        if len(value) > MAX_EVENT_BYTES:
            raise Refused(DeadLetterReason.TOO_LARGE, f"{len(value)} bytes, at most {MAX_EVENT_BYTES}")
        message, attributes = unwrap(decode(value), headers)
        message_id = _message_id(message, attributes)
        take = message.pop
        take("messageId", None)
        kind = _type(take("type", None))
        name = self._name(kind, message)
        properties, context = _object(message, "properties"), _object(message, "context")
        own_traits, context_traits = _object(message, "traits"), context.get("traits")
        if type(context_traits) is not dict:
            context_traits = {}
        time, clamped, received = _time(message, attributes, received)
        identifiers = self._identifiers(message, properties, context, own_traits, context_traits)
        previous = self._previous(message, identifiers) if kind == "alias" else ()
        channel = _CHANNELS.get(topic) or channel_of(topic)
        if not identifiers:
            identifiers = self._nameless(name, kind, properties, channel)
        body = {
            "channel": channel,
            "message_id": message_id,
            "type": kind,
            "name": name,
            "event_time": iso(time),
            "received_at": iso(received),
            "properties": properties,
            "context": context,
            "traits": {**context_traits, **own_traits},
            "identifiers": [{"type": type_, "value": value} for type_, value in identifiers],
            "source": {"topic": topic, "partition": partition, "offset": offset},
        }
        if attributes:
            message.setdefault("cloudevent", attributes)
        if message:
            body["extra"] = message
        return Event(
            time, topic, partition, offset, channel, identifiers, previous, message_id, orjson.dumps(body), clamped
        )

    def _identifier(self, type_: str, value: Any) -> Identifier | None:
        text = text_of(value)
        return None if text is None else self._memos[type_][text]

    def _name(self, kind: str, message: dict[str, Any]) -> str:
        if kind == "track":
            event = text_of(message.pop("event", None))
            name = self._names[event] if event else ""
            if not name:
                raise Refused(DeadLetterReason.MISSING_EVENT_NAME, "a track call without the name of its event")
            return name
        if kind in ("page", "screen"):
            name = message.pop("name", None)
            return name if type(name) is str else ""
        return ""

    def _identifiers(
        self,
        message: dict[str, Any],
        properties: dict[str, Any],
        context: dict[str, Any],
        traits: dict[str, Any],
        context_traits: dict[str, Any],
    ) -> tuple[Identifier, ...]:
        found = [self._identifier(ids.USER_ID, message.pop("userId", None))]
        for source in (traits, context_traits, properties):
            found.append(self._identifier(ids.EMAIL, source.get("email")))
            found.append(self._identifier(ids.PHONE, source.get("phone")))
        device = context.get("device")
        if type(device) is dict:
            found.append(self._identifier(ids.DEVICE_ID, device.get("id")))
            found.append(self._identifier(ids.ADVERTISING_ID, device.get("advertisingId")))
            found.append(self._identifier(ids.PUSH_TOKEN, device.get("token")))
        found.append(self._identifier(ids.ANONYMOUS_ID, message.pop("anonymousId", None)))
        external = context.get("externalIds")
        if type(external) is list:
            found.extend(self._external(one) for one in external)
        return tuple(ids.strongest_first([one for one in found if one is not None]))

    def _external(self, one: Any) -> Identifier | None:
        if type(one) is not dict:
            return None
        type_ = text_of(one.get("type"))
        if not type_ or len(type_) > 64:
            return None
        type_ = type_.lower().replace(":", "_")
        if type_ in self._memos:
            return self._identifier(type_, one.get("id"))
        value = self.values.plain(one.get("id"))
        return None if value is None else Identifier(type_, value)

    def _previous(self, message: dict[str, Any], identifiers: tuple[Identifier, ...]) -> tuple[Identifier, ...]:
        value = self.values.plain(message.pop("previousId", None))
        if value is None or (identifiers and identifiers[0] == (ids.USER_ID, value)):
            return ()
        return Identifier(ids.USER_ID, value), Identifier(ids.ANONYMOUS_ID, value)

    def _nameless(
        self, name: str, kind: str, properties: dict[str, Any], channel: str
    ) -> tuple[Identifier, ...]:
        if name in ORDER_EVENTS and kind == "track":
            order = self._identifier(ids.ORDER_ID, properties.get("order_id"))
            if order is not None:
                return (order,)
        if channel == "broadcast":
            return ()
        raise Refused(DeadLetterReason.NO_IDENTIFIER, "no value of the event can identify a customer")


def _message_id(message: dict[str, Any], attributes: dict[str, Any]) -> str:
    for value in (message.get("messageId"), attributes.get("id")):
        if type(value) is str and value and not value.isspace() and len(value) <= MAX_MESSAGE_ID:
            return value
        if type(value) is int or type(value) is float:
            return text_of(value) or ""
    content = {key: value for key, value in message.items() if key not in ("sentAt", "receivedAt")}
    return "h-" + blake2b(orjson.dumps(content, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()


def _type(value: Any) -> str:
    if type(value) is str:
        kind = _TYPES.get(value) or _TYPES.get(value.strip().lower())
        if kind is not None:
            return kind
    raise Refused(DeadLetterReason.UNKNOWN_TYPE, f"type is none of {', '.join(_TYPES)}")


def _object(message: dict[str, Any], field: str) -> dict[str, Any]:
    value = message.pop(field, None)
    if type(value) is dict:
        return value
    if value is None:
        return {}
    raise Refused(DeadLetterReason.INVALID_VALUE, f"{field} is not an object")


def _time(message: dict[str, Any], attributes: dict[str, Any], received: int) -> tuple[int, bool, int]:
    given, original = message.pop("timestamp", None), message.pop("originalTimestamp", None)
    sent, arrived = message.pop("sentAt", None), message.pop("receivedAt", None)
    has_clock = 0 <= received <= MAX_TIME
    if not is_absent(given):
        time, field = parse(given), "timestamp"
    elif not is_absent(original):
        time, field = parse(original), "originalTimestamp"
        sent_ms = parse(sent)
        if time is not None and sent_ms is not None:
            arrived_ms = parse(arrived)
            if arrived_ms is None and has_clock:
                arrived_ms = received
            if arrived_ms is not None:
                time = arrived_ms - (sent_ms - time)
                time = time if 0 <= time <= MAX_TIME else None
    elif not is_absent(attributes.get("time")):
        time, field = parse(attributes["time"]), "time of the CloudEvent"
    else:
        time = received = received if has_clock else 0
        return time, False, received
    if time is None:
        raise Refused(DeadLetterReason.INVALID_TIMESTAMP, f"{field} is no time between 1970 and 9999 that can be read")
    if not has_clock:
        return time, False, time
    if time > received + MAX_AHEAD_MS:
        return received, True, received
    return time, False, received


_reader: Final = Reader()


def read(record: Record) -> Event | DeadLetter:
    """`Reader().read` with the default settings. Never raises for anything a producer sends."""
    return _reader.read(record)
