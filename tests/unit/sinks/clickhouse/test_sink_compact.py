"""Months that nothing is written to any more become one part each."""

from __future__ import annotations

from typing import Any

from sinks.clickhouse.compact import Thresholds, compact
from sinks.clickhouse.load import load
from tests.support import sink_rows as make


def test_a_quiet_month_becomes_one_part(client: Any, rows: Any) -> None:
    """A month written in several parts, repeats among them, becomes one part, once; not while it is being written."""
    for at in range(3):
        load(
            client, [make.event("a", "Product Viewed", make.NOON, message_id="m"), make.event("a", "x", make.NOON + at)]
        )
    parts = "SELECT count(), sum(rows) FROM system.parts WHERE active AND database = 'winback' AND table = 'events'"
    assert list(compact(client, Thresholds(rows=1))) == []
    at_once = Thresholds(rows=1, quiet=0)
    assert "compacted" in list(compact(client, at_once))
    assert rows(parts) == [(1, 4)]
    assert "compacted" not in list(compact(client, at_once))
    assert rows("SELECT count() FROM current_events") == [(4,)]
