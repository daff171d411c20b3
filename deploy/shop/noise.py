"""Records no pipeline can read, with the reason each is put aside for; and odd ones that must be read all the same."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any, Final

from deploy.shop.clock import DAY
from deploy.shop.delivery import Route
from deploy.shop.floor import Floor
from deploy.shop.senders import on_device
from schemas.times import iso
from schemas.topics import CHANNELS, MAX_EVENT_BYTES, channel_topic

PER_CUSTOMER_DAY: Final = 0.012


def _call(t: int, **changes: Any) -> dict[str, Any]:
    """A sound call that the reasons below spoil; who it names is a customer of nobody's."""
    call = {
        "type": "track", "event": "Product Viewed", "timestamp": iso(t), "anonymousId": "nobody-at-all",
        "messageId": f"noise-{t}", "properties": {"sku": "HO-10000", "price": 9.99}, "context": {},
    }  # fmt: skip
    return {k: v for k, v in {**call, **changes}.items() if v is not ...}


def _raw(value: bytes) -> dict[str, Any]:
    return {"value_b64": base64.b64encode(value).decode()}


def _deep() -> dict[str, Any]:
    inner: dict[str, Any] = {}
    for _ in range(90):
        inner = {"a": inner}
    return inner


Maker = Callable[[int], dict[str, Any]]
BROKEN: Final[tuple[tuple[str, float, Maker], ...]] = (
    ("invalid_json", 4, lambda t: _raw(json.dumps(_call(t)).encode()[:-30])),
    ("invalid_json", 1, lambda _: _raw(b"")),
    ("invalid_json", 1, lambda _: _raw(b"<html><body>502 Bad Gateway</body></html>")),
    ("not_an_object", 1, lambda t: {"value": [_call(t)]}),
    ("not_an_object", 1, lambda _: {"value": "ping"}),
    ("invalid_utf8", 2, lambda t: _raw(json.dumps(_call(t, event="Größe"), ensure_ascii=False).encode("latin-1"))),
    ("unknown_type", 2, lambda t: {"value": _call(t, type="trakc")}),
    ("unknown_type", 1, lambda t: {"value": _call(t, type=...)}),
    ("missing_event_name", 2, lambda t: {"value": _call(t, event=...)}),
    ("no_identifier", 3, lambda t: {"value": _call(t, anonymousId=...)}),
    ("no_identifier", 3, lambda t: {"value": _call(t, anonymousId="null", userId="[object Object]")}),
    ("invalid_timestamp", 2, lambda t: {"value": _call(t, timestamp="10/03/2024")}),
    ("invalid_timestamp", 1, lambda t: {"value": _call(t, timestamp=-5)}),
    ("invalid_value", 2, lambda t: {"value": _call(t, properties="sku=HO-10000")}),
    ("invalid_value", 1, lambda t: {"value": _call(t, properties=_deep())}),
    ("too_large", 0.1, lambda t: {"value": _call(t, properties={"html": "x" * (MAX_EVENT_BYTES + 1000)})}),
)
"""Dead-letter reason, how often among the broken, and what makes one that arrives at t."""


class Noise:
    """Sprinkles them over the day, in proportion to the customers."""

    def __init__(self, floor: Floor) -> None:
        self.floor = floor
        self._weights = [w for _, w, _ in BROKEN]

    def day(self, t: int) -> None:
        """Plan a day."""
        floor, r = self.floor, self.floor.rng.random
        wanted = len(floor.customers) * PER_CUSTOMER_DAY
        for _ in range(int(wanted) + (r() < wanted % 1)):
            floor.later(t + int(r() * DAY), self.break_one if r() < 0.8 else self.odd_one)
        floor.later(t + DAY, self.day)

    def break_one(self, t: int) -> None:
        """One record that becomes a dead letter."""
        rng = self.floor.rng
        reason, _, make = rng.choices(BROKEN, self._weights)[0]
        # Without an identifier a spot on the air would pass: any channel but broadcast.
        channel = CHANNELS[int(rng.random() * 6)]
        line = {"topic": channel_topic(channel), "key": None, "timestamp": t, **make(t)}
        self.floor.delivery.put(t, line, t, reason)

    def odd_one(self, t: int) -> None:
        """A page view of a real visitor as JSON no strict reader takes: NaN, or half of a surrogate pair."""
        floor = self.floor
        customer = floor.customers[int(floor.rng.random() * len(floor.customers))]
        device = customer.devices[0]
        sender = on_device(customer, device, Route()).at(sdk="timeless", numbered=True)
        oddity = {"load_seconds": float("nan")} if floor.rng.random() < 0.5 else {"title": "\ud83c"}
        properties = {"path": "/", **oddity}
        floor.post.send(sender, customer.group.tick(t), "page", "Home", properties, raw=True)
