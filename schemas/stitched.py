"""A value of `stitched.events` back to the event it was written from: the way back of `schemas/events.py`.

The profile is left out on purpose: whose an event is follows from its identifiers, and from those of all others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import orjson

from schemas import identifiers as ids
from schemas.consent_words import may_say
from schemas.events import Event, address_of
from schemas.evidence import with_references
from schemas.identifiers import Identifier
from schemas.message_ids import named
from schemas.names import FEEDBACK_EVENTS, ORDER_COMPLETED, ORDER_EVENTS, REFERRING_EVENTS
from schemas.orders import CORRECTS, NO_ORDER, SELLS, confirms_claims, order_value
from schemas.people import People
from schemas.times import parse

TYPED: Final = (ids.EMAIL, ids.PHONE, ids.PHONE_DIGITS)
"""What a form may have been filled in with."""


class StitchedReader:
    """`read(value)`: the event of one value. It remembers what it has normalised, so keep one a process."""

    def __init__(self, region: str = "US", blocked: Iterable[str] = ()) -> None:
        """As for `schemas.events.Reader`: the `region` of phone numbers, and values `blocked` as identifiers."""
        self._people = People(region, blocked)

    def read(self, value: Mapping[str, Any], previous: Sequence[Identifier] = ()) -> Event:
        """The event in a `value` of the topic, which may lack `typed` in its identifiers.

        `previous` are the identifiers that an alias call named as its customer's before: the topic does not have them.
        Raises KeyError and ValueError for what was never written there.
        """
        kind, name, channel, properties = value["type"], value["name"], value["channel"], value["properties"]
        time = parse(value["event_time"])
        if time is None:
            raise ValueError("no event time")
        named_by = tuple(Identifier(one["type"], one["value"]) for one in value["identifiers"])
        # A nameless order's: they are found again below.
        identifiers = () if named_by and named_by[0].type in ids.REFERENCES else named_by
        track, weak, order = kind == "track", 0, NO_ORDER
        typed = self._typed(value, identifiers) if track and name not in FEEDBACK_EVENTS else frozenset()
        rows = tuple({**one._asdict(), "typed": True} if one in typed else one._asdict() for one in identifiers)
        weak = len(typed)
        if track and name in REFERRING_EVENTS and (refs := self._people.references(properties)):
            identifiers, rows, weak = with_references(identifiers, rows, refs, weak, name, channel)
            if name in ORDER_EVENTS and refs[0][0].type == ids.ORDER_ID:
                order = SELLS if name == ORDER_COMPLETED and order_value(properties) >= 0 else CORRECTS
        body = {
            "channel": channel, "message_id": value["message_id"], "type": kind, "name": name,
            "event_time": value["event_time"], "received_at": value["received_at"], "properties": properties,
            "context": value["context"], "traits": value["traits"],
            "identifiers": rows,
            "source": value["source"],
        }  # fmt: skip
        body |= {more: value[more] for more in ("original_name", "extra", "time_unreadable") if value.get(more)}
        source = value["source"]
        address = address_of(identifiers)
        return Event(
            time, source["topic"], source["partition"], source["offset"], channel, identifiers,
            (*address, *(one for one in previous if one not in address)), value["message_id"], orjson.dumps(body),
            name=name if track else "", weak=weak, about=self._about(name, properties) if track else "",
            confirms=_confirms(value, identifiers), order=order, of_consent=may_say(value["traits"]),
        )  # fmt: skip

    def _typed(self, value: Mapping[str, Any], identifiers: Sequence[Identifier]) -> frozenset[Identifier]:
        """The addresses that only `properties` name (contract 1, `typed`); the first of nobody else is who it is."""
        properties, context, traits = value["properties"], value["context"], value["traits"]
        if "email" not in properties and "phone" not in properties:
            return frozenset()
        inner = context.get("traits")
        sources = (traits, inner) if type(inner) is dict and inner else (traits,)
        given = self._people.find(
            next((one.value for one in identifiers if one.type == ids.USER_ID), None), None, context.get("device"),
            context.get("externalIds"), sources,
        )  # fmt: skip
        known = {one for one, _, _ in given}
        told = [one for one in identifiers if one.type in TYPED and one not in known]
        return frozenset(told[told[0] == identifiers[0] :] if told else ())

    def _about(self, name: str, properties: Mapping[str, Any]) -> str:
        if name not in FEEDBACK_EVENTS:
            return ""
        return named(properties.get("message_id")) or ""


def _confirms(value: Mapping[str, Any], identifiers: Sequence[Identifier]) -> str:
    """What an event confirms of what its customer has only typed, as `Event.confirms`."""
    kind, properties = value["type"], value["properties"]
    if kind == "identify":
        confirms = "identify"
    elif kind == "track" and value["name"] == ORDER_COMPLETED and confirms_claims(properties):
        confirms = "order"
    else:
        return ""
    staffed = value["channel"] in ids.STAFFED_CHANNELS
    return "" if staffed and identifiers and identifiers[0].type in ids.DEVICE_LIKE else confirms
