"""Times of the made-up world: its units, its start, and the hours of a customer's own day.

Times are epoch milliseconds, zones names of the IANA time zone database.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from random import Random
from typing import Final

from deploy.shop.world import HOURS
from schemas import zones

SECOND: Final = 1000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
START: Final = 1_767_571_200_000
"""Monday 2026-01-05T00:00:00Z, where a simulation starts unless told otherwise."""

_TOTAL: Final = sum(HOURS)
_CUMULATED: Final = tuple(sum(HOURS[: n + 1]) / _TOTAL for n in range(24))


def iso_offset(at: int, zone: str) -> str:
    """The time `at` in the local time of a zone, with its offset, as tills write it: 2026-01-05T11:00:00.123+01:00."""
    return datetime.fromtimestamp(at / 1000, zones.zone(zone)).isoformat(timespec="milliseconds")


@lru_cache(maxsize=4096)
def _offset(zone: str, day: int) -> int:
    offset = datetime.fromtimestamp(day * 86_400 + 43_200, zones.zone(zone)).utcoffset()
    return 0 if offset is None else int(offset.total_seconds()) * SECOND


def offset_of(zone: str, at: int) -> int:
    """The milliseconds that a zone's local time is ahead of UTC at noon of the UTC day of `at`."""
    return _offset(zone, at // DAY)


def moment_in_day(rng: Random, zone: str, day_start: int) -> int:
    """A moment of the day that begins at `day_start` in a zone's local time; shopping hours are more likely."""
    x = rng.random()
    hour = next(h for h in range(24) if x <= _CUMULATED[h] or h == 23)
    return day_start - offset_of(zone, day_start) + hour * HOUR + int(rng.random() * HOUR)
