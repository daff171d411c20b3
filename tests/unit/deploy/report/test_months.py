"""Which month a report is about."""

from __future__ import annotations

from datetime import date

import pytest

from deploy.errors import BadInputError
from deploy.report.months import latest, month, month_before, month_of
from sinks.clickhouse.view_rows import Period

TODAY = date(2026, 12, 3)


def test_a_month_is_all_its_days() -> None:
    """YYYY-MM is from the first to the last day, in leap years too; the month before crosses years."""
    assert month("2028-02") == Period(date(2028, 2, 1), date(2028, 2, 29))
    assert month_before(month("2026-01")) == Period(date(2025, 12, 1), date(2025, 12, 31))


@pytest.mark.parametrize(
    "text", ["2026-13", "2026-00", "2026-1", "26-10", "october", "", "2026-10-01", "1500-01", "2026-१०"]
)
def test_what_is_no_month_is_one_line(text: str) -> None:
    """Anything else is bad input that says what a month looks like."""
    with pytest.raises(BadInputError, match="YYYY-MM"):
        month(text)


@pytest.mark.parametrize(
    ("first", "last", "shown"),
    [
        ("2026-09-03", "2026-11-12", "2026-10"),  # November is not over
        ("2026-09-03", "2026-10-31", "2026-10"),  # October is
        ("2026-10-03", "2026-10-12", "2026-10"),  # there is no month that is over
        ("2026-09-30", "2026-10-12", "2026-09"),
    ],
)
def test_the_default_is_the_last_month_that_is_over(first: str, last: str, shown: str) -> None:
    """The last month that the data go through to its end; if none has any data, the month of the newest."""
    data = Period(date.fromisoformat(first), date.fromisoformat(last))
    assert latest(data, TODAY) == month(shown)


def test_without_data_it_is_the_month_before_today() -> None:
    """An empty database has a report all the same."""
    assert latest(None, TODAY) == month_of(date(2026, 11, 30))
