"""An event at the moment it takes effect: what the logic of a profile is given."""

from __future__ import annotations

from typing import Any, Final, TypedDict

from msgspec import Struct
from msgspec.json import Decoder

from schemas.names import (
    ACTIVITY_CHANNELS,
    ACTIVITY_EVENTS,
    ACTIVITY_TYPES,
    CONSENT_EVENTS,
    ORDER_EVENTS,
    VIEW_EVENTS,
)  # fmt: skip
from schemas.topics import DAY_MS
from schemas.values import filled_text
from streams.core.profile.bots import is_machine
from streams.core.protocol.order_key import time_of

DEDUPLICATION_MS: Final = DAY_MS
"""For how long a repeat of an event is known as one."""
_SAID_ONCE: Final = ORDER_EVENTS | CONSENT_EVENTS
_LONGEST_ID: Final = 1_024
"""What is longer identifies nothing (contract 1, "Identifiers")."""


class Context(TypedDict, total=False):
    """What is read of an event's context: the rest of it only passes through."""

    campaign: Any
    page: Any
    userAgent: Any
    timezone: Any
    locale: Any
    location: Any


class Sealed(Struct, kw_only=True, gc=False):
    """One event in its profile's order. `time` in epoch milliseconds; `late` when the watermark had passed it.

    `clock` is how far time has come when it takes effect: its own time, or the watermark when it is late. `wall`
    is the wall clock then, None under the event clock: nothing may depend on it but for how long it is remembered.
    `by`: the first 16 hex digits of the hash of its strongest identifier, `order` its order key. `machine`: what is
    known of `by_machine`. `read_as`: its name, where `name` was emptied since.
    `copy`: it is another profile's, and concerns this one by its order alone. `touch`: the touch that it has opened, or
    changed, as it stands on `stitched.events`.
    """

    channel: str
    type: str
    name: str
    message_id: str
    properties: dict[str, Any]
    context: Context
    traits: dict[str, Any]
    identifiers: list[dict[str, Any]]
    time: int = 0
    late: bool = False
    clock: int = 0
    wall: int | None = None
    by: str = ""
    order: bytes = b""
    machine: bool | None = None
    read_as: str = ""
    copy: bool = False
    touch: dict[str, Any] | None = None

    @property
    def by_machine(self) -> bool:
        """No person made it, by its own word, its user agent's, or by what came before it (engagement/clicks.py)."""
        if self.machine is None:
            self.machine = is_machine(self.properties, self.context.get("userAgent"))
        return self.machine

    @property
    def known_by(self) -> str:
        """What a repeat of the event is told by: its messageId; of an order or a word on consent name and order, too.

        A server gives the id of one request to several events, and a subscription the same to each of its orders.
        """
        name = self.name or self.read_as
        if name not in _SAID_ONCE:
            return self.message_id
        order_id = filled_text(self.properties.get("order_id")) or ""
        return f"{self.message_id}\n{name}\n{order_id[:_LONGEST_ID]}"

    @property
    def is_past_repeats(self) -> bool:
        """Whether it is so old when it comes that nobody can tell any more whether it is a repeat."""
        return self.late and self.clock - self.time >= DEDUPLICATION_MS

    @property
    def is_activity(self) -> bool:
        """docs/contract.md section 3: the customer did something in the shop, on a channel of the shop itself.

        What a machine looks at is no activity.
        """
        if self.channel not in ACTIVITY_CHANNELS:
            return False
        if self.type in ACTIVITY_TYPES or self.name in VIEW_EVENTS:
            return not (self.by_machine if self.machine is None else self.machine)
        return self.name in ACTIVITY_EVENTS

    @property
    def is_fetched(self) -> bool:
        """A machine has looked at a page or a product."""
        return (self.type in ACTIVITY_TYPES or self.name in VIEW_EVENTS) and self.by_machine


_decode: Final = Decoder(Sealed).decode


def open_body(key: bytes, body: bytes, watermark: int | None = None, head: bytes = b"") -> Sealed:
    """Decode an event's body (schemas/events.py says what is in it). Raises msgspec.DecodeError for anything else.

    `key` is its order key, `head` the hash of its strongest identifier (16 bytes); `watermark`, in epoch milliseconds,
    is given when the event comes late.
    """
    event = _decode(body)
    # Only a track call's name means what the Segment Spec says: a page may be called anything, even "Order Completed".
    if event.type != "track":
        event.name = ""
    event.time = event.clock = time = time_of(key)
    if watermark is not None:
        event.late, event.clock = True, max(time, watermark)
    event.by = head[:8].hex()
    event.order = key
    return event
