"""Raw events made of what a provider told: in Segment's form, with ids that a repeat of the provider has again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from collector.callbacks.body import dumps, loads
from collector.callbacks.request import digest
from collector.intake import RawEvent
from schemas import times
from schemas.message_ids import named

EMAIL: Final = "email"
SMS: Final = "sms"
MESSENGER: Final = "messenger"
_LONGEST_TEXT: Final = 2_000
_LONGEST_ID: Final = 200
_MOST_KEPT: Final = 100_000
"""Characters of what cannot be mapped that are kept: six bytes each at most, in a record of a megabyte."""


class Reading(NamedTuple):
    """What a request says: `events` to publish, and how many things in it mean nothing here (`ignored`).

    `unmapped` are raw events as well: what should mean something and cannot be read ends in the dead letters.
    """

    events: tuple[RawEvent, ...] = ()
    ignored: int = 0
    unmapped: tuple[RawEvent, ...] = ()


IGNORED: Final = Reading(ignored=1)
NOTHING: Final = Reading()


class Person(NamedTuple):
    """Who an event is about, as far as it says. `typed` addresses were only typed into a form."""

    user_id: str = ""
    anonymous_id: str = ""
    email: str = ""
    phone: str = ""
    external: tuple[str, str] | None = None
    """Type and id of an identifier of the shop's own."""
    typed: bool = False

    def is_known(self) -> bool:
        """Whether anything says who it is."""
        return bool(self.user_id or self.anonymous_id or self.email or self.phone or self.external)


def track(
    channel: str,
    name: str,
    event_id: str,
    at: int,
    person: Person,
    properties: dict[str, Any],
    context: dict[str, Any] | None = None,
) -> RawEvent:
    """A track call called `name` on a `channel`; `event_id` is the same on every repeat of the provider.

    `at` is epoch milliseconds. Properties and context that are None or empty text are left out.
    """
    said = {key: value for key, value in properties.items() if value is not None and value != ""}
    around = {key: value for key, value in (context or {}).items() if value is not None and value != ""}
    addresses = _addresses(person)
    if person.typed:
        said.update(addresses)
    elif addresses:
        around["traits"] = addresses
    event = {"type": "track", "event": name, **_ids(person), "properties": said}
    return _raw(channel, event, event_id, at, person, around)


def identify(channel: str, event_id: str, at: int, person: Person, traits: dict[str, Any]) -> RawEvent:
    """An identify call on a `channel` with these `traits`, those of None left out.

    `event_id` and `at` (epoch milliseconds) are as of `track`.
    """
    said = {key: value for key, value in traits.items() if value is not None and value != ""}
    event = {"type": "identify", **_ids(person), "traits": {**said, **_addresses(person)}}
    return _raw(channel, event, event_id, at, person, {})


def feedback(
    channel: str, name: str, event_id: str, at: int, /, *, sent: Iterable[Any], address: str, **properties: Any
) -> RawEvent | None:
    """What became of a message, by `name`, on a `channel`; `sent` is where its id may stand, `address` where it went.

    None when neither says whose it is. A `user_agent` goes into the context. `event_id` and `at` (epoch ms) are as of
    `track`.
    """
    message_id = next((ours for one in sent if (ours := named(one)) is not None), None)
    if message_id is None and not address:
        return None
    person = Person(email=address) if channel == EMAIL else Person(phone=address)
    agent = properties.pop("user_agent", None)
    said = {"message_id": message_id, **properties}
    return track(channel, name, event_id, at, person, said, {"userAgent": agent})


def dead(channel: str, provider: str, reason: str, what: Any) -> RawEvent:
    """What cannot be mapped, on its way to the dead letters: `callback` is no type of a call.

    `what` the `provider` sent is kept with the `reason`, by way of a `channel`.
    """
    body = (what if isinstance(what, bytes) else dumps(what)).decode("utf-8", "replace")
    kept = {"type": "callback", "callback": provider, "reason": reason, "body": body[:_MOST_KEPT]}
    return RawEvent(channel, dumps(kept))


def unmapped(channel: str, provider: str, reason: str, what: Any) -> Reading:
    """A reading of one thing (`what`) that cannot be mapped, for this `reason`.

    `channel` and `provider` are as of `dead`.
    """
    return Reading(unmapped=(dead(channel, provider, reason, what),))


def externally(reading: Reading, kind: str) -> Reading:
    """The same where the shop's ids of customers are no user_ids of ours: each is an external id of this `kind`."""
    return reading._replace(events=tuple(_externally(event, kind) for event in reading.events))


def _externally(event: RawEvent, kind: str) -> RawEvent:
    told = loads(event.value)
    user_id = told.pop("userId", None)
    if user_id is None:
        return event
    listed = told["context"].setdefault("externalIds", [])
    listed.append({"type": kind, "id": user_id})
    return event._replace(value=dumps(told))


def together(readings: Iterable[Reading]) -> Reading:
    """What several things in one request say."""
    each = list(readings)
    return Reading(
        tuple(event for reading in each for event in reading.events),
        sum(reading.ignored for reading in each),
        tuple(event for reading in each for event in reading.unmapped),
    )


def one(event: RawEvent | None, channel: str, provider: str, what: Any) -> Reading:
    """A reading of one event; without it `what` names nobody and cannot be mapped.

    `channel` and `provider` are as of `dead`.
    """
    if event is None:
        return unmapped(channel, provider, "names neither a message nor an address", what)
    return Reading((event,))


def moment(value: Any, otherwise: int) -> int:
    """The time in a `value`, in epoch milliseconds; `otherwise` (the same) where there is none that can be read.

    A text without a zone is UTC, a number an epoch time.
    """
    found = None if times.is_absent(value) else times.parse(value)
    return otherwise if found is None else found


def clipped(value: Any) -> str | None:
    """A `value` that is a text, at most 2,000 characters of it; None for anything else and for nothing."""
    return value[:_LONGEST_TEXT] if isinstance(value, str) and value else None


def version(found: dict[str, Any]) -> str:
    """What tells this state of a thing (`found`) from another: times of changes are told by the second alone."""
    return digest(dumps(found))[:16]


def id_of(provider: str, *parts: str) -> str:
    """A messageId of what a provider calls it; a hash where that is long."""
    named_so = ":".join((provider, *parts))
    return named_so if len(named_so) <= _LONGEST_ID else f"{provider}:{digest(*parts)}"


def _ids(person: Person) -> dict[str, str]:
    ids = {"userId": person.user_id, "anonymousId": person.anonymous_id}
    return {key: value for key, value in ids.items() if value}


def _addresses(person: Person) -> dict[str, str]:
    return {key: value for key, value in (("email", person.email), ("phone", person.phone)) if value}


def _raw(
    channel: str, event: dict[str, Any], event_id: str, at: int, person: Person, context: dict[str, Any]
) -> RawEvent:
    if person.external is not None:
        kind, value = person.external
        context = {**context, "externalIds": [{"type": kind, "id": value}]}
    made = {**event, "messageId": event_id, "timestamp": times.iso(at), "context": context}
    return RawEvent(channel, dumps(made))
