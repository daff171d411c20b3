"""A raw record to an event of the pipeline, or to the reason why not: the one reader of what producers send.

Reading is on the way of every event, so `Reader.read` is written out flat for what most events look like, and leaves
the rest (odd types, odd times, rarer identifiers, CloudEvents) to the modules beside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import orjson
from mypy_extensions import mypyc_attr

from schemas import identifiers as ids
from schemas.aliases.table import NO_NAMES, Names
from schemas.aliases.translator import Named, Translator
from schemas.caches import Memo
from schemas.calls import MAX_AHEAD_MS, MAX_MESSAGE_ID, event_name, message_id_of, object_of, time_of, type_of
from schemas.consent_words import may_say
from schemas.decoding import MAX_DEPTH, InexactError, Refused, check_depth, exact, lenient
from schemas.envelope import unwrap
from schemas.evidence import of_customers, with_references, with_typed
from schemas.identifiers import Identifier
from schemas.mending import MENDED, mended
from schemas.message_ids import named
from schemas.names import FEEDBACK_EVENTS, ORDER_COMPLETED, ORDER_EVENTS, REFERRING_EVENTS
from schemas.orders import CORRECTS, NO_ORDER, SELLS, confirms_claims, is_for_another, order_value
from schemas.people import People
from schemas.reasons import DeadLetterReason
from schemas.record import Record
from schemas.shapes import SHAPED, shaped
from schemas.times import MAX_TIME, MINUTE_MS, SECONDS, THOUSANDTHS, iso, minute_of, parse
from schemas.topics import CHANNEL_TOPICS, MAX_EVENT_BYTES, channel_of


class Event(NamedTuple):
    """An accepted event: `time` in epoch milliseconds, identifiers strongest first.

    `previous` are the identifiers an alias call names beside its own, and the address that its user id is. The last
    `weak` of `identifiers` are addresses only typed, and what merely names a purchase (contract 1). `body` is the JSON
    object of `stitched.events` without `profile_id` and `late`. `clamped` says that the event claimed a time too far
    ahead of its record's. `name` is that of a track call, empty for any other. `about` is the id of the message that it
    is feedback of, empty where it names none of ours. `confirms` is `order` or `identify` where the event confirms what
    its customer has only typed (contract 8.11 to 8.13), else empty. `order`: what it says of the order that it
    links (schemas/orders.py). `of_consent`: among the `traits` of the body is one that is
    about subscriptions (schemas/consent_words.py).
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
    name: str = ""
    weak: int = 0
    about: str = ""
    confirms: str = ""
    order: int = NO_ORDER
    of_consent: bool = False


class DeadLetter(NamedTuple):
    """A record that cannot be taken. `detail` is short and never holds a value of the record."""

    reason: DeadLetterReason
    detail: str
    record: Record


_CHANNELS: Final = {topic: channel_of(topic) for topic in CHANNEL_TOPICS}
_NOTHING: Final[dict[str, Any]] = {}
_NEAR: Final = MAX_AHEAD_MS - MINUTE_MS
"""A minute that begins no further than this from a time is within what `time_of` lets pass, whatever its seconds."""
_seconds, _thousandths, _iso = SECONDS.get, THOUSANDTHS.get, iso
_loads, _dumps, _JSONDecodeError = orjson.loads, orjson.dumps, orjson.JSONDecodeError
# A NamedTuple's own constructor is a Python function; this is what it calls.
_tuple: Any = tuple.__new__


