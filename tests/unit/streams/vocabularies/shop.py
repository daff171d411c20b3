"""A shop whose producers speak another vocabulary: events in, what became of cart and customer out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from schemas.settings import Settings
from schemas.times import iso, parse
from streams.core.campaigns import Campaigns
from streams.testing import Topology

START = parse("2026-03-10T09:00:00.000Z") or 0
MINUTE = 60_000
FILE = """
timezone: UTC
caps: {global: [{limit: 9, per: 7d}]}
campaigns:
  - id: cart
    trigger: {on: cart_abandoned}
    steps: [{id: reminder, after: 0m, channel: email, template: cart_reminder}]
  - id: checkout
    trigger: {on: checkout_abandoned}
    steps: [{id: reminder, after: 0m, channel: email, template: checkout_reminder}]
"""


class Told:
    """What events of one customer come to. An event is (minute, name, properties) and may have a channel, a context."""

    def __init__(self, campaigns: Campaigns | None, *events: tuple[Any, ...], aliases: Path | None = None) -> None:
        """`aliases` is a file of the shop's own names."""
        shop = Topology(Settings(clock="event", aliases=aliases) if aliases else Settings(clock="event"), campaigns)
        shop.play("channels.web", [{
            "type": "identify", "userId": "ana", "messageId": "hello", "timestamp": iso(START - MINUTE),
            "traits": {"email": "ana@shop.example"},
        }])  # fmt: skip
        for nth, (minute, name, properties, *rest) in enumerate(events):
            channel, context = (*rest, *("web", {})[len(rest) :])
            shop.play(f"channels.{channel}", [{
                "type": "track", "event": name, "userId": "ana", "messageId": f"m{nth}",
                "timestamp": iso(START + minute * MINUTE), "properties": properties, "context": context,
            }])  # fmt: skip
        shop.reach(START + 6 * 60 * MINUTE)
        self.events = [row for row in shop.read("stitched.events") if row["message_id"] != "hello"]
        self.carts = shop.read("cart.transitions")
        self.messages = shop.read("retargeting.messages")
        self.orders = shop.read("conversions")

    @property
    def names(self) -> list[str]:
        """The canonical names, in order of time."""
        return [event["name"] for event in self.events]

    @property
    def ended(self) -> str:
        """What the last transition made of the cart."""
        return str(self.carts[-1]["to"])
