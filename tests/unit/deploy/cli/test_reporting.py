"""The report as people see it on a terminal of 80 columns."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from deploy.cli import report_tables, view_tables
from deploy.cli.report_tables import WIDTH, bar, render
from sinks.clickhouse.view_docs import Column, ViewDoc

LONG = "f" * 48
"""An id as messages have."""
DOC = ViewDoc("v_x", question="What?", columns=[
    Column("message_id", ("key",), "the message"), Column("campaign_id", ("key",), "the campaign"),
    Column("path", ("not_null",), "channels"), Column("unsubscribe_rate", ("rate",), "a / b"),
    Column("attributed_conversions", ("count",), "orders"), Column("net_revenue", ("money",), "money (unit: currency)"),
    Column("hours", ("number",), "time (unit: hours)"), Column("currency", ("key",), "of the money"),
])  # fmt: skip


def shown(report: dict[str, Any]) -> str:
    """What stands on the terminal; no line of it is too long."""
    out = io.StringIO()
    console = Console(file=out, width=WIDTH, highlight=False)
    for renderable in render(report):
        console.print(renderable)
    text = out.getvalue()
    assert max(map(len, text.splitlines())) <= WIDTH == 80
    return text


def row(at: int, currency: str = "EUR") -> dict[str, Any]:
    """A row of the view."""
    return {
        "message_id": LONG, "campaign_id": "abandoned-checkout-of-autumn", "path": "direct > email > social > search",
        "unsubscribe_rate": 0.125, "attributed_conversions": 1234567 + at, "net_revenue": 9876543.21, "hours": 2.5,
        "currency": currency,
    }  # fmt: skip


@pytest.fixture
def view(monkeypatch: pytest.MonkeyPatch) -> None:
    """The view v_x is one of this version's."""
    monkeypatch.setattr(view_tables, "_docs", lambda: {"v_x": DOC})


def test_each_campaign_says_what_became_of_its_triggers() -> None:
    """Triggers, sent, held out, suppressed and cancelled by reason, and what came back with its currencies."""
    text = shown({
        "campaigns": [{
            "campaign_id": "abandoned-cart", "triggers": 6012, "sent": 1, "held_out": 2,
            "suppressed": {"no_consent": 1, "capped": 4}, "cancelled": {}, "deferred": 1, "retracted": 0,
            "delivered": 1, "opens": 1, "clicks": 0, "recovered_orders": 1, "recovered_revenue": None,
        }],
        "views": {"v_campaign_kpis": [
            {"campaign_id": "abandoned-cart", "revenue": 1234.5, "currency": "EUR"},
            {"campaign_id": "abandoned-cart", "revenue": 2, "currency": "USD"},
        ]},
    })  # fmt: skip
    for word in ("Campaigns", "abandoned-cart", "6,012", "capped 4", "no consent 1", "EUR 1,234.50", "USD 2.00"):
        assert word in text
    assert text.index("capped 4") < text.index("no consent 1")


@pytest.mark.usefixtures("view")
def test_no_word_of_a_view_is_broken() -> None:
    """Ids, heads, amounts and the words of a path stand unbroken; the columns go on in further tables."""
    text = shown({"views": {"v_x": [row(0)]}})
    for word in (LONG, "abandoned-checkout-of-autumn", "unsubscribe", "attributed", "conversions", "1,234,567",
                 "9,876,543.21", "direct", "email", "social", "search"):  # fmt: skip
        assert word in text
    assert "v_x: What?" in text


@pytest.mark.usefixtures("view")
def test_heads_have_units_and_the_currency() -> None:
    """A rate is percent, money has its currency in the head, other numbers their unit; cells have figures."""
    told = " ".join(shown({"views": {"v_x": [{**row(0), "message_id": "m", "campaign_id": "c", "path": "p"}]}}).split())
    for word in ("rate %", "EUR", "hours", "12.5", "2.50"):
        assert word in told
    assert "EUR 9" not in told


@pytest.mark.usefixtures("view")
def test_one_currency_and_what_is_left_out() -> None:
    """The rows are of the currency that most have; all others are counted, their currencies named."""
    rows = [row(at) for at in range(15)] + [row(0, "USD"), row(1, "JPY")]
    text = shown({"views": {"v_x": rows}, "rows_left_out": {"v_x": 1000}})
    assert "USD" not in text[: text.index("more rows")]
    assert "1,005 more rows, also in JPY, USD: winback report --json" in text


def test_bars_say_how_much() -> None:
    """The longest bar is as wide as it may be; the least of something is still seen; nothing is nothing."""
    assert bar(8, 8, 4) == "\u2588" * 4
    assert bar(3, 8, 4) == "\u2588\u258c"
    assert bar(0.001, 8, 4) == "\u258f"
    assert bar(0, 8, 4) == bar(0, 0) == ""
    text = shown({"events": {"total": 3, "by_channel": {"web": 2, "app": 1}}})
    assert text.count("\u2588") == report_tables.BAR * 3 // 2


def test_views_without_rows() -> None:
    """A view without rows says so in a line."""
    assert "no rows" in shown({"views": {"v_y": []}})
