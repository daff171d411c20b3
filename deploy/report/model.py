"""What a page consists of: sections, and in them tables of views with a chart beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sinks.clickhouse.view_rows import Asked

Row = dict[str, Any]
"""One row of a view: a value by column."""


@dataclass(frozen=True)
class Figure:
    """A chart: its SVG, and what it says in a sentence."""

    svg: str
    label: str


Draw = Callable[[Sequence[Row], str], Figure | None]
"""Draws the rows of a table, of all currencies, money in the currency given; None where there is nothing to draw."""


def all_rows(row: Row) -> bool:
    """Whether to keep a row: always."""
    del row
    return True


@dataclass(frozen=True)
class Table:
    """A table of what a view was asked.

    `of`: the columns that say what a row is of. `counts`: columns that are the same in the row of each currency, and
    stand once here. `money`: columns that differ by currency. Without all three, the columns are those of the view.
    `keep`: which rows. `by`: the column whose largest values come first; without it the view's order.
    `most`: how many lines it shows; the rest is counted. `note`: what is to be known to read it. `folded`: only its
    chart is seen at first. `across`: the column whose values become columns, of the one that `money` names.
    `forms`: columns that are written in another form (Kind) than their view says, such as a difference of rates.
    """

    asked: Asked
    caption: str
    of: tuple[str, ...] = ()
    counts: tuple[str, ...] = ()
    money: tuple[str, ...] = ()
    keep: Callable[[Row], bool] = all_rows
    by: str = ""
    most: int = 20
    draw: Draw | None = None
    note: str = ""
    folded: bool = False
    across: str = ""
    forms: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Tile:
    """One number of the overview: its name, its value as written, where it comes from, and what it was before.

    `anchor`: the column's definition on the page. `change`: against the month before, as written; empty if unknown.
    """

    name: str
    values: tuple[str, ...]
    anchor: str
    change: str = ""


@dataclass(frozen=True)
class Section:
    """One question of the reader's: a heading, a sentence on what is seen, and tables.

    `asked`: what else it asks of views, besides its tables. `empty`: what it says in a month without a row.
    """

    id: str
    title: str
    lead: str
    tables: tuple[Table, ...]
    empty: str = "Nothing of this happened in the month."
    asked: tuple[Asked, ...] = ()

    @property
    def questions(self) -> tuple[Asked, ...]:
        """All that the section asks of views."""
        return tuple(dict.fromkeys((*self.asked, *(table.asked for table in self.tables))))
