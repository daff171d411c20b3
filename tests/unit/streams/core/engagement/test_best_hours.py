"""The hour of day at which a customer responds most, and when it begins next where they are."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from streams.core.engagement.hours import best, next_begin

NOBODY = [0] * 24


def everybody(**hours: int) -> list[int]:
    """Responses of everybody: h7=3 is three at seven."""
    return [hours.get(f"h{hour}", 0) for hour in range(24)]


@pytest.mark.parametrize(
    ("own", "others", "hour"),
    [
        ({}, NOBODY, None),
        ({"19": 1}, NOBODY, 19),
        ({"19": 2, "7": 2, "8": 1}, NOBODY, 7),
        ({}, everybody(h20=1, h9=1), 9),
        ({}, everybody(h20=2, h9=1), 20),
        ({"7": 12}, everybody(h20=5, h9=5), 7),
        ({"7": 11}, everybody(h20=5, h9=5), 9),
        ({"9": 1}, everybody(h20=100, h9=99), 9),
        ({str(hour): 1 for hour in range(24)}, NOBODY, 0),
    ],
)
def test_own_responses_and_those_of_everybody_as_one_day_of_24(own, others, hour):
    """Of equals the earliest; no hour as long as nobody has responded."""
    assert best(own, others) == hour


@pytest.mark.parametrize(
    ("zone", "now", "hour", "begins"),
    [
        ("Europe/Berlin", "2026-01-05T10:30", 19, "2026-01-05T19:00"),
        ("Europe/Berlin", "2026-01-05T19:00", 19, "2026-01-05T19:00"),
        ("Europe/Berlin", "2026-01-05T20:00", 19, "2026-01-06T19:00"),
        ("Asia/Kathmandu", "2026-01-05T10:30", 11, "2026-01-05T11:00"),
        # The night in which 2:30 does not come, and the one in which it comes twice.
        ("Europe/Berlin", "2026-03-28T03:00", 2, "2026-03-30T02:00"),
        ("Europe/Berlin", "2026-10-25T01:59", 2, "2026-10-25T02:00"),
        ("Australia/Lord_Howe", "2026-10-03T12:00", 2, "2026-10-04T02:30"),
    ],
)
def test_the_next_beginning_of_an_hour(zone, now, hour, begins):
    """In the customer's own zone; a day that leaves the hour out is left out."""

    def ms(text: str) -> int:
        return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)

    assert next_begin(hour, zone, ms(now)) == ms(begins)
    assert next_begin(hour, zone, ms(now) - 1) <= ms(begins)
