"""The hour of the day where the customer is, and the one at which they respond most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from schemas import zones
from schemas.topics import HOUR_MS

_QUARTER_MS: Final = HOUR_MS // 4
"""Every zone of today is a whole number of these from UTC."""
_TWO_DAYS: Final = 2 * 24 * 4


def local_hour(at: int, zone: str) -> int:
    """The hour, 0 to 23, that clocks in a zone (IANA name or offset) show at `at` (epoch milliseconds)."""
    try:
        return zones.local_time(at, zone).hour
    except (OverflowError, ValueError):
        # The first and the last day of the calendar, in a zone where it is another one.
        return at // HOUR_MS % 24


def best(own: Mapping[str, int], everybody: Sequence[int]) -> int | None:
    """The local hour with the most responses, of equals the earliest; None when nobody has ever responded.

    `own` are the customer's by hour, `everybody` all customers' (24 counts): these count as one day of 24 responses.
    """
    total = sum(everybody)
    scores = [own.get(str(hour), 0) * max(total, 1) + 24 * everybody[hour] for hour in range(24)]
    highest = max(scores)
    return scores.index(highest) if highest else None


def next_begin(hour: int, zone: str, at: int) -> int:
    """When this local hour (0 to 23) begins next, at or after `at`: epoch milliseconds, as `at` is.

    `zone` is a name of the IANA list or an offset. A day whose clocks leave the hour out is left out.
    """
    begin = -(-at // _QUARTER_MS) * _QUARTER_MS
    for quarter in range(_TWO_DAYS):
        here = begin + quarter * _QUARTER_MS
        if local_hour(here, zone) == hour and local_hour(here - 1, zone) != hour:
            return here
    return at
