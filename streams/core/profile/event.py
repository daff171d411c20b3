"""An event at the moment it takes effect: what the machines of journey are given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from schemas.names import ACTIVITY_CHANNELS, ACTIVITY_EVENTS, ACTIVITY_TYPES
from streams.core.protocol.order_key import time_of


@dataclass(slots=True)
class Sealed:
    """One event in its profile's order. `time` in epoch milliseconds; `late` when the watermark had passed it.

    `clock` is how far time has come when it takes effect: its own time, or the watermark when it is late. `by`: the
    first 16 hex digits of the hash of its strongest identifier.
    """

    time: int
    channel: str
    type: str
    name: str
    message_id: str
    properties: dict[str, Any]
    context: dict[str, Any]
    traits: dict[str, Any]
    identifiers: list[dict[str, str]]
    late: bool = False
    clock: int = 0
    by: str = ""

    @property
    def is_activity(self) -> bool:
        """docs/contract.md section 3: the customer did something in the shop, on a channel of the shop itself."""
        if self.channel not in ACTIVITY_CHANNELS:
            return False
        return self.name in ACTIVITY_EVENTS or self.type in ACTIVITY_TYPES


def open_body(key: bytes, body: bytes, watermark: int | None = None, head: bytes = b"") -> Sealed:
    """Decode an event's body (schemas/events.py says what is in it); `watermark` is given when it comes late.

    `head` is the hash of its strongest identifier.
    """
    raw = orjson.loads(body)
    # Only a track call's name means what the Segment Spec says: a page may be called anything, even "Order Completed".
    name = raw["name"] if raw["type"] == "track" else ""
    time = time_of(key)
    return Sealed(
        time, raw["channel"], raw["type"], name, raw["message_id"], raw["properties"], raw["context"],
        raw["traits"], raw["identifiers"], watermark is not None, time if watermark is None else max(time, watermark),
        head[:8].hex(),
    )  # fmt: skip
