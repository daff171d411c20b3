"""Night where the customer is."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from streams.core.campaigns import QuietHours
from streams.core.messaging.caps import quiet_after, quiet_until

NIGHT = QuietHours.model_validate({"from": "21:00", "to": "09:00"})
LUNCH = QuietHours.model_validate({"from": "12:00", "to": "13:00"})


def ms(text: str, zone: str) -> int:
    """Epoch milliseconds of a local time."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-01-05 20:59:59", None),
        ("2026-01-05 21:00:00", "2026-01-06 09:00:00"),
        ("2026-01-06 00:00:00", "2026-01-06 09:00:00"),
        ("2026-01-06 08:59:59", "2026-01-06 09:00:00"),
        ("2026-01-06 09:00:00", None),
    ],
)
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata"])
def test_a_night_that_wraps_midnight(zone, now, until):
    """From 21:00 up to, not at, 09:00 of the next day, in the customer's own zone."""
    assert quiet_until(NIGHT, zone, ms(now, zone)) == (None if until is None else ms(until, zone))


def test_the_night_the_clocks_change():
    """The end is 09:00 on the wall, an hour sooner or later in time."""
    zone, hour = "Europe/Berlin", 3_600_000
    spring, autumn = ms("2026-03-28 22:00:00", zone), ms("2026-10-24 22:00:00", zone)
    assert quiet_until(NIGHT, zone, spring) == spring + 10 * hour
    assert quiet_until(NIGHT, zone, autumn) == autumn + 12 * hour


def test_an_end_that_comes_twice():
    """Quiet up to 02:30, on the night on which 02:00 to 03:00 comes twice: up to it, and in the repeated half hour."""
    quiet, hour = QuietHours.model_validate({"from": "21:00", "to": "02:30"}), 3_600_000
    first = ms("2026-10-25 02:15:00", "Europe/Berlin")
    assert quiet_until(quiet, "Europe/Berlin", first) == first + hour // 4
    assert quiet_until(quiet, "Europe/Berlin", first + hour // 2) is None
    assert quiet_until(quiet, "Europe/Berlin", first + hour) == first + hour + hour // 4
    assert quiet_until(quiet, "Europe/Berlin", first + hour + hour // 2) is None


@pytest.mark.parametrize(
    ("zone", "quiet", "now", "leap"),
    [
        ("Europe/Berlin", ("22:00", "02:30"), "2026-03-28T22:00:00Z", "2026-03-29T01:00:00Z"),
        ("Europe/Berlin", ("22:00", "02:30"), "2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z"),
        ("Europe/Berlin", ("01:00", "02:01"), "2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z"),
        ("America/New_York", ("21:00", "02:59"), "2026-03-08T05:00:00Z", "2026-03-08T07:00:00Z"),
        ("Africa/Cairo", ("21:00", "00:30"), "2026-04-23T20:00:00Z", "2026-04-23T22:00:00Z"),
        ("Africa/Cairo", ("21:00", "00:00"), "2026-04-23T20:00:00Z", "2026-04-23T22:00:00Z"),
        ("Australia/Lord_Howe", ("22:00", "02:15"), "2026-10-03T14:00:00Z", "2026-10-03T15:30:00Z"),
    ],
)  # fmt: skip
def test_an_end_that_is_leapt_over(zone, quiet, now, leap):
    """Where the clocks go forward over the end, it is quiet up to the leap, and not from then on."""
    hours = QuietHours.model_validate({"from": quiet[0], "to": quiet[1]})
    at, end = (int(datetime.fromisoformat(text).timestamp() * 1000) for text in (now, leap))
    assert quiet_until(hours, zone, at) == end
    assert quiet_until(hours, zone, end - 1) == end
    assert quiet_until(hours, zone, end) is None


@pytest.mark.parametrize(("zone", "hours"), [("+05:45", 5.75), ("-03:00", -3), ("+00:00", 0), ("+14:00", 14)])
def test_a_night_at_a_fixed_offset(zone, hours):
    """An offset is a zone whose clocks never change."""
    midnight = int(datetime.fromisoformat("2026-03-29T00:00:00Z").timestamp() * 1000) - int(hours * 3_600_000)
    assert quiet_until(NIGHT, zone, midnight) == midnight + 9 * 3_600_000
    assert quiet_until(NIGHT, zone, midnight + 9 * 3_600_000) is None


def test_hours_within_a_day_and_none_at_all():
    """A window that does not wrap, an empty one, and no rule."""
    inside = ms("2026-01-05 12:30:00", "UTC")
    assert quiet_until(LUNCH, "UTC", inside) == ms("2026-01-05 13:00:00", "UTC")
    assert quiet_until(LUNCH, "UTC", ms("2026-01-05 13:00:00", "UTC")) is None
    assert quiet_until(QuietHours.model_validate({"from": "08:00", "to": "08:00"}), "UTC", inside) is None
    assert quiet_until(None, "UTC", inside) is None


@pytest.mark.parametrize(
    ("zone", "quiet", "noon"),
    [
        ("Europe/Berlin", ("21:00", "09:00"), "2026-01-05T12:00:00Z"),
        ("Europe/Berlin", ("02:30", "09:00"), "2026-03-28T12:00:00Z"),
        ("Europe/Berlin", ("02:30", "09:00"), "2026-10-24T12:00:00Z"),
        ("Europe/Berlin", ("00:00", "02:30"), "2026-10-25T00:45:00Z"),
        ("Africa/Cairo", ("00:00", "00:30"), "2026-04-23T12:00:00Z"),
        ("Australia/Lord_Howe", ("02:15", "03:00"), "2026-10-03T12:00:00Z"),
        ("America/New_York", ("12:00", "13:00"), "2026-07-05T17:00:00Z"),
        ("+05:45", ("22:00", "07:00"), "2026-07-05T12:00:00Z"),
    ],
)
def test_the_next_quiet_hours(zone, quiet, noon):
    """They begin at the first minute that is quiet, also where clocks change over it, and end as quiet hours do."""
    hours = QuietHours.model_validate({"from": quiet[0], "to": quiet[1]})
    now, day = int(datetime.fromisoformat(noon).timestamp() * 1000), 86_400_000
    begin = next(at for at in range(now, now + 2 * day, 60_000) if quiet_until(hours, zone, at) is not None)
    assert quiet_after(hours, zone, now, now + 2 * day) == (begin, quiet_until(hours, zone, begin))
    assert quiet_after(hours, zone, now, begin + 1) is not None
    assert quiet_after(hours, zone, now, begin) is None
    assert quiet_after(None, zone, now, now + day) is None
