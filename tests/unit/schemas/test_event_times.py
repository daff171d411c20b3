"""When an event happened: which clock counts, its correction and its clamping."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from schemas.events import Event
from schemas.times import MAX_TIME, iso

Accept = Callable[..., Event]
Refused = Callable[..., str]

NOW = 1_795_285_979_333
MINUTE = 60_000


@pytest.fixture
def at(event: Accept) -> Callable[..., int]:
    """The time of a page view with these fields, checked to be the body's event_time as well."""

    def time(options: dict[str, Any] | None = None, **fields: Any) -> int:
        result = event({"type": "page", "userId": "u", **fields}, **(options or {}))
        assert orjson.loads(result.body)["event_time"] == iso(result.time)
        return result.time

    return time


def test_timestamp_comes_first(at: Callable[..., int]) -> None:
    """`timestamp` counts before everything else, in each of its forms."""
    others = {"originalTimestamp": "2024-01-01", "sentAt": "2024-01-02", "receivedAt": "2024-01-03"}
    for given in ("2024-03-10T06:59:59.123Z", "2024-03-10T07:59:59.123+01:00", 1_710_053_999_123, "1710053999.123"):
        assert at(timestamp=given, **others) == 1_710_053_999_123


@pytest.mark.parametrize("absent", [{}, {"timestamp": None}, {"timestamp": ""}, {"timestamp": "  "}])
def test_without_any_time(at: Callable[..., int], absent: dict[str, Any]) -> None:
    """Without a time of its own an event happened when its record was written; sentAt alone is no time of it."""
    assert at(**absent) == NOW
    assert at(**absent, sentAt="2024-01-01", receivedAt="2024-01-01", originalTimestamp=None) == NOW


def test_original_timestamp_is_corrected(at: Callable[..., int]) -> None:
    """A producer's clock that runs an hour fast is set right by what it says at sending."""
    fast = {"originalTimestamp": NOW + 60 * MINUTE - 5000, "sentAt": NOW + 60 * MINUTE}
    assert at(**fast) == NOW - 5000
    assert at(**fast, receivedAt=NOW - 1000) == NOW - 6000
    assert at(**fast, receivedAt="unreadable") == NOW - 5000
    assert at(**{**fast, "sentAt": None}) == NOW  # as it is, and so clamped
    assert at(originalTimestamp=NOW - 5000, sentAt="unreadable") == NOW - 5000
    assert at(originalTimestamp=NOW - 5000) == NOW - 5000


@pytest.mark.parametrize("field", ["timestamp", "originalTimestamp"])
@pytest.mark.parametrize("wrong", ["10/03/2024", "soon", True, [], {}, -1, 1e20, "0001-01-01T00:00:00Z"])
def test_unreadable(refused: Refused, field: str, wrong: Any) -> None:
    """A time that is given and cannot be read is a dead letter: a wrong guess would open or close carts."""
    assert refused({"type": "page", "userId": "u", field: wrong}) == "invalid_timestamp"


def test_a_correction_out_of_range(refused: Refused) -> None:
    """A correction that leads before 1970 is no time."""
    message = {"type": "page", "userId": "u", "originalTimestamp": 0, "sentAt": "9999-01-01"}
    assert refused(message) == "invalid_timestamp"


@pytest.mark.parametrize(
    ("ahead", "clamped"), [(0, False), (5 * MINUTE, False), (5 * MINUTE + 1, True), (MAX_TIME - NOW, True)]
)
@pytest.mark.parametrize("form", [iso, int, str])
def test_clamping(event: Accept, ahead: int, clamped: bool, form: Callable[[int], Any]) -> None:
    """More than five minutes ahead of its record, an event happened at the record's time; up to that it is believed."""
    result = event({"type": "page", "userId": "u", "timestamp": form(NOW + ahead)})
    assert result.time == (NOW if clamped else NOW + ahead)
    assert result.clamped is clamped
    assert orjson.loads(result.body)["event_time"] == iso(result.time)


@pytest.mark.parametrize("timestamp", [-1, MAX_TIME + 1])
def test_a_record_without_a_time(at: Callable[..., int], timestamp: int) -> None:
    """A record whose own time is missing or absurd takes the event's, unclamped; with neither it is 1970."""
    options = {"timestamp": timestamp}
    assert at(options, timestamp="2999-01-01") == 32_472_144_000_000
    assert at(options, timestamp="2024-03-10T06:59:59.123Z") == 1_710_053_999_123
    assert at(options, originalTimestamp=NOW, sentAt=NOW) == NOW
    assert at(options) == 0


def test_received_at(event: Accept) -> None:
    """received_at is the record's time, whatever the message says."""
    result = event({"type": "page", "userId": "u", "receivedAt": "2024-01-01", "timestamp": "2024-01-01"})
    assert orjson.loads(result.body)["received_at"] == "2026-11-21T18:32:59.333Z"
