"""From rows of a view to the marks of a chart: one currency at a time, a subject once, the largest first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final

from deploy.report import charts
from deploy.report.cells import NOTHING, written
from deploy.report.charts import Mark
from deploy.report.model import Draw, Figure, Row

MOST: Final = 12
"""Bars of a chart; the table has the rest."""


def main_currency(rows: Sequence[Row], orders: str) -> str:
    """The currency with the most orders, by the column that counts them; empty if no row names one."""
    counts: Counter[str] = Counter()
    for row in rows:
        if row.get("currency"):
            counts[row["currency"]] += row.get(orders) or 0
    return max(sorted(counts), key=lambda name: counts[name], default="")


def name_of(row: Row, of: Sequence[str]) -> str:
    """What the row is of, in one line."""
    return " \u00b7 ".join(written(row[column], "text") for column in of if row[column] not in (None, "")) or NOTHING


def once(rows: Sequence[Row], of: Sequence[str]) -> list[Row]:
    """The first row of each subject, for numbers that are repeated in the row of each currency."""
    found: dict[str, Row] = {}
    for row in rows:
        found.setdefault(repr([row[column] for column in of]), row)
    return list(found.values())


def counted(value: str, of: Sequence[str], said: str, form: str = "count") -> Draw:
    """Draws bars of the column `value`, the same in each currency, written as `form` (Kind), named by `said`."""

    def draw(rows: Sequence[Row], currency: str) -> Figure | None:
        del currency
        return _bars(once(rows, of), value, of, said, lambda row: written(row[value], form))

    return draw


def earned(value: str, of: Sequence[str], said: str, form: str = "money") -> Draw:
    """Draws bars of the column `value` in one currency, written as `form` (Kind), named by `said`."""

    def draw(rows: Sequence[Row], currency: str) -> Figure | None:
        mine = [row for row in rows if row["currency"] == currency]
        return _bars(mine, value, of, f"{said}, {currency}", lambda row: written(row[value], form, currency))

    return draw


def _bars(rows: Sequence[Row], value: str, of: Sequence[str], said: str, figure: Callable[[Row], str]) -> Figure | None:
    told = sorted((row for row in rows if row[value]), key=lambda row: row[value], reverse=True)
    if not told:
        return None
    marks = [Mark(name_of(row, of), float(row[value]), figure(row)) for row in told[:MOST]]
    more = f" The {MOST} largest of {len(told)}." if len(told) > MOST else ""
    highest = f"The most has {marks[0].name}: {marks[0].figure}."
    return Figure(charts.bars(marks), f"{said}. {highest}{more}")


def by_day(value: str, said: str, form: str = "count") -> Draw:
    """Draws a bar a day of the column `value` summed over each day's rows; with `form` money, those of one currency.

    `said` begins its sentence.
    """

    def draw(rows: Sequence[Row], currency: str) -> Figure | None:
        days: dict[Any, Any] = {}
        for row in rows:
            if form != "money" or row["currency"] == currency:
                days[row["day"]] = days.get(row["day"], 0) + (row[value] or 0)
        if not any(days.values()):
            return None
        marks = [Mark(f"{day:%-d %b}", float(days[day]), written(days[day], form, currency)) for day in sorted(days)]
        highest = max(marks, key=lambda mark: mark.value)
        named = f"{said}, {currency}" if form == "money" else said
        return Figure(charts.days(marks), f"{named}. The highest day is {highest.name}: {highest.figure}.")

    return draw
