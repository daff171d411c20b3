"""A value of stitched.events is read back to the event that it was written from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from deploy.shop import simulate
from schemas.events import Event, Reader
from schemas.identifiers import Identifier
from schemas.record import Record
from schemas.stitched import StitchedReader

DATA = Path(__file__).parents[2] / "data"
AT = "2026-03-02T09:00:00.000Z"
TYPED = {"email": "ana@example.com", "phone": "+4930123456"}
EDGES: dict[str, tuple[str, dict[str, Any]]] = {
    "typed alone": ("web", {"event": "Email Submitted", "properties": TYPED}),
    "typed and known": (
        "web",
        {"event": "Email Submitted", "anonymousId": "a", "properties": TYPED, "traits": {"email": "ANA@example.com"}},
    ),
    "typed at a till": ("store", {"event": "Email Submitted", "anonymousId": "a", "properties": TYPED}),
    "a gift": ("web", {"event": "Order Completed", "userId": "u", "properties": {**TYPED, "gift": 1, "order_id": 7}}),
    "typed with an order": (
        "web",
        {"event": "Order Completed", "anonymousId": "a",
         "properties": {**TYPED, "order_id": "#7", "checkout_id": "c", "cart_id": "k", "revenue": 3}},
    ),
    "a nameless order": ("web", {"event": "Order Completed", "properties": {"order_id": "7", "cart_id": "k"}}),
    "an order of a till": ("store", {"event": "Order Completed", "anonymousId": "t", "properties": {"cart_id": "k"}}),
    "a refund": ("web", {"event": "Order Completed", "userId": "u", "properties": {"order_id": 7, "total": -3}}),
    "an address as user": ("web", {"event": "Product Viewed", "userId": "Ana@Example.com", "anonymousId": "a"}),
    "another vocabulary": ("web", {"event": "add_to_cart", "userId": "u", "properties": {"items": [{"item_id": 3}]}}),
    "who stands at the till": ("store", {"type": "identify", "anonymousId": "a"}),
    "a wide number": ("web", {"event": "Product Added", "userId": 2**70, "properties": {"product_id": 2**70}}),
}  # fmt: skip


def edges() -> Iterator[Record]:
    """The edges as records."""
    for offset, (channel, value) in enumerate(EDGES.values()):
        told = {"type": "track", "timestamp": AT, "messageId": f"m-{offset}", **value}
        yield Record(f"channels.{channel}", 3, offset, 1_772_442_000_000, None, json.dumps(told).encode())


def captured() -> Iterator[Record]:
    """Events of real SDKs."""
    for path in sorted(DATA.glob("sdk-events*.jsonl")):
        for offset, raw in enumerate(path.read_text().splitlines()):
            line = json.loads(raw)
            yield Record(line["topic"], 0, offset, 1_795_285_979_333, None, json.dumps(line["value"]).encode())


def shop() -> Iterator[Record]:
    """An hour of everything that the simulated shop sends."""
    for offset, line in enumerate(simulate(30, 1, 5)):
        if "value" in line:
            time = line.get("timestamp") or 1_772_442_000_000
            yield Record(line["topic"], 1, offset, time, None, orjson.dumps(line["value"]))


@pytest.mark.parametrize("records", [edges, captured, shop])
def test_the_same_event(records) -> None:
    """All that the pipeline reads of it is the same, also where `typed` was not kept; only `clamped` is not told."""
    reader, back, count = Reader(), StitchedReader(), 0
    for record in records():
        event = reader.read(record)
        if not isinstance(event, Event):
            continue
        value = orjson.loads(event.body)
        wanted = event._replace(clamped=False, body=value)
        stored = {
            **value,
            "identifiers": [{"type": one["type"], "value": one["value"]} for one in value["identifiers"]],
        }
        found = back.read(stored, event.previous if value["type"] == "alias" else ())
        assert found._replace(body=orjson.loads(found.body)) == wanted
        count += 1
    assert count >= len(EDGES)


def test_an_alias_joins_whom_it_is_told_of() -> None:
    """What an alias call named as before is not on the topic: it is as it is given."""
    value = {
        "type": "alias", "name": "", "channel": "web", "event_time": AT, "received_at": AT, "message_id": "m",
        "properties": {}, "context": {}, "traits": {}, "identifiers": [{"type": "user_id", "value": "u"}],
        "source": {"topic": "channels.web", "partition": 0, "offset": 7},
    }  # fmt: skip
    before = Identifier("anonymous_id", "a")
    assert StitchedReader().read(value, (before,)).previous == (before,)
    with pytest.raises(ValueError, match="no event time"):
        StitchedReader().read({**value, "event_time": None})
