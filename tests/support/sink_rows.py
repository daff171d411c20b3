"""Records of the output topics, made by hand as the contract describes them."""

from __future__ import annotations

import hashlib
from itertools import count
from typing import Any

import orjson

from schemas import topics
from schemas.record import Record
from schemas.times import iso

NOON = 1_795_262_400_000
"""2026-11-21T12:00:00Z."""
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_offsets = count()


def hexed(what: object) -> str:
    """32 hex digits that stand for something, as ids do."""
    return hashlib.blake2b(str(what).encode(), digest_size=16).hexdigest()


def record(topic: str, value: Any, key: str | None = None) -> Record:
    """A record of one partition; bytes and None stay as they are, anything else becomes JSON."""
    body = value if value is None or isinstance(value, bytes) else orjson.dumps(value)
    return Record(topic, 0, next(_offsets), NOON, None if key is None else key.encode(), body)


def event(
    profile: str,
    name: str,
    at: int = NOON,
    *,
    channel: str = "web",
    message_id: str | None = None,
    identifiers: list[dict[str, str]] | None = None,
    **properties: Any,
) -> Record:
    """A track event on `stitched.events`; named arguments beyond those here are its properties."""
    return record(topics.STITCHED_EVENTS, event_value(profile, name, at, channel, message_id, identifiers, properties))


def touching(
    profile: str, at: int, channel: str, *, touch_id: str = "t", opened: int | None = None, change: int = 0,
    campaign: str | None = None, source: str | None = None,
) -> Record:  # fmt: skip
    """A page that has opened a touch, or has changed the one that was `opened` before."""
    identifiers = [{"type": "email", "value": f"{profile}@example.com"}]
    value = event_value(profile, "Product Viewed", at, message_id=f"{touch_id}-{at}-{change}", identifiers=identifiers)
    value["touch"] = {
        "id": touch_id, "change": change, "channel": channel, "at": iso(at if opened is None else opened),
        "source": source, "medium": None, "campaign": campaign,
    }  # fmt: skip
    return record(topics.STITCHED_EVENTS, value)


