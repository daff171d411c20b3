"""Rows as the sinks write them, for a shop of so many events: made by ClickHouse from numbers, the same each time.

A shop of N events over 90 days has N/20 customers, of whom a twentieth had another profile before; N/50 orders, N/40
messages, N/25 decisions, N/20 carts, and N/10 who enter a segment. Numbers are spread by hashes, so that each column
has about as many values as a real one. One SQL file a table, each for `count` rows of `total`, from the number `first`
on.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from sinks.clickhouse.resolved import families

BLOCK: Final = 1_000_000
MONTHS: Final = {"max_partitions_per_insert_block": 0}
EVERY: Final = {
    "events": 1, "profile_merges": 20, "identifiers": 20, "conversions": 50, "messages": 40, "decisions": 25,
    "cart_transitions": 20, "segment_members": 10,
}  # fmt: skip
"""Of how many events there is one row (of carts: one cart)."""


OF_EVENTS: Final = ("activity", "landings", "feedback", "coupons")
"""Tables that events fill."""


def fill(client: Any, events: int, say: Callable[[str], None]) -> None:
    """Fill the tables of a migrated, empty database with what comes of so many events; each month becomes one part."""
    for table, every in EVERY.items():
        total = events // every
        sql = (Path(__file__).parent / f"{table}.sql").read_text()
        for first in range(0, total, BLOCK):
            given = {"first": first, "count": min(BLOCK, total - first), "total": total, "customers": events // 20 or 1}
            client.command(sql, parameters=given, settings=MONTHS)
        say(f"{table}: {total:,}")
        client.command(f"OPTIMIZE TABLE {table} FINAL")
        if table == "profile_merges":
            families.fill(client)
    for table in OF_EVENTS:
        client.command(f"OPTIMIZE TABLE {table} FINAL")
