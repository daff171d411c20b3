"""What the plain job keeps in its tables and sends between its agents."""

from __future__ import annotations

from typing import Any

import faust


class Person(faust.Record, serializer="json", include_metadata=False):
    """A profile in the identity graph: has it a user id, and which profile did it become part of."""

    user: bool = False
    into: str | None = None


class Stitched(faust.Record, serializer="json", include_metadata=False):
    """An event on its way to its profile; what goes out on `stitched.events`."""

    profile_id: str
    channel: str
    message_id: str
    type: str
    name: str
    event_time: str
    received_at: str
    at: int
    properties: dict[str, Any]
    context: dict[str, Any]
    traits: dict[str, Any]
    identifiers: list[dict[str, str]]
    source: dict[str, Any]
    late: bool = False


class Cart(faust.Record, serializer="json", include_metadata=False):
    """An open or abandoned cart. Lines by sku or product id."""

    id: str
    opened_at: int
    lines: dict[str, dict[str, Any]]
    currency: str | None = None
    checkout: bool = False
    abandoned: bool = False
    abandonment_no: int = 0


class Profile(faust.Record, serializer="json", include_metadata=False):
    """What is known of one customer."""

    last_activity: int
    cart: Cart | None
    seen: dict[str, int]
    orders: list[str]
    contacts: dict[str, str]
    withdrawn: list[str]
    touches: list[dict[str, Any]]
    traits: dict[str, Any]


def nobody() -> Profile:
    """A profile nothing has happened to."""
    return Profile(last_activity=0, cart=None, seen={}, orders=[], contacts={}, withdrawn=[], touches=[], traits={})


class Cell(faust.Record, serializer="json", include_metadata=False):
    """The totals of one hour and dimension in one partition; what goes out on `aggregates`."""

    cell: dict[str, Any]
    values: dict[str, float]
    partition: int
    version: int


class Moved(faust.Record, serializer="json", include_metadata=False):
    """A profile became part of another: `profile` is its state, None while it has to be fetched where it lives."""

    loser: str
    winner: str
    profile: Profile | None = None


class Tick(faust.Record, serializer="json", include_metadata=False):
    """The timer's word to an agent that a cart may be abandoned."""

    profile_id: str
    now: int
