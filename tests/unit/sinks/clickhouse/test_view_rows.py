"""Views over the days of a month: those that take days, those that have a day, and those with neither."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from sinks.clickhouse import view_rows
from sinks.clickhouse.load import load
from sinks.clickhouse.view_rows import Asked, Period, days_of_data, read_views
from tests.support import sink_rows as make

NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))
DAYS = "SELECT toDate('2026-11-01') + number AS day, number AS n, number % 2 AS odd FROM numbers(40)"


@pytest.fixture
def views(client: Any) -> Iterator[Any]:
    """The client, with three views of forty days from the first of November."""
    made = {
        "v_test_over": f"SELECT n, odd FROM ({DAYS}) WHERE day BETWEEN {{from:Date}} AND {{to:Date}}",  # noqa: S608
        "v_test_daily": DAYS,
        "v_test_all": f"SELECT n FROM ({DAYS})",  # noqa: S608
    }
    for name, sql in made.items():
        client.command(f"CREATE OR REPLACE VIEW {name} AS {sql}")
    yield client
    for name in made:
        client.command(f"DROP VIEW {name}")


def test_each_view_is_read_over_the_month(views: Any) -> None:
    """A view over days is called with them, one with a day is filtered by it, one with neither is read whole."""
    over, daily, whole, none = (Asked(f"v_test_{name}") for name in ("over", "daily", "all", "none"))
    found = read_views(views, [over, daily, whole, none, over], NOVEMBER)
    assert set(found) == {over, daily, whole}
    assert [len(found[one].rows) for one in (over, daily, whole)] == [30, 30, 40]
    assert [found[one].days for one in (over, daily, whole)] == [NOVEMBER, NOVEMBER, None]
    assert found[over].sql == "SELECT * FROM v_test_over(from = '2026-11-01', to = '2026-11-30')"
    assert [len(views.query(found[one].sql).result_rows) for one in (over, daily, whole)] == [30, 30, 40]


def test_columns_conditions_and_other_days(views: Any) -> None:
    """What is asked besides all of it: columns summed up, of some rows, over days that end with the month."""
    asked = Asked("v_test_over", "odd, count() AS days", where="n > 26", group="odd", days=5)
    found = read_views(views, [asked], NOVEMBER)[asked]
    assert found.rows == ({"odd": 0, "days": 1}, {"odd": 1, "days": 2})
    assert found.days == Period(date(2026, 11, 26), NOVEMBER.last)


def test_what_is_not_read_is_counted(views: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a view with very many rows the first are read, and the others counted."""
    monkeypatch.setattr(view_rows, "MOST_ROWS", 10)
    asked = Asked("v_test_daily")
    found = read_views(views, [asked], NOVEMBER)[asked]
    assert (len(found.rows), found.left_out) == (10, 20)


def test_days_of_data_are_those_of_the_zone(client: Any) -> None:
    """From the first to the last day on which anything happened, in the shop's zone; None without events."""
    assert days_of_data(client, "UTC") is None
    late = make.NOON + 11 * make.HOUR
    load(client, [make.event("a", "Product Viewed", make.NOON), make.event("a", "Product Viewed", late)])
    assert days_of_data(client, "UTC") == Period(date(2026, 11, 21), date(2026, 11, 21))
    assert days_of_data(client, "Asia/Tokyo") == Period(date(2026, 11, 21), date(2026, 11, 22))
