"""Requests of SDKs, read as the collector reads them."""

from __future__ import annotations

from typing import Any

import orjson

from collector.keys import Keys, Source
from collector.reading import Read, Reader, Request
from collector.rights import Rights
from collector.routes import GETS, POSTS
from schemas import events
from schemas.record import Record

KEY = "test-key-1"
SOURCE = Source("shop", "web")


def collected(
    path: str, body: bytes | Any, *, headers: dict[str, str] | None = None, query: dict[str, str] | None = None,
    keys: Keys | None = None, limit: int = 4 << 20,
) -> Read:  # fmt: skip
    """What a request to this path comes to; a body that is no bytes is sent as JSON; the key is a header."""
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    given = {"x-write-key": KEY} if headers is None else headers
    reader = Reader(Keys({KEY: SOURCE}) if keys is None else keys, Rights(), limit)
    route = POSTS[path] if raw or path not in GETS else GETS[path]
    return reader.read(Request(route, given, query or {}, raw, 1_790_000_000_000))


def messages(path: str, body: bytes | Any, **more: Any) -> list[dict[str, Any]]:
    """The messages of a request that is answered 200."""
    read = collected(path, body, **more)
    assert read.status == 200, read.reason
    return [orjson.loads(event.value) for event in read.events]


def event_of(value: bytes) -> dict[str, Any]:
    """The body of the event that the pipeline reads from a raw event; a dead letter is its reason."""
    record = Record("channels.web", 0, 0, 1_796_100_000_000, None, value, ())
    found = events.Reader().read(record)
    if isinstance(found, events.DeadLetter):
        return {"dead": found.reason}
    body: dict[str, Any] = orjson.loads(found.body)
    body.pop("received_at")
    return body
