"""When an event happened: which clock counts, its correction and its clamping."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hypothesis
import orjson
import pytest
from hypothesis import strategies as st

from schemas.events import Event, Reader
from schemas.record import Record
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


@pytest.mark.parametrize("field", ["timestamp", "originalTimestamp"])
@pytest.mark.parametrize("form", [iso, int, lambda ms: iso(ms).replace("Z", "+00:00")])
def test_a_clock_that_is_wrong_is_corrected(at: Callable[..., int], field: str, form: Callable[[int], Any]) -> None:
    """A producer's clock that is an hour off, ahead or behind, is set right by what it says at sending."""
    for off in (60 * MINUTE, -60 * MINUTE, 5 * MINUTE + 1, -5 * MINUTE - 1):
        wrong = {field: form(NOW + off - 5000), "sentAt": form(NOW + off)}
        assert at(**wrong) == NOW - 5000
        assert at(**wrong, receivedAt="unreadable") == NOW - 5000
    fast = {field: form(NOW + 60 * MINUTE - 5000), "sentAt": form(NOW + 60 * MINUTE)}
    assert at(**fast, receivedAt=form(NOW - 1000)) == NOW - 6000
    assert at(**{**fast, "sentAt": None}) == NOW  # as it is, and so clamped
    assert at(**{field: NOW - 5000}, sentAt="unreadable") == NOW - 5000
    assert at(**{field: NOW - 5000}) == NOW - 5000


@pytest.mark.parametrize("field", ["timestamp", "originalTimestamp"])
@pytest.mark.parametrize("form", [iso, int])
def test_what_the_network_does_is_no_wrong_clock(
    at: Callable[..., int], field: str, form: Callable[[int], Any]
) -> None:
    """Up to five minutes between sending and arrival are left alone, so that one device's events keep their order."""
    for delay in (0, 1, 20_000, 60_000, 4 * MINUTE, 5 * MINUTE, -1, -20_000, -5 * MINUTE):
        assert at(**{field: form(NOW - 7000), "sentAt": form(NOW - delay)}) == NOW - 7000
        assert at(**{field: form(NOW - 7000), "sentAt": form(NOW - 9000 - delay), "receivedAt": NOW - 9000}) in {
            NOW - 7000, NOW - 7000 + delay,
        }  # fmt: skip


@pytest.mark.parametrize("field", ["timestamp", "originalTimestamp"])
def test_an_event_ahead_of_its_arrival_is_corrected(at: Callable[..., int], field: str) -> None:
    """It cannot have happened later than it came, however small the difference of the clocks."""
    assert at(**{field: iso(NOW + 2000), "sentAt": iso(NOW + 3000)}) == NOW - 1000
    assert at(**{field: iso(NOW + 2000), "sentAt": iso(NOW + 2000)}) == NOW


@pytest.mark.parametrize("form", [iso, int])
def test_a_timestamp_that_was_set_right_is_kept(at: Callable[..., int], form: Callable[[int], Any]) -> None:
    """A gateway gives `timestamp` beside the device's own `originalTimestamp`: it is not corrected a second time."""
    given = {"timestamp": form(NOW - 5000), "sentAt": form(NOW + 60 * MINUTE), "receivedAt": form(NOW - 1000)}
    assert at(**given, originalTimestamp=form(NOW + 60 * MINUTE - 4000)) == NOW - 5000
    assert at(**given, originalTimestamp=form(NOW - 5000)) == NOW - 6000 - 60 * MINUTE


def test_an_offset_of_sent_at_counts(at: Callable[..., int]) -> None:
    """The minute that sentAt shows is one of its own zone."""
    local = iso(NOW + 120 * MINUTE).replace("Z", "+02:00")
    assert at(timestamp=iso(NOW - 5000), sentAt=local) == NOW - 5000
    sent = iso(NOW).replace("Z", "+02:00")
    assert at(originalTimestamp=iso(NOW - 180 * MINUTE), sentAt=sent) == NOW - 60 * MINUTE
    assert at(timestamp=iso(NOW - 180 * MINUTE), sentAt=sent) == NOW - 60 * MINUTE


@pytest.mark.parametrize("wrong", ["10/03/2024", "soon", True, [], {}, -1])
def test_an_unreadable_timestamp_gives_way(at: Callable[..., int], wrong: Any) -> None:
    """A readable originalTimestamp stands in for a timestamp that cannot be read."""
    assert at(timestamp=wrong, originalTimestamp=NOW - 5000) == NOW - 5000


