"""A read event as the oracle looks at it, and the few readings of loose values that it needs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from schemas.events import Event, Reader
from schemas.identifiers import Identifier
from schemas.money import MICRO, micros
from schemas.values import text_of

SAID_ONCE = {
    "Order Completed", "Order Updated", "Order Cancelled", "Order Refunded", "Unsubscribed", "Subscription Changed",
    "Email Marked as Spam",
}  # fmt: skip
_READER = Reader("US")
"""Made on import, before a test breaks anything; it keeps what it has read."""


def reader(region: str = "US") -> Reader:
    """Reads records as they are written plainly; phone numbers without a country code are of this region."""
    return _READER if region == "US" else Reader(region)


@dataclass(frozen=True)
class Fact:
    """One event, after schemas.events has read it. `called` is its name, whatever `name` becomes."""

    time: int
    topic: str
    partition: int
    offset: int
    channel: str
    identifiers: tuple[Identifier, ...]
    previous: tuple[Identifier, ...]
    message_id: str
    type: str
    name: str
    properties: dict[str, Any]
    context: dict[str, Any]
    traits: dict[str, Any]
    weak: int = 0
    called: str = ""
    confirms: str = ""

    @property
    def sells(self) -> bool:
        """Whether it says that an order is complete: one of less than nothing pays back."""
        return self.type == "track" and self.name == "Order Completed" and order_value(self.properties) >= 0

    @property
    def corrects(self) -> bool:
        """Whether it says something else of an order."""
        events = {"Order Completed", "Order Updated", "Order Cancelled", "Order Refunded"}
        return self.type == "track" and self.name in events and not self.sells

    @property
    def source(self) -> tuple[str, int, int]:
        """Where it was read."""
        return self.topic, self.partition, self.offset

    @property
    def known_by(self) -> str:
        """What a repeat is told by: its message id, of an order or a word on consent its name and order besides."""
        if self.type != "track" or self.called not in SAID_ONCE:
            return self.message_id
        return f"{self.message_id}\n{self.called}\n{text(self.properties.get('order_id')) or ''}"

    @property
    def key(self) -> tuple[int, str, int, int]:
        """Its place in the one order of all events."""
        return self.time, *self.source


def fact_of(event: Event) -> Fact:
    """The event with its body opened."""
    body = json.loads(event.body)
    return Fact(
        event.time,
        event.topic,
        event.partition,
        event.offset,
        event.channel,
        tuple(event.identifiers),
        tuple(event.previous),
        event.message_id,
        body["type"],
        body["name"],
        body["properties"],
        body["context"],
        body["traits"],
        event.weak,
        body["name"],
        event.confirms,
    )


def number(value: Any) -> Decimal | None:
    """An amount or quantity as producers write them; None if there is none to be read."""
    amount = micros(value)
    return None if amount is None else Decimal(amount) / MICRO


def text(value: Any) -> str | None:
    """A scalar as text; None for an empty one, and for what is none."""
    return text_of(value) or None


def order_value(properties: dict[str, Any]) -> Decimal:
    """What an order is worth: revenue, else total, else value, else the sum of its products."""
    for name in ("revenue", "total", "value"):
        if (given := number(properties.get(name))) is not None:
            return given.quantize(Decimal("0.000001"))
    products = properties.get("products")
    items = [item for item in products if isinstance(item, dict)] if isinstance(products, list) else []
    prices, pieces = [number(item.get("price")) for item in items], [number(item.get("quantity")) for item in items]
    total = sum(
        ((price or 0) * (1 if count is None else count) for price, count in zip(prices, pieces, strict=True)),
        Decimal(0),
    )
    return (max(Decimal(0), total) if None in prices else total).quantize(Decimal("0.000001"))
