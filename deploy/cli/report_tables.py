"""The report as tables: small ones side by side, then the first rows of the views, without columns that are empty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from deploy import console

ROWS: Final = 12
"""Rows of a section that are shown; the rest is in ClickHouse and in the files."""
WIDTH: Final = 118
SMALL: Final = ("input", "events", "profiles", "carts", "messages", "conversions")
"""Sections of names and numbers, in the order of an event's way."""


def render(report: Mapping[str, Any]) -> Iterator[Any]:
    """The tables of the report of sinks.clickhouse.report, with `input` in front when a run knows its own."""
    from rich.columns import Columns

    yield Columns([_numbers(name, report[name]) for name in SMALL if name in report], padding=(0, 3))
    channels = report.get("events", {}).get("by_channel")
    if channels:
        yield _numbers("events by channel", channels)
    if by_campaign := report.get("campaigns"):
        yield _campaigns(by_campaign)
    if by_kind := report.get("events", {}).get("by_kind"):
        yield _rows("by kind", by_kind)
    if unknown := report.get("unknown_names"):
        shown = [{name: row[name] for name in ("name", "events", "last_seen", "nearest")} for row in unknown]
        yield _rows("names that do nothing and look like one that acts (winback events)", shown)
    for name, rows in report.get("views", {}).items():
        yield from _view(name, rows)


def _campaigns(rows: Sequence[Mapping[str, Any]]) -> Any:
    """For each campaign what it was triggered for, what came of it and what it brought back; reasons with counts."""
    columns = ("campaign", "triggers", "sent", "held out", "suppressed", "cancelled", "opens", "clicks", "recovered",
               "revenue")  # fmt: skip
    names = ("campaign_id", "triggers", "sent", "held_out", "suppressed", "cancelled", "opens", "clicks",
             "recovered_orders", "recovered_revenue")  # fmt: skip
    shown = console.table("Campaigns", columns, [[_counts(row[name]) for name in names] for row in rows])
    shown.columns[0].no_wrap = True
    return shown


def _counts(value: Any) -> Any:
    """Counts by reason as lines, the most frequent first; anything else as it is."""
    if not isinstance(value, Mapping):
        return value
    ordered = sorted(value.items(), key=lambda item: (-item[1], item[0]))
    return "\n".join(f"{reason.replace('_', ' ')} {count:,}" for reason, count in ordered) or "-"


def _view(title: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[Any]:
    """As many tables as the columns of a view need, its first column in each."""
    told = [name for name in (rows[0] if rows else ()) if any(row[name] not in (None, 0, "") for row in rows)]
    if not told:
        yield f"{title}: no rows\n"
        return
    width = {name: 3 + max(len(name), *(len(console.text(row[name])) for row in rows[:ROWS])) for name in told}
    parts, used = [[told[0]]], width[told[0]]
    for name in told[1:]:
        used += width[name]
        if used > WIDTH:
            parts.append([told[0]])
            used = width[told[0]] + width[name]
        parts[-1].append(name)
    for columns in parts:
        yield console.table(title, columns, [[row[column] for column in columns] for row in rows[:ROWS]])
        title = ""


def _numbers(title: str, section: Mapping[str, Any]) -> Any:
    """A section whose inner mappings are counts of its kinds; lists have tables of their own."""
    rows: list[tuple[str, Any]] = []
    for name, value in section.items():
        if name == "by_channel" and title == "events":
            continue
        if isinstance(value, Mapping):
            if name == "dead_letters":
                rows.append(("dead letters", sum(value.values())))
            rows += [(f"  {kind.replace('_', ' ')}", count) for kind, count in value.items()]
        elif not isinstance(value, list):
            rows.append((name.replace("_", " "), console.text(value)))
    return console.table(
        title.capitalize(), ("", ""), [(name, console.text(value)) for name, value in rows], right=(1,)
    )


def _rows(title: str, rows: Sequence[Mapping[str, Any]]) -> Any:
    shown = rows[:ROWS]
    more = f" (first {ROWS} of {len(rows)})" if len(rows) > ROWS else ""
    return console.table(title.capitalize() + more, list(rows[0]), [list(row.values()) for row in shown])
