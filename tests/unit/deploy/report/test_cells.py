"""Values of views as readers see them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from deploy.report.cells import kinds, money, number, percent, written
from sinks.clickhouse.view_docs import Column, ViewDoc


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (Decimal("1234.5"), "EUR", "EUR\u00a01,234.50"),
        (Decimal("1234.4"), "JPY", "JPY\u00a01,234"),
        (Decimal("1.2345"), "KWD", "KWD\u00a01.234"),
        (Decimal("-0.5"), "USD", "USD\u00a0\u22120.50"),
        (3, "", "no currency\u00a03.00"),
        (None, "EUR", "\u2013"),
    ],
)
def test_money_has_its_currency_and_that_ones_cents(amount, currency, text) -> None:
    """An amount is written with its currency, to as many places as that has; nothing is a dash."""
    assert money(amount, currency) == text


@pytest.mark.parametrize(
    ("rate", "text"), [(0, "0"), (0.1234, "12.3"), (1, "100"), (0.0031, "0.31"), (-0.05, "\u22125.0")]
)
def test_rates_are_percent(rate, text) -> None:
    """A rate of 0 to 1 is percent, small ones with more places."""
    assert percent(rate) == f"{text}\u00a0%"


@pytest.mark.parametrize(
    ("value", "text"),
    [(12345.6, "12,346"), (123.456, "123.5"), (3.14159, "3.14"), (0.03123, "0.0312"), (-2.5, "\u22122.5")],
)
def test_numbers_say_four_digits(value, text) -> None:
    """Numbers have the digits that say something."""
    assert number(value) == text


def test_a_column_is_written_as_its_view_says() -> None:
    """Tests in a view's comment decide the form; money of a floating number is told by its unit; else the type does."""
    doc = ViewDoc("v_x", columns=[
        Column("rate", ("rate",), "a / b"), Column("cpa", ("number",), "cost / orders (unit: currency)"),
        Column("hours", ("number",), "time (unit: hours)"),
    ])  # fmt: skip
    found = kinds(doc, {"rate": 0.5, "cpa": 2.0, "hours": 2.0, "other": 3, "day": date(2026, 10, 1)})
    assert [kind.form for kind in found.values()] == ["rate", "money", "number", "count", "day"]
    assert found["hours"].unit == "hours"
    parts = ViewDoc("v_x", columns=[Column("conversions", ("not_null",), "orders in parts")])
    assert kinds(parts, {"conversions": Decimal("0.5")})["conversions"].form == "number"
    assert written(date(2026, 10, 1), "day") == "1 Oct 2026"
    assert written(None, "rate") == written("", "text") == "\u2013"
    assert written(["web", "email"], "text") == "web \u203a email"
