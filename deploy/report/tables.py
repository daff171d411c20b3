"""A table of a page: a line for what a row of the view is of, in one currency; each number is a link."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from deploy.report.cells import NO_CURRENCY, NOTHING, Kind, head, kinds, written
from deploy.report.model import Figure, Row, Table
from sinks.clickhouse.view_docs import ViewDoc
from sinks.clickhouse.view_rows import Period, ViewRows

CURRENCY: Final = "currency"
MOST_OTHERS: Final = 60
"""Lines of a table of other currencies."""


@dataclass(frozen=True)
class Cell:
    """What stands in a cell; `href` leads to what a number means, a `header` says what the line is of."""

    text: str
    numeric: bool = False
    header: bool = False
    href: str = ""


@dataclass(frozen=True)
class Head:
    """A column's head: its words, its unit, and where it is explained."""

    text: str
    unit: str
    href: str
    numeric: bool


@dataclass(frozen=True)
class Shown:
    """A table as the template takes it: heads, lines of cells, how many were left out, the chart.

    `others` has the same in other currencies. `days` are those of its rows; None if of all time.
    """

    id: str
    caption: str
    view: str
    heads: tuple[Head, ...]
    lines: tuple[tuple[Cell, ...], ...]
    left_out: int
    days: Period | None
    note: str
    figure: Figure | None
    folded: bool = False
    others: Shown | None = None


class MissingColumnError(LookupError):
    """A view of the database has no such column: it was made by another version."""


def shown(table: Table, found: ViewRows, doc: ViewDoc | None, name: str, currency: str = "") -> Shown | None:
    """The table over the rows of its view; `name` is its id on the page. None without rows.

    `doc` is what the view says of itself, None for one that says nothing. Money in `currency`, or the one with the
    most rows where there is none in that, is in the table; other currencies are in `others`. Raises MissingColumnError.
    """
    try:
        rows = [row for row in found.rows if table.keep(row)]
    except KeyError as column:
        raise MissingColumnError(f"{table.asked.view} has no column {column}") from None
    if not rows:
        return None
    table = _resolved(table, doc, rows[0])
    across, money = (table.across,) if table.across else (), (CURRENCY, *table.money) if table.money else ()
    columns = (*table.of, *across, *table.counts, *money)
    if missing := [column for column in columns if column not in rows[0]]:
        raise MissingColumnError(f"{table.asked.view} has no column {', '.join(missing)}")
    currency = _currency_of(rows, currency) if table.money else ""
    described = kinds(doc, {column: _example(rows, column) for column in columns})
    described |= {name: replace(described[name], form=form) for name, form in table.forms}
    subjects = _subjects(rows, table.of)
    if table.by:
        subjects.sort(key=lambda group: _size(group, table, currency), reverse=True)
    caption = f"{table.caption}, in {currency}" if currency else table.caption
    if table.across:
        heads, lines = _crossed(rows, table, described, currency)
    else:
        heads = tuple(_head(table.asked.view, described[column]) for column in (*table.of, *table.counts, *table.money))
        lines = [_line(group, table, described, currency) for group in subjects[: table.most]]
    figure = table.draw([row for group in subjects for row in group], currency) if table.draw else None
    return Shown(
        name, caption, table.asked.view, heads, tuple(lines), max(0, len(subjects) - table.most) + found.left_out,
        found.days, table.note, figure, table.folded,
        _others(table, subjects, described, currency, name, found.days),
    )  # fmt: skip


def _others(
    table: Table, subjects: Sequence[Sequence[Row]], described: dict[str, Kind], currency: str, name: str,
    days: Period | None,
) -> Shown | None:  # fmt: skip
    """The rows in other currencies, a line each; None if there are none."""
    if not table.money:
        return None
    rows = [row for group in subjects for row in group if row[CURRENCY] != currency and any(_amounts(row, table))]
    if not rows:
        return None
    table = replace(table, of=(*table.of, table.across) if table.across else table.of)
    columns = (*table.of, CURRENCY, *table.money)
    lines = tuple(
        (*_named(row, table, described), Cell(row[CURRENCY] or NO_CURRENCY),
         *(_number(row, column, table, described) for column in table.money))
        for row in rows[: MOST_OTHERS]
    )  # fmt: skip
    heads = tuple(_head(table.asked.view, described[column]) for column in columns)
    currencies = len({row[CURRENCY] for row in rows})
    caption = f"{table.caption}, in {currencies} other {'currency' if currencies == 1 else 'currencies'}"
    left_out = max(0, len(rows) - MOST_OTHERS)
    return Shown(f"{name}-others", caption, table.asked.view, heads, lines, left_out, days, "", None)


