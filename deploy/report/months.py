"""Which month a report is about, and the one before it."""

from __future__ import annotations

import re
from datetime import date, timedelta

from deploy.errors import BadInputError
from sinks.clickhouse.view_rows import Period


def month(text: str) -> Period:
    """The days of the month that `text` names as YYYY-MM. Raises BadInputError."""
    match = re.fullmatch(r"(\d{4})-(\d{2})", text, re.ASCII)
    if match is None or not 1 <= int(match[2]) <= 12 or not 1971 <= int(match[1]) <= 2148:
        raise BadInputError(f"--month {text}: give a month as YYYY-MM, such as 2026-10")
    return month_of(date(int(match[1]), int(match[2]), 1))


def month_of(day: date) -> Period:
    """The month that a day is in."""
    first = day.replace(day=1)
    return Period(first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1))


def month_before(period: Period) -> Period:
    """The month before."""
    return month_of(period.first - timedelta(days=1))


def latest(data: Period | None, today: date) -> Period:
    """The last month that the days of data `data` go through to its end; if there is none, that of the last of them.

    Without any data it is the month before `today`.
    """
    if data is None:
        return month_before(month_of(today))
    newest = month_of(data.last)
    before = month_before(newest)
    return newest if data.last == newest.last or data.first > before.last else before
