"""Names of events in ClickHouse: what producers call them, how often they came, from when to when."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from schemas.record import Record
from schemas.topics import STITCHED_EVENTS
from sinks.clickhouse.load import load
from tests.support import sink_rows as make

Rows = Callable[[str], list[tuple[Any, ...]]]
A, NOON, HOUR = make.hexed("A"), make.NOON, make.HOUR


def called(original: str, name: str, at: int, type_: str = "track") -> Record:
    """An event of the canonical `name` that its producer calls something else."""
    value = make.event_value(A, name, at)
    return make.record(STITCHED_EVENTS, {**value, "type": type_, "original_name": original}, A)


def test_names_are_counted(client: Any, rows: Rows) -> None:
    """One row a name and its producer's, the most frequent first; long names are cut; plain pages are none."""
    load(client, [
        make.event(A, "Order Completed", NOON), called("purchase", "Order Completed", NOON + HOUR),
        called("purchase", "Order Completed", NOON + 2 * HOUR), called("page_view", "Home", NOON, "page"),
        make.event(A, "x" * 500, NOON),
        make.record(STITCHED_EVENTS, {**make.event_value(A, "About us", NOON), "type": "page"}, A),
    ])  # fmt: skip
    assert rows("SELECT original_name, count() FROM events GROUP BY 1 ORDER BY 1") == [
        ("", 3), ("page_view", 1), ("purchase", 2),
    ]  # fmt: skip
    assert rows("SELECT name, original_name, events FROM v_event_names") == [
        ("Order Completed", "purchase", 2), ("Order Completed", "", 1), ("page", "page_view", 1), ("x" * 120, "", 1),
    ]  # fmt: skip
    first, last = rows("SELECT first_seen, last_seen FROM v_event_names")[0]
    assert (first.hour, last.hour) == (13, 14)
