"""Callbacks read by a provider's module, and looked at as the events that they become."""

from __future__ import annotations

from typing import Any

import orjson

from collector.callbacks.events import Reading
from collector.callbacks.providers import PROVIDERS
from schemas.events import Event, Reader
from schemas.record import Record
from tests.support import callbacks as made


def read(provider: str, body: Any, headers: dict[str, str] | None = None, url: str = made.URL) -> Reading:
    """A body, as JSON or as it is, read by a provider's module."""
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return PROVIDERS[provider].read(made.request(raw, headers, url))


def told(reading: Reading) -> list[dict[str, Any]]:
    """The events of a reading, each with its channel; every one of them is an event for the reader of raw events."""
    assert not reading.unmapped
    found = []
    for event in reading.events:
        taken = Reader().read(Record(f"channels.{event.channel}", 0, 0, made.NOW, None, event.value))
        assert isinstance(taken, Event), taken
        found.append({"channel": event.channel, **orjson.loads(event.value)})
    return found


def only(reading: Reading) -> dict[str, Any]:
    """The one event of a reading."""
    [event] = told(reading)
    return event


def check(event: dict[str, Any], name: str, **properties: Any) -> None:
    """An event has this name and these properties; None: it lacks them."""
    assert event["event"] == name
    assert {key: event["properties"].get(key) for key in properties} == properties
