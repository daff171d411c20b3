"""Segments in ClickHouse, counted by hand: who comes and goes within a day, and within a moment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from sinks.clickhouse.load import load
from tests.support import sink_rows as make

Rows = Callable[[str], list[tuple[Any, ...]]]
A, B, C = (make.hexed(name) for name in "ABC")


def test_who_comes_and_goes_in_one_day_and_one_moment(client: Any, rows: Rows) -> None:
    """Three of them by hand: in and out in one millisecond, in and out and in again, in from the day before."""
    day = 24 * make.HOUR
    load(client, [
        make.membership(A, "s", "entered"), make.membership(A, "s", "left", nth=1),
        make.membership(B, "s", "entered", make.NOON + 1),
        make.membership(B, "s", "left", make.NOON + 2, reason="time"),
        make.membership(B, "s", "entered", make.NOON + 3), make.membership(C, "s", "entered", make.NOON - day),
        make.membership(C, "s", "left", make.NOON + day, reason="merge"), make.membership(C, "t", "entered"),
    ])  # fmt: skip
    assert rows("SELECT * FROM v_segments") == [
        ("s", date(2026, 11, 20), 1, 1, 0, 0, 0), ("s", date(2026, 11, 21), 2, 3, 2, 1, 0),
        ("s", date(2026, 11, 22), 1, 0, 1, 0, 1), ("t", date(2026, 11, 21), 1, 1, 0, 0, 0),
    ]  # fmt: skip
    assert set(rows("SELECT segment, profile_id FROM current_members")) == {("s", B), ("t", C)}


def test_no_segments_are_no_rows(client: Any, rows: Rows) -> None:
    """An empty table gives an empty answer."""
    assert client
    assert rows("SELECT * FROM v_segments") == []
    assert rows("SELECT * FROM current_members") == []
