"""Paths of channels that end in an order, and channels by share of revenue."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

from tests.answers.people import Row, Topics, day, money, orders, within


def journeys(topics: Topics, first: date, last: date, *, daily: bool) -> list[Row]:
    """Rows of v_journeys, or with `daily` of v_journeys_daily."""
    cells: dict[Any, dict[str, Any]] = defaultdict(lambda: {"orders": 0, "touches": 0, "revenue": Decimal(0)})
    for order in orders(topics):
        if order.kind != "order":
            continue
        path = " > ".join(channel for channel, _ in groupby(order.touches)) or "direct"
        for row in order.rows:
            if within(row["at"], first, last):
                key = (day(row["at"]) if daily else None, path, row["currency"] or "")
                cells[key]["revenue"] += money(row["value"])
        if order.stands and within(order.at, first, last):
            cell = cells[day(order.at) if daily else None, path, order.rows[0]["currency"] or ""]
            cell["orders"] += 1
            cell["touches"] += order.touch_count
    totals: dict[str, int] = defaultdict(int)
    for (_, _, currency), cell in cells.items():
        totals[currency] += cell["orders"]
    made = []
    for (when, path, currency), cell in cells.items():
        if cell["orders"] or cell["revenue"]:
            row = {"path": path, "steps": path.count(" > ") + 1, "currency": currency, "orders": cell["orders"]}
            row["revenue"] = cell["revenue"]
            if daily:
                made.append({"day": when, "touches": cell["touches"], **row})
            else:
                row["order_share"] = cell["orders"] / totals[currency] if totals[currency] else None
                row["touches_per_order"] = cell["touches"] / cell["orders"] if cell["orders"] else None
                made.append(row)
    return made


def pareto(topics: Topics, first: date, last: date) -> list[Row]:
    """Rows of v_pareto."""
    cells: dict[str, dict[str, dict[str, Any]]] = defaultdict(
        lambda: defaultdict(lambda: {"orders": 0, "revenue": Decimal(0), "credited": Decimal(0)})
    )
    for order in orders(topics):
        for row in order.rows:
            if within(row["at"], first, last):
                channels = cells[row["currency"] or ""]
                channels[row["channel"]]["orders"] += row.get("orders", 1)
                channels[row["channel"]]["revenue"] += money(row["value"])
                for channel, part in row["credited"].get("last_non_direct", {}).items():
                    channels[channel]["credited"] += money(part)
    made = []
    for currency, channels in cells.items():
        rows = {
            channel: {"channel": channel, "currency": currency, "orders": cell["orders"], "revenue": cell["revenue"],
                      "credited_revenue": cell["credited"]}
            for channel, cell in channels.items() if any(cell.values())
        }  # fmt: skip
        for name, prefix in (("revenue", ""), ("credited_revenue", "credited_")):
            whole, so_far = sum(max(row[name], 0) for row in rows.values()), Decimal(0)
            ranking = sorted(rows.values(), key=lambda row: (-row[name], row["channel"]))
            for position, row in enumerate(ranking, 1):
                so_far += max(row[name], 0)
                row[f"{prefix}position"] = position
                row[f"{prefix}share"] = float(max(row[name], 0) / whole) if whole else None
                row[f"{prefix}cumulative_share"] = float(so_far / whole) if whole else None
        made += rows.values()
    return made
