"""Publishes the shop's events: wraps a call in its sender's envelope, queues it, and notes it for the ground truth.

Times are epoch milliseconds.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Final, NamedTuple

from deploy.shop.delivery import Delivery, Route, Trip, retry_delay
from deploy.shop.envelopes import AS_SENT, AT_ARRIVAL, ENVELOPES, Call, Timing
from deploy.shop.people import Customer, Group
from deploy.shop.truth_carts import ACTIVE_CHANNELS, ACTIVE_NAMES, Effect
from deploy.shop.truth_walk import Walk
from deploy.shop.weak_names import with_weak
from schemas.identifiers import ANONYMOUS_ID, USER_ID, Identifier, strongest_first
from schemas.times import iso
from schemas.topics import channel_topic

RETRIED: Final = 0.008
ODD_NAMES: Final = 0.02
ENVELOPE_OF: Final = {
    sdk: "cloud_events" if sdk == "cloud" else "rudder" if sdk.startswith("rudder") else "segment" for sdk in ENVELOPES
}


@dataclass(slots=True, eq=False)
class Sender:
    """The author of events, with channel and SDK: all that the events of one visit or producer share."""

    channel: str
    sdk: str
    key: str | None
    fields: dict[str, Any]
    context: dict[str, Any]
    ids: tuple[Identifier, ...]
    """The identifiers in `fields` and `context`, strongest first."""
    group: Group
    customer: Customer | None = None
    route: Route = field(default_factory=Route)
    skew: int = 0
    shared: bool = False
    numbered: bool = True
    """Whether it gives each message a messageId."""
    text_money: bool = False
    """Whether it writes prices as strings."""

    def with_(self, **changes: Any) -> Sender:
        """The same sender with some fields changed."""
        return replace(self, **changes)


class Told(NamedTuple):
    """A call as the ground truth sees it: whom it names, what it does to a cart, whether it is activity.

    The last `weak` of the `ids` were only typed, or only name a purchase; `confirms` is `order` or `identify` where the
    call confirms what was typed.
    """

    ids: tuple[Identifier, ...]
    weak: int
    previous: str
    effect: Effect | None
    active: bool
    confirms: str


class EventPublisher:
    """Publishes calls. The time of each call must come from its group's clock."""

    def __init__(self, rng: Random, delivery: Delivery) -> None:
        self._rng = rng
        self.delivery = delivery

    def send(
        self,
        sender: Sender,
        at: int,
        kind: str,
        name: str,
        properties: dict[str, Any],
        *,
        effect: Effect | None = None,
        traits: dict[str, Any] | None = None,
        also: tuple[Identifier, ...] = (),
        typed: tuple[Identifier, ...] = (),
        previous: str = "",
        context: dict[str, Any] | None = None,
        raw: bool = False,
    ) -> None:
        """Publish one call that happens `at` that time: `kind` (track, page, ...), event `name`, properties and traits.

        `also`: identifiers that traits or `context` add to the sender's own; `typed`: the addresses in the properties,
        strongest first; `previous`: an alias call's previousId; `raw`: as the bytes Python's own `json` writes, which
        not every reader takes.
        """
        rng, sdk = self._rng, sender.sdk
        trip = Trip(at, at) if sdk in AT_ARRIVAL else sender.route.trip(at, rng)
        if sdk in AS_SENT:
            trip = Trip(trip.sent, trip.sent)
        fields = {**sender.fields, "previousId": previous} if previous else sender.fields
        shown = odd(name, rng) if kind == "track" and rng.random() < ODD_NAMES else name
        message_id = self.message_id() if sender.numbered else None
        call = Call(kind, shown, properties, traits, context or sender.context, fields, message_id)
        value = ENVELOPES[sdk](call, Timing(at, trip.sent, sender.skew))
        topic = channel_topic(sender.channel)
        line: dict[str, Any] = {"topic": topic, "key": sender.key, "timestamp": trip.arrives, "value": value}
        if raw:
            line["value_b64"] = base64.b64encode(json.dumps(line.pop("value")).encode()).decode()
        self._count(sender)
        self.delivery.put(trip.arrives, line, at)
        if sdk not in AT_ARRIVAL and rng.random() < RETRIED:
            again = trip.arrives + retry_delay(rng, brief=sender.shared)
            if sdk in AS_SENT:
                value = {**value, "sentAt": iso(again + sender.skew)}
            self.delivery.put(again, {**line, "timestamp": again, "value": value}, at, "duplicates")
        if sender.group.walk is not None:
            active = sender.channel in ACTIVE_CHANNELS and (kind in ("page", "screen") or name in ACTIVE_NAMES)
            ids = tuple(strongest_first([*sender.ids, *also])) if also else sender.ids
            confirms = "order" if kind == "track" and name == "Order Completed" else kind * (kind == "identify")
            ids, weak = with_weak(ids, typed, name if kind == "track" else "", properties)
            self._tell(sender.group.walk, sender, at, Told(ids, weak, previous, effect, active, confirms))

    def message_id(self) -> str:
        """A new messageId: 32 hex digits."""
        return f"{self._rng.getrandbits(128):032x}"

    def _count(self, sender: Sender) -> None:
        counts = self.delivery.counts
        if not sender.numbered:
            counts["without_message_id"] += 1
        if sender.skew:
            counts["clock_skewed"] += 1
        if sender.sdk == "segment_fast":
            counts["clamped"] += 1
        if sender.sdk == "timeless":
            counts["without_timestamp"] += 1
        counts[ENVELOPE_OF[sender.sdk]] += 1

    def _tell(self, walk: Walk, sender: Sender, at: int, told: Told) -> None:
        # An alias of an id with itself is no link (some SDKs send it all the same).
        before: tuple[Identifier, ...] = ()
        if told.previous and told.previous != str(sender.fields.get("userId")):
            before = (Identifier(USER_ID, told.previous), Identifier(ANONYMOUS_ID, told.previous))
        if sender.customer is not None:
            sender.customer.published.update(dict.fromkeys(told.ids + before))
        if told.ids:
            walk.event(
                at, told.ids, before, told.effect, active=told.active, weak=told.weak, confirms=told.confirms
            )  # fmt: skip


def odd(name: str, rng: Random) -> str:
    """A name as a careless producer writes it; it means the same."""
    x = rng.random()
    if x < 0.3:
        return name.upper()
    if x < 0.6:
        return name.lower()
    return f" {name.replace(' ', '   ')} "
