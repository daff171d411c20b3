"""Tables of a page: a line a subject, one currency, links, what is left out."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from deploy.report.model import Table
from deploy.report.tables import MissingColumnError, Shown, shown
from sinks.clickhouse.view_docs import Column, ViewDoc
from sinks.clickhouse.view_rows import Asked, Period, ViewRows

MONTH = Period(date(2026, 10, 1), date(2026, 10, 31))
DOC = ViewDoc("v_x", columns=[
    Column("channel", ("key",), "the channel"), Column("reach", ("count",), "customers"),
    Column("open_rate", ("rate",), "opens / delivered"), Column("revenue", ("money",), "(unit: currency)"),
    Column("currency", ("key",), "of the money"),
])  # fmt: skip


def row(channel: str, currency: str, revenue: float, reach: int = 7, open_rate: float | None = 0.25) -> dict[str, Any]:
    """A row of the view."""
    money = Decimal(str(revenue))
    return {"channel": channel, "reach": reach, "open_rate": open_rate, "revenue": money, "currency": currency}


def made(table: Table, *rows: dict[str, Any], currency: str = "EUR") -> Shown | None:
    """The table over these rows."""
    return shown(table, ViewRows("SELECT", rows, MONTH), DOC, "part", currency)


def texts(table: Shown | None) -> list[list[str]]:
    """What stands in the lines."""
    assert table is not None
    return [[cell.text for cell in line] for line in table.lines]


TABLE = Table(Asked("v_x"), "Channels", ("channel",), ("reach", "open_rate"), ("revenue",))


def test_money_of_one_currency_and_the_others_below() -> None:
    """A subject has one line: numbers that each currency repeats once, money of the main currency; others apart."""
    found = made(TABLE, row("web", "EUR", 10), row("web", "USD", 4), row("app", "USD", 3), row("mail", "", 0, 1, None))
    assert texts(found) == [
        ["web", "7", "25.0\u00a0%", "EUR\u00a010.00"], ["app", "7", "25.0\u00a0%", "\u2013"],
        ["mail", "1", "\u2013", "\u2013"],
    ]  # fmt: skip
    assert found is not None
    assert found.caption == "Channels, in EUR"
    assert found.others is not None
    assert found.others.caption == "Channels, in 1 other currency"
    assert texts(found.others) == [["web", "USD", "USD\u00a04.00"], ["app", "USD", "USD\u00a03.00"]]


def test_each_number_leads_to_its_column() -> None:
    """Heads and numbers link to the column's definition; names and dashes do not."""
    found = made(TABLE, row("web", "EUR", 10), row("mail", "", 0, 1, None))
    assert found is not None
    assert [head.href for head in found.heads] == ["v_x.channel", "v_x.reach", "v_x.open_rate", "v_x.revenue"]
    assert [cell.href for cell in found.lines[0]] == ["", "v_x.reach", "v_x.open_rate", "v_x.revenue"]
    assert [cell.href for cell in found.lines[1]] == ["", "v_x.reach", "", ""]
    assert found.lines[0][0].header


def test_the_largest_first_and_the_rest_counted() -> None:
    """`by` puts the largest first, by money in the currency shown; what is not shown is counted."""
    rows = [row("a", "EUR", 1), row("b", "EUR", 3), row("b", "USD", 1), row("c", "USD", 99), row("d", "EUR", 2)]
    table = Table(Asked("v_x"), "Channels", ("channel",), (), ("revenue",), by="revenue", most=2)
    found = made(table, *rows)
    assert [line[0] for line in texts(found)] == ["b", "d"]
    assert found is not None
    assert found.left_out == 2


def test_columns_of_the_view_where_a_table_names_none() -> None:
    """Keys, then counts, then money, as the view's comment says."""
    found = made(Table(Asked("v_x"), "All"), row("web", "EUR", 10))
    assert found is not None
    assert [head.text for head in found.heads] == ["channel", "reach", "open rate", "revenue"]


def test_values_of_a_column_side_by_side() -> None:
    """`across` makes a column of each value; what a subject does not have is a dash."""
    rows = [
        {"model": model, "channel": channel, "revenue": Decimal(amount), "currency": currency}
        for model, channel, amount, currency in [
            ("first", "web", 1, "EUR"), ("last", "web", 2, "EUR"), ("last", "ads", 3, "EUR"), ("last", "ads", 9, "USD"),
        ]
    ]  # fmt: skip
    found = made(Table(Asked("v_x"), "Models", ("channel",), (), ("revenue",), across="model"), *rows)
    assert found is not None
    assert [head.text for head in found.heads] == ["channel", "first", "last"]
    assert texts(found) == [["web", "EUR\u00a01.00", "EUR\u00a02.00"], ["ads", "\u2013", "EUR\u00a03.00"]]
    assert texts(found.others) == [["ads", "last", "USD", "USD\u00a09.00"]]


def test_no_rows_and_no_column() -> None:
    """Without rows there is no table; a column that the view does not have is an error that names it."""
    assert made(TABLE) is None
    assert made(Table(Asked("v_x"), "None", keep=lambda row: row["reach"] > 99), row("web", "EUR", 1)) is None
    for table in (Table(Asked("v_x"), "x", ("nothing",)), Table(Asked("v_x"), "x", keep=lambda row: row["nothing"])):
        with pytest.raises(MissingColumnError, match=r"v_x has no column '?nothing"):
            made(table, row("web", "EUR", 1))
