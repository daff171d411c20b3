"""The overview: a few numbers of the month beside those of the month before, and the month day by day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from deploy.report.cells import money, percent
from deploy.report.drawing import by_day, once
from deploy.report.model import Row, Section, Table, Tile
from deploy.report.tables import anchor
from sinks.clickhouse.view_rows import Asked, ViewRows

KPIS: Final = Asked("v_channel_kpis")
"""The view that the numbers of the overview are of."""
OVERVIEW: Final = Section(
    "overview", "Overview", "The month in a few numbers, each beside the month before where that has any.",
    (
        Table(Asked("v_channel_daily", "day, sum(conversions) AS conversions", group="day"), "Orders by day",
              ("day",), ("conversions",), most=31, folded=True, draw=by_day("conversions", "Orders by day")),
        Table(Asked("v_channel_daily", "day, currency, sum(net_revenue) AS net_revenue", group="day, currency"),
              "Net revenue by day", ("day",), (), ("net_revenue",), most=31, folded=True,
              draw=by_day("net_revenue", "Net revenue by day", "money")),
    ), asked=(KPIS,),
)  # fmt: skip


def tiles(found: Mapping[Asked, ViewRows], before: Mapping[Asked, ViewRows]) -> list[Tile]:
    """The numbers of the month over what views said (`found`), beside those of the month `before`, both by question."""
    if KPIS not in found or not found[KPIS].rows:
        return []
    now, then = found[KPIS], before.get(KPIS)
    past = then.rows if then is not None and then.days else ()
    counts = [
        _counted(name, column, now.rows, past)
        for name, column in (("Events", "events"), ("Messages sent", "sends"), ("Clicks", "clicks"))
    ]
    return [*counts, _orders(now.rows, past), *_money(now.rows, past)]


def _counted(name: str, column: str, now: Sequence[Row], past: Sequence[Row]) -> Tile:
    total = sum(row[column] for row in once(now, ("channel",)))
    earlier = sum(row[column] for row in once(past, ("channel",)))
    return Tile(name, (f"{total:,}",), anchor(KPIS.view, column), _change(total, earlier))


def _orders(now: Sequence[Row], past: Sequence[Row]) -> Tile:
    total, earlier = (sum(row["conversions"] for row in rows) for rows in (now, past))
    return Tile("Orders", (f"{total:,}",), anchor(KPIS.view, "conversions"), _change(total, earlier))


def _money(now: Sequence[Row], past: Sequence[Row]) -> list[Tile]:
    totals, earlier = _by_currency(now), _by_currency(past)
    ordered = sorted(totals, key=lambda one: (-totals[one][1], one))
    return [
        Tile(f"Net revenue, {one}" if one else "Net revenue without currency", (money(totals[one][0], one),),
             anchor(KPIS.view, "net_revenue"), _change(totals[one][0], earlier.get(one, (Decimal(0), 0))[0]))
        for one in ordered
    ]  # fmt: skip


def _by_currency(rows: Sequence[Row]) -> dict[str, tuple[Decimal, int]]:
    """By currency, the sum of net revenue over channels, and of orders."""
    found: dict[str, tuple[Decimal, int]] = {}
    for row in rows:
        amount, orders = found.get(row["currency"], (Decimal(0), 0))
        found[row["currency"]] = amount + row["net_revenue"], orders + row["conversions"]
    return {one: totals for one, totals in found.items() if any(totals)}


def _change(now: Decimal | int, before: Decimal | int) -> str:
    if not before or before < 0:
        return ""
    change = (now - before) / before
    sign = "+" if change > 0 else ""
    return f"{sign}{percent(change)} on the month before"
