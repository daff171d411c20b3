"""Records that no pipeline can read, each with its dead-letter reason; and odd ones that must be read all the same.

Times are epoch milliseconds.
"""

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


def _call(at: int, **changes: Any) -> dict[str, Any]:
    """A sound call that the reasons below spoil; who it names is a customer of nobody's."""
    call = {
        "type": "track", "event": "Product Viewed", "timestamp": iso(at), "anonymousId": "nobody-at-all",
        "messageId": f"noise-{at}", "properties": {"sku": "HO-10000", "price": 9.99}, "context": {},
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
    ("invalid_json", 4, lambda at: _raw(json.dumps(_call(at)).encode()[:-30])),
    ("invalid_json", 1, lambda _: _raw(b"")),
    ("invalid_json", 1, lambda _: _raw(b"<html><body>502 Bad Gateway</body></html>")),
    ("not_an_object", 1, lambda at: {"value": [_call(at)]}),
    ("not_an_object", 1, lambda _: {"value": "ping"}),
    ("invalid_utf8", 2, lambda at: _raw(json.dumps(_call(at, event="Größe"), ensure_ascii=False).encode("latin-1"))),
    ("unknown_type", 2, lambda at: {"value": _call(at, type="trakc")}),
    ("unknown_type", 1, lambda at: {"value": _call(at, type=...)}),
    ("missing_event_name", 2, lambda at: {"value": _call(at, event=...)}),
    ("no_identifier", 3, lambda at: {"value": _call(at, anonymousId=...)}),
    ("no_identifier", 3, lambda at: {"value": _call(at, anonymousId="null", userId="[object Object]")}),
    ("invalid_timestamp", 2, lambda at: {"value": _call(at, timestamp="10/03/2024")}),
    ("invalid_timestamp", 1, lambda at: {"value": _call(at, timestamp=-5)}),
    ("invalid_value", 2, lambda at: {"value": _call(at, properties="sku=HO-10000")}),
    ("invalid_value", 1, lambda at: {"value": _call(at, properties=_deep())}),
    ("too_large", 0.1, lambda at: {"value": _call(at, properties={"html": "x" * (MAX_EVENT_BYTES + 1000)})}),
)
"""Dead-letter reason, how often among the broken, and what makes one that arrives at a moment (epoch milliseconds)."""


class Noise:
    """Sprinkles such records over the day, in proportion to the customers. `at`: the time at which a method is due."""

    def __init__(self, floor: Floor) -> None:
        self.floor = floor
        self._weights = [w for _, w, _ in BROKEN]

    def day(self, at: int) -> None:
        """Plan a day."""
        floor, r = self.floor, self.floor.rng.random
        wanted = len(floor.customers) * PER_CUSTOMER_DAY
        for _ in range(int(wanted) + (r() < wanted % 1)):
            floor.later(at + int(r() * DAY), self.broken_record if r() < 0.8 else self.odd_record)
        floor.later(at + DAY, self.day)

    def broken_record(self, at: int) -> None:
        """One record that becomes a dead letter."""
        rng = self.floor.rng
        reason, _, make = rng.choices(BROKEN, self._weights)[0]
        # Without an identifier a spot on the air would pass: any channel but broadcast.
        channel = CHANNELS[int(rng.random() * 6)]
        line = {"topic": channel_topic(channel), "key": None, "timestamp": at, **make(at)}
        self.floor.delivery.put(at, line, at, reason)

    def odd_record(self, at: int) -> None:
        """A page view of a real visitor as JSON no strict reader takes: NaN, or half of a surrogate pair."""
        floor = self.floor
        customer = floor.customers[int(floor.rng.random() * len(floor.customers))]
        device = customer.devices[0]
        sender = on_device(customer, device, Route()).with_(sdk="timeless", numbered=True)
        oddity = {"load_seconds": float("nan")} if floor.rng.random() < 0.5 else {"title": "\ud83c"}
        properties = {"path": "/", **oddity}
        floor.publisher.send(sender, customer.group.tick(at), "page", "Home", properties, raw=True)
