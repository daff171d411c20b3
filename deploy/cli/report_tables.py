"""The report on a terminal of 80 columns: counts with bars, then the first rows of each view, no word broken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from deploy import console
from deploy.cli.view_tables import view_tables

WIDTH: Final = 80
"""Columns of everything that is printed."""
READ: Final = 400
"""Rows of a view that are read for it: more than are shown, as those of one currency are looked for among them."""
CELL: Final = 20
"""Columns of a cell of the tables of campaigns, if its words are no longer."""
BAR: Final = 24
"""Columns of the longest bar."""
SMALL: Final = ("input", "events", "profiles", "carts", "messages", "conversions")
"""Sections of names and numbers, in the order of an event's way."""


def render(report: Mapping[str, Any]) -> Iterator[Any]:
    """The tables of the report of sinks.clickhouse.report, with `input` in front when a run knows its own."""
    for name in SMALL:
        if name in report:
            yield _numbers(name, report[name])
    if by_currency := report.get("conversions", {}).get("by_currency"):
        yield _orders(by_currency)
    if by_channel := report.get("events", {}).get("by_channel"):
        yield _counts("Events by channel", "channel", by_channel)
    if by_campaign := report.get("campaigns"):
        yield from _campaigns(by_campaign, report.get("views", {}).get("v_campaign_kpis", ()))
    if by_kind := report.get("events", {}).get("by_kind"):
        counts: Counter[str] = Counter()
        for row in by_kind:
            counts[f"{row['kind']}: {row['name']}"] += row["events"]
        yield _counts("Events by what they do", "kind", counts)
    if unknown := report.get("unknown_names"):
        rows = [[row[name] for name in ("name", "events", "last_seen", "nearest")] for row in unknown]
        title = "Names that do nothing and look like one that acts (winback events)"
        yield console.table(title, ("name", "events", "last seen", "nearest"), rows)
    left_out = report.get("rows_left_out", {})
    for name, rows in report.get("views", {}).items():
        if not name.endswith("_daily"):
            yield from view_tables(name, rows, left_out.get(name, 0), WIDTH)
    yield "Views by day, and every row: winback report --json"


def _numbers(title: str, section: Mapping[str, Any]) -> Any:
    """A section's own numbers, with the counts of its kinds and their bars."""
    rows: list[tuple[str, Any, str]] = []
    for name, value in section.items():
        if name in ("by_channel", "by_currency") and title != "messages":
            continue
        if isinstance(value, Mapping):
            if name == "dead_letters":
                rows.append(("dead letters", sum(value.values()), ""))
            most = max(value.values(), default=0)
            rows += [(f"  {kind.replace('_', ' ')}", count, bar(count, most)) for kind, count in value.items()]
        elif not isinstance(value, list) and not (title == "conversions" and name != "total"):
            rows.append((name.replace("_", " "), value, ""))
    lines = [(name, console.text(value), drawn) for name, value, drawn in rows]
    return console.table(title.capitalize(), ("", "", ""), lines, right=(1,))


def _orders(rows: Sequence[Mapping[str, Any]]) -> Any:
    """Orders and their money, a line a currency."""
    names = ("currency", "total", "revenue", "refunds", "net_revenue")
    lines = [
        [row["currency"] or "none named", row["total"], *(f"{row[name]:,.2f}" for name in names[2:])] for row in rows
    ]
    heads = ("currency", "orders", "revenue", "refunds", "net revenue")
    return console.table("Orders by currency", heads, lines, right=(1, 2, 3, 4))


def _counts(title: str, of: str, counts: Mapping[str, int]) -> Any:
    """Names with counts and bars, the most first."""
    most = max(counts.values(), default=0)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return console.table(title, (of, "events", ""), [(name, count, bar(count, most)) for name, count in ordered])


def _campaigns(rows: Sequence[Mapping[str, Any]], kpis: Sequence[Mapping[str, Any]]) -> Iterator[Any]:
    """For each campaign what it was triggered for and what came of it, reasons with counts; then what came back."""
    names = ("campaign_id", "triggers", "sent", "held_out", "suppressed", "cancelled")
    lines = [[_reasons(row[name]) for name in names] for row in rows]
    heads = ("campaign", "triggers", "sent", "held out", "suppressed", "cancelled")
    yield console.table("Campaigns: decisions", heads, lines, right=(1, 2, 3), widest=CELL)
    earned: dict[str, Counter[str]] = {}
    for row in kpis:
        if row["revenue"]:
            earned.setdefault(row["campaign_id"], Counter())[row["currency"]] += row["revenue"]
    known = ("campaign_id", "delivered", "opens", "clicks", "recovered_orders")
    results = [[*(row[name] for name in known), _amounts(earned.get(row["campaign_id"], {}))] for row in rows]
    heads = ("campaign", "delivered", "opens", "clicks", "recovered orders", "recovered revenue")
    yield console.table("Campaigns: results", heads, results, right=(5,), widest=CELL)


def _amounts(by_currency: Mapping[str, Any]) -> str:
    return "\n".join(f"{currency} {amount:,.2f}".strip() for currency, amount in sorted(by_currency.items())) or "-"


def _reasons(value: Any) -> Any:
    """Counts by reason as lines, the most frequent first; anything else as it is."""
    if not isinstance(value, Mapping):
        return value
    ordered = sorted(value.items(), key=lambda item: (-item[1], item[0]))
    return "\n".join(f"{reason.replace('_', ' ')} {count:,}" for reason, count in ordered) or "-"


def bar(value: float, most: float, width: int = BAR) -> str:
    """A bar of `value`, where `most` is one of so many columns (`width`); empty for nothing."""
    if value <= 0 or most <= 0:
        return ""
    eighths = max(1, round(8 * width * value / most))
    return console.BLOCKS[8] * (eighths // 8) + (console.BLOCKS[eighths % 8] if eighths % 8 else "")