def _resolved(table: Table, doc: ViewDoc | None, row: Row) -> Table:
    """The table with columns: its own, or all of the view's, by what it says of them."""
    if table.of or table.counts or table.money:
        return table
    tests = {column.name: column.tests for column in doc.columns} if doc else {}
    of = tuple(name for name in row if "key" in tests.get(name, ()) and name != CURRENCY) or tuple(row)[:1]
    money = tuple(name for name in row if CURRENCY in row and "money" in tests.get(name, ()))
    rest = tuple(name for name in row if name not in {*of, *money, CURRENCY})
    return replace(table, of=of, counts=rest, money=money)


def _currency_of(rows: Sequence[Row], wanted: str) -> str:
    counts = Counter(row[CURRENCY] for row in rows if row[CURRENCY])
    return wanted if wanted in counts else max(sorted(counts), key=lambda one: counts[one], default="")


def _subjects(rows: Sequence[Row], of: Sequence[str]) -> list[list[Row]]:
    """The rows of the same subject together, in the order in which they first come."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(repr([row[name] for name in of]), []).append(row)
    return list(found.values())


def _size(group: Sequence[Row], table: Table, currency: str) -> Any:
    rows = [row for row in group if row[CURRENCY] == currency] if table.by in table.money else group[:1]
    return max((row[table.by] or 0 for row in rows), default=-1)


def _amounts(row: Row, table: Table) -> list[Any]:
    return [row[name] for name in table.money]


def _example(rows: Sequence[Row], column: str) -> Any:
    return next((row[column] for row in rows if row[column] is not None), None)


def _head(view: str, kind: Kind) -> Head:
    unit = kind.unit if kind.form not in {"rate", "money"} else ""
    return Head(kind.head, unit, anchor(view, kind.name), kind.numeric)


def _line(group: Sequence[Row], table: Table, described: dict[str, Kind], currency: str) -> tuple[Cell, ...]:
    """The subject's line: what is repeated in the row of each currency, then what it has in `currency`."""
    first = group[0]
    mine = next((row for row in group if row[CURRENCY] == currency), None) if table.money else None
    counts = (_number(first, name, table, described) for name in table.counts)
    money = (_number(mine, name, table, described) if mine else Cell(NOTHING, numeric=True) for name in table.money)
    return (*_named(first, table, described), *counts, *money)


def _crossed(
    rows: Sequence[Row], table: Table, described: dict[str, Kind], currency: str
) -> tuple[tuple[Head, ...], list[tuple[Cell, ...]]]:
    """Heads and lines with a column for each value of the column `across`, in one currency."""
    mine = [row for row in rows if row[CURRENCY] == currency]
    (value,) = table.money
    view, kind = table.asked.view, described[value]
    across = list(dict.fromkeys(row[table.across] for row in mine))
    heads = (
        *(_head(view, described[name]) for name in table.of),
        *(Head(head(name), "", anchor(view, value), kind.numeric) for name in across),
    )
    lines = []
    for group in _subjects(mine, table.of):
        told = {row[table.across]: row for row in group}
        cells = (
            _number(told[name], value, table, described) if name in told else Cell(NOTHING, numeric=True)
            for name in across
        )  # fmt: skip
        lines.append((*_named(group[0], table, described), *cells))
    return heads, lines


def _named(row: Row, table: Table, described: dict[str, Kind]) -> tuple[Cell, ...]:
    return tuple(
        Cell(written(row[name], described[name].form), described[name].numeric, header=True) for name in table.of
    )


def _number(row: Row, name: str, table: Table, described: dict[str, Kind]) -> Cell:
    kind = described[name]
    text = written(row[name], kind.form, row.get(CURRENCY, ""))
    return Cell(text, kind.numeric, href=anchor(table.asked.view, name) if kind.numeric and text != NOTHING else "")


def anchor(view: str, column: str = "") -> str:
    """Where on the page a view, or one of its columns, is explained."""
    return f"{view}.{column}" if column else view