@pytest.mark.parametrize("field", ["timestamp", "originalTimestamp"])
@pytest.mark.parametrize("wrong", ["10/03/2024", "soon", True, [], {}, -1, 1e20, "0001-01-01T00:00:00Z"])
def test_unreadable(refused: Refused, field: str, wrong: Any) -> None:
    """A time that is given and cannot be read is a dead letter: a wrong guess would open or close carts."""
    assert refused({"type": "page", "userId": "u", field: wrong}) == "invalid_timestamp"


def test_a_correction_out_of_range(refused: Refused) -> None:
    """A correction that leads before 1970 is no time."""
    message = {"type": "page", "userId": "u", "originalTimestamp": 1, "sentAt": "9999-01-01"}
    assert refused(message) == "invalid_timestamp"


@pytest.mark.parametrize(
    ("ahead", "clamped"), [(0, False), (5 * MINUTE, False), (5 * MINUTE + 1, True), (MAX_TIME - NOW, True)]
)
@pytest.mark.parametrize("form", [iso, lambda ms: iso(ms).replace("Z", "")])
def test_clamping(event: Accept, ahead: int, clamped: bool, form: Callable[[int], Any]) -> None:
    """More than five minutes ahead of its record, an event happened at the record's time; up to that it is believed."""
    result = event({"type": "page", "userId": "u", "timestamp": form(NOW + ahead)})
    assert result.time == (NOW if clamped else NOW + ahead)
    assert result.clamped is clamped
    assert orjson.loads(result.body)["event_time"] == iso(result.time)


@pytest.mark.parametrize("timestamp", [-1, 0, MAX_TIME + 1])
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


MOMENTS = st.integers(NOW - 20 * MINUTE, NOW + 20 * MINUTE) | st.sampled_from([NOW + n * MINUTE for n in range(-6, 7)])
FORMS = st.sampled_from([
    iso, int, str, lambda ms: iso(ms).replace("Z", "+00:00"), lambda ms: iso(ms + 60 * MINUTE)[:-1] + "+01:00",
])  # fmt: skip
FIELDS = ("timestamp", "originalTimestamp", "sentAt", "receivedAt")


@hypothesis.given(st.dictionaries(st.sampled_from(FIELDS), MOMENTS), st.lists(FORMS, min_size=4, max_size=4))
def test_the_rule_in_one_place(given_times: dict[str, int], forms: list[Callable[[int], Any]]) -> None:
    """Whatever is given and in whatever form, the time is that of the rule as contract 1 says it."""
    timestamp, original, sent, arrived = map(given_times.get, FIELDS)
    time = timestamp if timestamp is not None else original if original is not None else NOW
    arrival = NOW if arrived is None else arrived
    set_right = timestamp is not None and original is not None and original != timestamp
    if sent is not None and (timestamp is not None or original is not None) and not set_right:
        apart = arrival - sent
        if abs(apart) > 5 * MINUTE or time > arrival:
            time += apart
    if time > NOW + 5 * MINUTE:
        time = NOW
    said = {name: form(given_times[name]) for name, form in zip(FIELDS, forms, strict=True) if name in given_times}
    message = orjson.dumps({"type": "page", "userId": "u", **said})
    result = Reader().read(Record("channels.web", 0, 0, NOW, None, message))
    assert isinstance(result, Event)
    assert result.time == time


@pytest.mark.parametrize(
    "unset", [0, "0", "1970-01-01T00:00:00.000Z", "1970-01-01T01:00:00+01:00", "0001-01-01T00:00:00Z"]
)
def test_a_clock_that_nobody_has_set_corrects_nothing(at: Callable[..., int], unset: Any) -> None:
    """A sentAt or receivedAt of the epoch is none: an event of hours ago stays where its own time has it."""
    before = NOW - 180 * MINUTE
    for field in ("timestamp", "originalTimestamp"):
        assert at(**{field: iso(before), "sentAt": unset}) == before
        assert at(**{field: iso(before), "sentAt": iso(NOW), "receivedAt": unset}) == before
        assert at(**{field: iso(NOW + 55 * MINUTE), "sentAt": iso(NOW + 60 * MINUTE), "receivedAt": unset}) == (
            NOW - 5 * MINUTE
        )


@pytest.mark.parametrize("wrong", ["tomorrow", {}, -1])
def test_an_unreadable_time_gives_way_to_the_cloud_events(event: Accept, wrong: Any) -> None:
    """The time of the envelope counts where the message's own cannot be read, as it does where there is none."""
    message = {"type": "page", "userId": "u", "timestamp": wrong}
    around = {"specversion": "1.0", "id": "i", "source": "s", "type": "t", "time": iso(NOW - MINUTE)}
    assert event({**around, "data": message}).time == NOW - MINUTE
    own = {**message, "originalTimestamp": iso(NOW - 2 * MINUTE)}
    assert event({**around, "data": own}).time == NOW - 2 * MINUTE
