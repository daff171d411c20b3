"""A view on a terminal: its first rows in as many tables as its columns need, what a row is of in each of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final

from deploy import console
from deploy.report.cells import Kind, kinds
from sinks.clickhouse.view_docs import ViewDoc, view_docs

ROWS: Final = 12
"""Rows of a view that are shown; `winback report --json` has every one."""
CURRENCY: Final = "currency"
WIDEST: Final = 34
"""Columns of a cell; text that is longer goes on in the next line, from word to word."""
GAP: Final = 3
Row = Mapping[str, Any]


def view_tables(name: str, rows: Sequence[Row], left_out: int, width: int) -> Iterator[Any]:
    """The tables of a view, none wider than `width`: of its first `rows`; `left_out` are not among them.

    Money is in the currency with the most rows, which its heads name.
    """
    doc = _docs().get(name)
    title = f"{name}: {doc.question}" if doc else name
    if not rows:
        yield f"{title} no rows\n" if doc else f"{title}: no rows\n"
        return
    mine, currency = _of_one_currency(rows)
    shown, more = mine[:ROWS], len(rows) + left_out - min(ROWS, len(mine))
    told = [one for one in rows[0] if one != CURRENCY and any(row[one] not in (None, 0, "", []) for row in shown)]
    described = kinds(doc, {one: next((row[one] for row in shown if row[one] is not None), None) for one in told})
    keys = [one for one in told if doc and any(c.name == one and "key" in c.tests for c in doc.columns)] or told[:1]
    cells = {one: [_cell(row[one], described[one]) for row in shown] for one in told}
    for part in _parts(keys, [one for one in told if one not in keys], cells, described, currency, width):
        heads = [_head(described[one], currency) for one in part]
        lines = list(zip(*(cells[one] for one in part), strict=True))
        right = [at for at, one in enumerate(part) if described[one].numeric]
        yield console.table(title, heads, lines, right=right, widest=WIDEST)
        title = ""
    if more:
        yield f"{more:,} more {'row' if more == 1 else 'rows'}{_elsewhere(rows, mine)}: winback report --json\n"


@cache
def _docs() -> dict[str, ViewDoc]:
    return {doc.name: doc for doc in view_docs()}


def _of_one_currency(rows: Sequence[Row]) -> tuple[list[Row], str]:
    """The rows of the currency that most have, and those that have none; all of them where there is no money."""
    if CURRENCY not in rows[0]:
        return list(rows), ""
    counts = Counter(row[CURRENCY] for row in rows if row[CURRENCY])
    most = max(sorted(counts), key=lambda one: counts[one], default="")
    return [row for row in rows if row[CURRENCY] in ("", most)], most


def _elsewhere(rows: Sequence[Row], mine: Sequence[Row]) -> str:
    if len(rows) == len(mine):
        return ""
    others = sorted({row[CURRENCY] for row in rows} - {row[CURRENCY] for row in mine})
    return f", also in {', '.join(others)}"


def _head(kind: Kind, currency: str) -> str:
    """A column's head with its unit: %, or the currency of its money."""
    unit = (currency or "no currency") if kind.form == "money" else kind.unit
    return f"{kind.head} {unit}".strip()


def _cell(value: Any, kind: Kind) -> str:
    """The value without its unit, which the head has."""
    if value is None:
        return "-"
    if kind.form == "rate":
        return f"{100 * value:.1f}"
    if kind.form == "money":
        return f"{value:,.2f}"
    if isinstance(value, list):
        return " > ".join(map(str, value)) or "-"
    return console.text(value) or "-"


def _parts(
    keys: Sequence[str], rest: Sequence[str], cells: Mapping[str, Sequence[str]], described: Mapping[str, Kind],
    currency: str, width: int,
) -> Iterator[list[str]]:  # fmt: skip
    """The columns of each table: what a row is of, and as many others as fit beside it; the widest stand alone."""
    needs = {one: console.room(cells[one], _head(described[one], currency), WIDEST) + GAP for one in (*keys, *rest)}
    kept: list[str] = []
    room = width
    for one in keys:  # what a row is of gets at most three quarters of the width
        if not kept or needs[one] <= room - width // 4:
            kept.append(one)
            room -= needs[one]
    part, left = list(kept), room
    for one in (*keys, *rest):
        if one in kept:
            continue
        if needs[one] > left:
            if len(part) > len(kept):
                yield part
            part, left = (list(kept), room) if needs[one] <= room else ([], width)
        part.append(one)
        left -= needs[one]
    yield part
