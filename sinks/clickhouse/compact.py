"""A month of a table that nothing has been written to for an hour becomes one part.

There `FINAL`, which every view needs, costs nothing, as ClickHouse has nothing left to compare. One process at a time
does this: the one that reads the single partition of identity.assignments.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

SCATTERED: Final = """
SELECT table, partition_id FROM system.parts
WHERE database = currentDatabase() AND active AND engine LIKE 'Replacing%%'
GROUP BY table, partition_id
HAVING (count() > 1 OR max(level) = 0) AND max(modification_time) <= now() - %(quiet)s AND sum(rows) >= %(rows)s
ORDER BY sum(rows) DESC, table, partition_id
"""
"""Months of several parts, or of one that has not been merged. A part's level is 0 as it was written."""


@dataclass(frozen=True)
class Thresholds:
    """What is worth the work: rows of a month of a table, and for how many seconds nothing was written there."""

    rows: int = 100_000
    quiet: int = 3_600


def compact(client: Client, thresholds: Thresholds = Thresholds()) -> Iterator[str]:
    """Make one part of one month after the other, as far as there is something to do; yields "compacted" for each.

    Where it is left off, or ClickHouse fails, the next call goes on. Raises what the client raises.
    """
    limits = {"rows": thresholds.rows, "quiet": thresholds.quiet}
    for table, month in client.query(SCATTERED, parameters=limits).result_rows:
        client.command(f"OPTIMIZE TABLE {table} PARTITION ID '{month}' FINAL")
        yield "compacted"
