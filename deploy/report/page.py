"""The page: sections filled with what the views said, put into one HTML file by Jinja, which escapes all text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.resources import files
from typing import Any

from deploy.report import charts
from deploy.report.model import Section, Tile
from deploy.report.tables import MissingColumnError, Shown, shown
from sinks.clickhouse.view_docs import Column, ViewDoc
from sinks.clickhouse.view_rows import Asked, Period, ViewRows


@dataclass(frozen=True)
class Filled:
    """A section with its tables, tiles and what is missing; `empty` is what it says without a row."""

    id: str
    title: str
    lead: str
    tables: tuple[Shown, ...]
    tiles: tuple[Tile, ...]
    missing: tuple[str, ...]
    empty: str


@dataclass(frozen=True)
class Definition:
    """What the page says of a view: its question, the SQL that was run, its columns, where it is shown."""

    name: str
    question: str
    grain: str
    notes: str
    source: str
    sql: tuple[str, ...]
    columns: tuple[Column, ...]
    sections: tuple[Section, ...]


def filled(
    section: Section, found: Mapping[Asked, ViewRows], docs: Mapping[str, ViewDoc], currency: str,
    tiles: Sequence[Tile] = (),
) -> Filled:  # fmt: skip
    """The section over what views said (`found`) of themselves (`docs`), both by name, with `tiles` above.

    Money comes in `currency` first.
    """
    absent = dict.fromkeys(asked.view for asked in section.questions if asked not in found)
    missing = [f"The view {name} is missing in this database: run `winback migrate`." for name in absent]
    tables = []
    for at, table in enumerate(section.tables, 1):
        if table.asked not in found:
            continue
        try:
            made = shown(table, found[table.asked], docs.get(table.asked.view), f"{section.id}-{at}", currency)
        except MissingColumnError as problem:
            missing.append(f"{problem}: run `winback migrate`.")
            continue
        if made is not None:
            tables.append(_labelled(made))
    empty = "" if tables or tiles or missing else section.empty
    return Filled(section.id, section.title, section.lead, tuple(tables), tuple(tiles), tuple(missing), empty)


def _labelled(table: Shown) -> Shown:
    from markupsafe import Markup

    if table.figure is None:
        return table
    svg = Markup(charts.named(table.figure.svg, table.figure.label))  # noqa: S704 - Vega and named() escape
    return replace(table, figure=replace(table.figure, svg=svg))


def definitions(
    sections: Sequence[Section], found: Mapping[Asked, ViewRows], docs: Mapping[str, ViewDoc]
) -> list[Definition]:
    """Of each view on the page, in the order of its first section, what it says of itself (`docs`, by name)."""
    views: dict[str, list[Asked]] = {}
    for asked in dict.fromkeys(asked for section in sections for asked in section.questions if asked in found):
        views.setdefault(asked.view, []).append(asked)
    return [
        _definition(docs.get(name, ViewDoc(name)), [found[asked] for asked in questions],
                    [section for section in sections if any(asked in questions for asked in section.questions)])
        for name, questions in views.items()
    ]  # fmt: skip


def _definition(doc: ViewDoc, answers: Sequence[ViewRows], sections: Sequence[Section]) -> Definition:
    told = {column.name: column for column in doc.columns}
    seen = dict.fromkeys(name for answer in answers for name in (answer.rows[0] if answer.rows else ()))
    names = dict.fromkeys((*told, *seen))
    columns = tuple(told.get(name, Column(name, (), "")) for name in names)
    sql = tuple(dict.fromkeys(answer.sql for answer in answers))
    return Definition(doc.name, doc.question, doc.grain, doc.notes, doc.source, sql, columns, tuple(sections))


def render(
    *, month: str, period: Period, data: Period | None, timezone: str, version: str,
    sections: Sequence[Filled], definitions: Sequence[Definition],
) -> str:  # fmt: skip
    """The page as HTML. `month` names it; `data` is from when to when there is any.

    `timezone` is whose days they are, `version` that of the package.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("deploy.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=False
    )
    style = files("deploy.report").joinpath("templates", "style.css").read_text(encoding="utf-8")
    context: dict[str, Any] = {
        "month": month,
        "first": _day(period.first),
        "last": _day(period.last),
        "data": data and {"first": _day(data.first), "last": _day(data.last)},
        "days": partial(_days, period),
        "unfinished": data is not None and period.first <= data.last < period.last,
        "timezone": timezone,
        "version": version,
        "style": Markup(style),  # noqa: S704 - a file of ours
        "sections": sections,
        "definitions": definitions,
    }
    return environment.get_template("page.html.j2").render(context)


def _day(day: Any) -> str:
    return f"{day:%-d %B %Y}"


def _days(period: Period, days: Period | None) -> str:
    """What a caption says of the days of its rows: nothing if they are those of the page."""
    if days == period:
        return ""
    if days is None:
        return "All days."
    return f"{_day(days.first)} to {_day(days.last)}."