def event_value(
    profile: str,
    name: str,
    at: int = NOON,
    channel: str = "web",
    message_id: str | None = None,
    identifiers: list[dict[str, str]] | None = None,
    properties: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The value of such a record."""
    return {
        "profile_id": profile,
        "late": False,
        "channel": channel,
        "message_id": message_id or f"{name}-{at}-{profile}",
        "type": "track",
        "name": name,
        "event_time": iso(at),
        "received_at": iso(at),
        "properties": properties or {},
        "context": {"locale": "en-US"},
        "traits": {},
        "identifiers": [{"type": "user_id", "value": profile}] if identifiers is None else identifiers,
        "source": {"topic": f"channels.{channel}", "partition": 2, "offset": 17},
    }


def assignment(hashed: str, type_: str, profile: str | None, version: int = 1, at: int = NOON, **more: Any) -> Record:
    """Whose an identifier is from now on; None once its person has been erased. `more`: fields that newer ones have."""
    value = {"identifier_type": type_, "profile_id": profile, "version": version, "linked_at": iso(at)}
    return record(topics.IDENTITY_ASSIGNMENTS, value | more, hashed)


def split(
    profile: str, into: str, heads: list[str], at: int = NOON, version: int = 1, *, history: bool = False
) -> Record:
    """Identifiers that were cut off a profile, or a merged profile that goes elsewhere by it (`history`)."""
    value = {"merged_profile_id": profile, "into_profile_id": into, "merged_at": iso(at), "version": version}
    reason = "split_history" if history else "split"
    return record(topics.IDENTITY_MERGES, {**value, "reason": reason, "identifiers": heads}, profile)


def erasure(profile: str, at: int = NOON, version: int = 1) -> Record:
    """The row of a profile whose person was erased."""
    value = {"merged_profile_id": profile, "into_profile_id": None, "reason": "erased", "merged_at": iso(at)}
    return record(topics.IDENTITY_MERGES, {**value, "version": version}, profile)


def merge(loser: str, winner: str, at: int = NOON, version: int = 1, refused: str | None = None) -> Record:
    """Two profiles that became one, or a link that was refused."""
    value = {"merged_profile_id": loser, "into_profile_id": winner, "reason": refused or "link", "merged_at": iso(at)}
    more = {"refused": refused} if refused else {}
    return record(topics.IDENTITY_MERGES, {**value, "version": version, **more}, loser)


def transition(
    profile: str,
    cart: str,
    states: str,
    at: int,
    *,
    reason: str = "",
    value: float | None = 10.0,
    stage: str = "cart",
    no: int = 0,
    currency: str = "EUR",
) -> Record:
    """A cart going `from>to`, such as "none>open"."""
    before, after = states.split(">")
    lines = [] if after == "emptied" else [{"product_id": "p1", "sku": None, "price": value, "quantity": 1}]
    return record(
        topics.CART_TRANSITIONS,
        {
            "profile_id": profile,
            "cart_id": cart,
            "from": before,
            "to": after,
            "at": iso(at),
            "reason": reason or after,
            "lines": lines,
            "value": value if lines else 0,
            "currency": currency,
            "stage": stage,
            "abandonment_no": no,
        },
        profile,
    )


def trigger(cart: str | None = "c1", at: int = NOON) -> dict[str, Any]:
    """What a decision was about."""
    return {"type": "cart_abandoned", "at": iso(at), "cart_id": cart}


def message(
    profile: str, message_id: str, *, channel: str = "email", step: str = "reminder", variant: str = "plain",
    offer: dict[str, str] | None = None, at: int = NOON, cart: str = "c1",
) -> Record:  # fmt: skip
    """A message that was sent."""
    return record(
        topics.RETARGETING_MESSAGES,
        {
            "message_id": message_id,
            "campaign_id": "abandoned-cart",
            "step": step,
            "variant": variant,
            "profile_id": profile,
            "channel": channel,
            "to": "a@example.com",
            "subject": "Still there",
            "body": "Your cart",
            "url": "https://shop.example",
            "offer": offer,
            "trigger": {**trigger(), "cart_id": cart},
            "decided_at": iso(at),
            "expires_at": iso(at + 72 * HOUR),
        },
        profile,
    )


def decision(
    profile: str,
    decision_id: str,
    outcome: str,
    *,
    reason: str = "",
    variant: str | None = "plain",
    step: str = "reminder",
    message_id: str | None = None,
) -> Record:
    """A decision; its profile is the record's key alone."""
    return record(
        topics.RETARGETING_DECISIONS,
        {
            "decision_id": decision_id,
            "campaign_id": "abandoned-cart",
            "step": step,
            "variant": variant,
            "arm": "treatment",
            "outcome": outcome,
            "reason": reason or None,
            "message_id": message_id,
            "trigger": trigger(),
            "decided_at": iso(NOON),
        },
        profile,
    )


def conversion(
    profile: str,
    order: str,
    value: float,
    *,
    at: int = NOON,
    channel: str = "web",
    message_id: str | None = None,
    **more: Any,
) -> Record:
    """An order, with a message to thank for it if one is given; `more` fields as they stand on the topic."""
    recovered = {"campaign_id": "abandoned-cart", "step": "reminder", "message_id": message_id} if message_id else None
    return record(
        topics.CONVERSIONS,
        {
            "order_id": order,
            "profile_id": profile,
            "value": value,
            "currency": "EUR",
            "at": iso(at),
            "channel": channel,
            "touches": [{"channel": "email", "at": iso(at - HOUR), "source": None, "medium": None, "campaign": None}],
            "credits": {"first": {"email": 1}, "last": {"web": 1}},
            "credited": {"first": {"email": value}, "last": {"web": value}},
            "recovered": recovered,
            **more,
        },
        profile,
    )


def membership(
    profile: str, segment: str, change: str, at: int = NOON, *, nth: int = 0, reason: str = "event"
) -> Record:
    """Somebody enters a segment, or leaves it."""
    value = {"profile_id": profile, "segment": segment, "change": change, "at": iso(at), "nth": nth, "reason": reason,
             "since": iso(at)}  # fmt: skip
    return record(topics.SEGMENTS_MEMBERSHIP, value, profile)


def cell(
    name: str, dimensions: dict[str, str], values: dict[str, float], *, version: int = 1, partition: int = 0
) -> Record:
    """One state of an aggregate cell."""
    where = {"name": name, "window_start": iso(NOON), "dimensions": dimensions}
    return record(
        topics.AGGREGATES, {"cell": where, "values": values, "partition": partition, "version": version}, name
    )


def feedback(profile: str, name: str, message_id: str, at: int = NOON, channel: str = "email") -> Record:
    """What became of a message."""
    value = event_value(profile, name, at, channel, properties={"message_id": message_id})
    return record(topics.STITCHED_EVENTS, value)