@mypyc_attr(allow_interpreted_subclasses=True)
class Reader:
    """`Reader(region, blocked).read(record)`: it remembers what it has normalised, so keep one a process."""

    __slots__ = ("_anonymous", "_minutes", "_names", "_people", "_plain", "_translator", "_users", "resembling")

    def __init__(self, region: str = "US", blocked: Iterable[str] = (), own: Names = NO_NAMES) -> None:
        """`region` reads phone numbers without a country code, `blocked` adds values that never identify anybody.

        `own` are the shop's names of events and properties.
        """
        self._people = People(region, blocked)
        self._users, self._anonymous = self._people.users, self._people.anonymous
        self._minutes: Memo[str, int | None] = Memo(minute_of, limit=100_000)
        self._translator = Translator(own)
        self._plain = self._translator.plain
        self._names: Memo[str, Named] = Memo(self._translator.name, limit=4096)
        self.resembling = self._translator.resembling
        """Events whose name resembles one that acts and is not known, by the canonical name, until this is emptied."""

    def read(self, record: Record) -> Event | DeadLetter:  # noqa: PLR0915 - one flat way, see the module
        """The event in a record, or a dead letter. Never raises for anything a producer sends."""
        topic, partition, offset, received, _, value, headers = record
        if not value:
            return DeadLetter(DeadLetterReason.INVALID_JSON, "the record has no value", record)
        if len(value) > MAX_EVENT_BYTES:
            return DeadLetter(DeadLetterReason.TOO_LARGE, f"{len(value)} bytes, at most {MAX_EVENT_BYTES}", record)
        try:
            try:
                message = _loads(value)
            except _JSONDecodeError:
                message = lenient(value)
            # As `may_be_deep`, without the call.
            if 2 * len(value) - len(value.replace(b"{", b"")) - len(value.replace(b"[", b"")) > MAX_DEPTH:
                check_depth(message)
            attributes = _NOTHING
            if type(message) is not dict or headers or "specversion" in message:
                message, attributes = unwrap(message, headers)
            take = message.pop

            message_id = take("messageId", None)
            if (
                type(message_id) is not str
                or not message_id
                or len(message_id) > MAX_MESSAGE_ID
                or message_id.isspace()
            ):
                message_id = message_id_of(message_id, attributes, message)
            kind = take("type", None)
            rule = original_name = None
            confirms = ""
            if kind != "track":
                kind = type_of(kind)
            if kind == "track":
                name = take("event", None)
                name, rule, original_name = called = self._names[name if type(name) is str else event_name(name)]
            elif kind == "page" or kind == "screen":  # noqa: PLR1714 - a tuple would be searched
                name = take("name", None)
                if type(name) is not str:
                    name = ""
            else:
                name = ""
                if kind == "identify":
                    confirms = kind

            properties = take("properties", None)
            if type(properties) is not dict:
                properties = object_of(properties, "properties")
            context = take("context", None)
            if type(context) is not dict:
                context = object_of(context, "context")
            traits = take("traits", None)
            if type(traits) is not dict:
                traits = object_of(traits, "traits")
            channel = _CHANNELS[topic] if topic in _CHANNELS else channel_of(topic)
            if rule is not None and not (
                rule.shops and "products" not in properties and self._plain.issuperset(properties)
            ):
                kind, name, properties, original_name = self._translator.read(
                    called, properties, context, channel, message
                )
            if kind == "track" and name in SHAPED:
                properties = shaped(name, properties)

            given, original = take("timestamp", None), take("originalTimestamp", None)
            sent, arrived = take("sentAt", None), take("receivedAt", None)
            clamped = False
            if (
                type(given) is str
                and (minute := self._minutes[given[:17]]) is not None
                and (second := _seconds(given[17:20])) is not None
                and (milli := _thousandths(given[20:])) is not None
                and (time := minute + second + milli) - MAX_AHEAD_MS <= received <= MAX_TIME
                and (
                    sent is None
                    or (
                        type(sent) is str
                        and sent[-1:] == "Z"
                        and (sent_minute := self._minutes[sent[:17]]) is not None
                        and (arrival := received if arrived is None else parse(arrived)) is not None
                        and time <= arrival
                        and -_NEAR <= arrival - sent_minute <= _NEAR
                    )
                )
            ):
                # As `time_of` takes it: nothing to be set right.
                event_time = given
            elif (
                sent is None
                and type(given) is str
                and (parsed := parse(given))
                and parsed - MAX_AHEAD_MS <= received <= MAX_TIME
            ):
                time, event_time = parsed, _iso(parsed)
            elif (
                given is None
                and type(original) is str
                and type(sent) is str
                and (minute := self._minutes[original[:17]]) is not None
                and (second := _seconds(original[17:20])) is not None
                and (milli := _thousandths(original[20:])) is not None
                and (time := minute + second + milli) - MAX_AHEAD_MS <= received <= MAX_TIME
                and sent[-1:] == "Z"
                and (sent_minute := self._minutes[sent[:17]]) is not None
                and (arrival := received if arrived is None else parse(arrived)) is not None
                and time <= arrival
                and -_NEAR <= arrival - sent_minute <= _NEAR
            ):
                event_time = original
            else:
                time, received, clamped = time_of(given, original, sent, arrived, attributes, received)
                event_time = _iso(time)

            user, anonymous, typed = take("userId", None), take("anonymousId", None), False
            identifiers: tuple[Identifier, ...]
            rows: tuple[dict[str, Any], ...]
            sources: tuple[dict[str, Any], ...]
            if (
                "traits" in context or "device" in context or "externalIds" in context
                or (type(user) is str and "@" in user)
                or "email" in properties or "phone" in properties
                or (traits and ("email" in traits or "phone" in traits))
            ):  # fmt: skip
                inner = context.get("traits")
                typed = (
                    kind == "track" and name not in FEEDBACK_EVENTS and ("email" in properties or "phone" in properties)
                )
                said = () if typed else (properties,)
                if type(inner) is dict and inner:
                    # The traits of a group call are the company's.
                    sources = (traits, inner, *said) if traits and kind != "group" else (inner, *said)
                    traits = {**inner, **traits}
                else:
                    sources = (traits, *said) if kind != "group" else said
                found = self._people.find(user, anonymous, context.get("device"), context.get("externalIds"), sources)
                identifiers, rows, _ = zip(*found) if found else ((), (), ())  # noqa: B905 - strict costs 0.4 us
            else:
                one = self._users[user] if type(user) is str else self._people.known(ids.USER_ID, user)
                other = (
                    self._anonymous[anonymous] if type(anonymous) is str
                    else self._people.known(ids.ANONYMOUS_ID, anonymous)
                )  # fmt: skip
                if one is None:
                    identifiers, rows = ((), ()) if other is None else ((other[0],), (other[1],))
                elif other is None:
                    identifiers, rows = (one[0],), (one[1],)
                else:
                    identifiers, rows = (one[0], other[0]), (one[1], other[1])
            previous: tuple[Identifier, ...] = ()
            if type(user) is str and "@" in user:
                previous = address_of(identifiers)
            if kind == "alias":
                previous += self._people.previous(take("previousId", None), identifiers)
            if channel in ids.STAFFED_CHANNELS and identifiers:
                identifiers, rows, previous = of_customers(identifiers, rows, previous)
            weak, order = 0, NO_ORDER
            if typed:
                claimed = self._people.typed(properties, identifiers)
                if claimed and not (identifiers and is_for_another(properties)):
                    identifiers, rows, weak = with_typed(identifiers, rows, claimed, channel)
            if kind == "track" and name in REFERRING_EVENTS and (
                "order_id" in properties or "checkout_id" in properties or "cart_id" in properties
                or "orderId" in properties
            ):  # fmt: skip
                refs = self._people.references(properties)
                if refs:
                    identifiers, rows, weak = with_references(identifiers, rows, refs, weak, name, channel)
                    if name in ORDER_EVENTS and refs[0][0].type == ids.ORDER_ID:
                        order = SELLS if name == ORDER_COMPLETED and order_value(properties) >= 0 else CORRECTS
            if name == ORDER_COMPLETED and kind == "track" and confirms_claims(properties):
                confirms = "order"
            if confirms and channel in ids.STAFFED_CHANNELS and identifiers and identifiers[0][0] in ids.DEVICE_LIKE:
                # Whoever stands at the till.
                confirms = ""
            about = None
            if "message_id" in properties and kind == "track" and name in FEEDBACK_EVENTS:
                about = named(properties["message_id"])
                if about is not None:
                    properties["message_id"] = about
            if not identifiers and about is None:
                self._people.nobody(channel)

            body = {
                "channel": channel,
                "message_id": message_id,
                "type": kind,
                "name": name,
                "event_time": event_time,
                "received_at": _iso(received),
                "properties": properties,
                "context": context,
                "traits": traits,
                "identifiers": rows,
                "source": {"topic": topic, "partition": partition, "offset": offset},
            }
            if attributes:
                message.setdefault("cloudevent", attributes)
            if original_name is not None:
                body["original_name"] = original_name
            if message:
                body["extra"] = message
            event: Event = _tuple(
                Event,
                (
                    time, topic, partition, offset, channel, identifiers, previous, message_id, _dumps(body), clamped,
                    name if kind == "track" else "", weak, about or "", confirms, order,
                    bool(traits) and may_say(traits),
                ),
            )  # fmt: skip
        except InexactError:
            return self._read_exactly(record)
        except Refused as refused:
            return self._mend(record, refused)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - one record must never stop a worker
            return DeadLetter(DeadLetterReason.INTERNAL_ERROR, type(error).__name__, record)
        return event

    def _mend(self, record: Record, refused: Refused) -> Event | DeadLetter:
        """A record that was refused, unless it is an order or a no that can be understood."""
        found = mended(record, self._translator.presumed) if refused.reason in MENDED else None
        if found is None:
            return DeadLetter(refused.reason, refused.detail, record)
        result = self.read(record._replace(value=found.value))
        if isinstance(result, DeadLetter):
            return result._replace(record=record)
        return result._replace(body=result.body[:-1] + b',"time_unreadable":true}') if found.timeless else result

    def _read_exactly(self, record: Record) -> Event | DeadLetter:
        """A record with a number that no float holds, where each digit counts."""
        try:
            value = exact(record.value or b"")
        except Refused as refused:
            return DeadLetter(refused.reason, refused.detail, record)
        result = self.read(record._replace(value=value))
        return result._replace(record=record) if type(result) is DeadLetter else result


def address_of(identifiers: tuple[Identifier, ...]) -> tuple[Identifier, ...]:
    """The e-mail identifier that the event's user id is: one more name of this user, whoever else has it."""
    if not identifiers or identifiers[0].type != ids.USER_ID:
        return ()
    return tuple(each for each in identifiers[1:] if each == (ids.EMAIL, identifiers[0].value))


_reader: Final = Reader()


def read(record: Record) -> Event | DeadLetter:
    """`Reader().read` with the default settings."""
    return _reader.read(record)
