"""The report as tables: whatever sections it has, a section of rows or of name and number each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from deploy.local import console

ROWS: int = 12
"""Rows of a section that are shown; the rest is in ClickHouse and in the files."""


def render(report: Mapping[str, Any]) -> Iterator[Any]:
    """Rich tables for a report, in its own order."""
    plain = {name: value for name, value in report.items() if not isinstance(value, Mapping | list)}
    if plain:
        yield console.table("Totals", ("what", "number"), plain.items())
    for name, section in report.items():
        if isinstance(section, Mapping):
            yield from _mapping(name, section)
        elif isinstance(section, list):
            yield _rows(name, section)


def _mapping(name: str, section: Mapping[str, Any]) -> Iterator[Any]:
    flat = {key: value for key, value in section.items() if not isinstance(value, Mapping | list)}
    if flat or not section:
        yield console.table(_title(name), ("what", "number"), flat.items())
    for key, value in section.items():
        if isinstance(value, Mapping):
            yield from _mapping(f"{name}: {key}", value)
        elif isinstance(value, list):
            yield _rows(f"{name}: {key}", value)


def _rows(name: str, rows: list[Any]) -> Any:
    if not rows:
        return console.table(_title(name), ("none",), [])
    if not isinstance(rows[0], Mapping):
        return console.table(_title(name), ("value",), [(row,) for row in rows[:ROWS]])
    columns = list(rows[0])
    title = _title(name) + (f" (first {ROWS} of {len(rows)})" if len(rows) > ROWS else "")
    return console.table(title, columns, [[row.get(column) for column in columns] for row in rows[:ROWS]])


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize() if not name.startswith("v_") else name
