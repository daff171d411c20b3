"""Reading one message in a test: `read` gives what the reader gives, `body` the body of an event it must accept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import orjson
import pytest

from schemas.events import DeadLetter, Event, Reader
from schemas.record import Record

NOW = 1_795_285_979_333
"""2026-11-21T18:32:59.333Z, the time of every record here."""


def make_record(
    message: Any,
    *,
    topic: str = "channels.web",
    timestamp: int = NOW,
    headers: Sequence[tuple[str, bytes]] = (),
) -> Record:
    """A record whose value is `message`: bytes and None as they are, anything else as JSON."""
    value = message if message is None or isinstance(message, bytes) else orjson.dumps(message)
    return Record(topic, 3, 1834, timestamp, b"k", value, headers)


@pytest.fixture
def reader() -> Reader:
    """A reader with nothing remembered yet."""
    return Reader()


@pytest.fixture
def read(reader: Reader) -> Callable[..., Event | DeadLetter]:
    """Read one message."""
    return lambda message, **options: reader.read(make_record(message, **options))


@pytest.fixture
def event(read: Callable[..., Event | DeadLetter]) -> Callable[..., Event]:
    """Read one message that must be accepted. Defaults to a track call of user u-1, overlaid with the arguments."""

    def accepted(message: dict[str, Any] | bytes | None = None, **options: Any) -> Event:
        result = read({"type": "track", "event": "X", "userId": "u-1"} if message is None else message, **options)
        assert isinstance(result, Event), result
        return result

    return accepted


@pytest.fixture
def body(event: Callable[..., Event]) -> Callable[..., dict[str, Any]]:
    """The decoded body of a track call of user u-1 with these fields."""

    def decoded(options: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
        message = {"type": "track", "event": "X", "userId": "u-1", **fields}
        return dict(orjson.loads(event(message, **(options or {})).body))

    return decoded


@pytest.fixture
def refused(read: Callable[..., Event | DeadLetter]) -> Callable[..., str]:
    """The reason why a message is a dead letter."""

    def reason(message: Any, **options: Any) -> str:
        result = read(message, **options)
        assert isinstance(result, DeadLetter), result
        return result.reason.value

    return reason
