"""Merged history made cheap to read: merges are settled, and old events squashed, while views go on giving the same.

A row keeps the profile it was written with. Whose it is today is looked up in three places, and each statement here
keeps the answer as it is, so that it does not matter which of them have been done:

- `settled_profiles` holds where old merges lead, in memory. It is filled first; a merge counts as settled
  (`profile_merges.settled`) only when it and the one it leads to are in there as one.
- merges that are not settled are followed one by one (view `recent_profiles`); there are few.
- `events.squashed_id` holds what a look-up in `settled_profiles` gave, where `squashed` says that there was one. Before
  a merge is settled, events squashed to the profile it ends are squashed anew.

Besides, a month of a table that nothing has been written to for an hour becomes one part: there `FINAL`, which every
view needs, costs nothing, as ClickHouse has nothing left to compare.

One process at a time does this: the one that reads the single partition of identity.assignments.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from schemas.settings import Settings
from sinks.clickhouse import metrics

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

AT_ONCE: Final = {"mutations_sync": 1}
OPEN: Final = "settled = 0 AND refused = '' AND occurrence = 0"
LOST: Final = "settled = 1 AND refused = '' AND occurrence = 0 AND {known_merged} = ''"
OUTDATED: Final = "squashed = 1 AND {known_squashed} != ''"
SETTLING: Final = """
CREATE TABLE settling ENGINE = MergeTree ORDER BY profile_id AS
SELECT profile_id, current_id FROM recent_profiles
UNION ALL
SELECT known.profile_id AS profile_id, later.current_id AS current_id
FROM settled_profiles AS known
INNER JOIN recent_profiles AS later ON later.profile_id = known.current_id
"""
MONTH: Final = """
SELECT _partition_id AS month FROM events WHERE squashed = 0
GROUP BY month HAVING count() >= %(events)s ORDER BY count() DESC, month LIMIT 1
"""
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
    """What is worth the work.

    Merges that are not settled; events of one month that are not squashed; rows of one month of a table in several
    parts, and for how many seconds nothing may have been written there.
    """

    merges: int = 10_000
    events: int = 1_000_000
    rows: int = 100_000
    quiet: int = 3_600

    @classmethod
    def of(cls, settings: Settings) -> Thresholds:
        """As the settings have them."""
        return cls(settings.squash_merges, settings.squash_events)


def squash(client: Client, thresholds: Thresholds) -> Iterator[str]:
    """Do one statement after the other, as far as there is something to do; yields what each has done.

    Where it is left off, or ClickHouse fails, the next call goes on. Raises what the client raises.
    """
    known = {name: _known(client, column) for name, column in COLUMNS.items()}
    if _count(client, "profile_merges", lost := LOST.format(**known)):
        # The table in memory was lost on disk: its merges are followed one by one until they are settled again.
        yield _mutate(client, f"profile_merges UPDATE settled = 0 WHERE {lost}", "reopened")
    merges = _count(client, "profile_merges", OPEN)
    metrics.OPEN_MERGES.set(merges)
    if merges >= thresholds.merges:
        yield from _settle(client, known)
    found = client.query(MONTH, parameters={"events": thresholds.events}).result_rows
    if found:
        change = f"squashed = 1, squashed_id = {known['known_profile']} IN PARTITION ID '{found[0][0]}'"
        yield _mutate(client, f"events UPDATE {change} WHERE squashed = 0", "squashed")
    limits = {"rows": thresholds.rows, "quiet": thresholds.quiet}
    for table, month in client.query(SCATTERED, parameters=limits).result_rows:
        client.command(f"OPTIMIZE TABLE {table} PARTITION ID '{month}' FINAL")
        yield "compacted"


COLUMNS: Final = {
    "known_merged": "merged_profile_id", "known_into": "into_profile_id", "known_profile": "profile_id",
    "known_squashed": "if(squashed_id = '', profile_id, squashed_id)",
}  # fmt: skip


def _settle(client: Client, known: dict[str, str]) -> Iterator[str]:
    client.command("DROP TABLE IF EXISTS settling")
    client.command(SETTLING)
    yield "prepared"
    client.command("INSERT INTO settled_profiles SELECT profile_id, current_id FROM settling")
    yield "settled"
    if _count(client, "events", outdated := OUTDATED.format(**known)):
        yield _mutate(client, f"events UPDATE squashed_id = {known['known_squashed']} WHERE {outdated}", "followed")
    reached = f"if({known['known_into']} = '', into_profile_id, {known['known_into']})"
    where = f"{OPEN} AND {known['known_merged']} != '' AND {known['known_merged']} = {reached}"
    yield _mutate(client, f"profile_merges UPDATE settled = 1 WHERE {where}", "closed")
    client.command("DROP TABLE IF EXISTS settling")
    metrics.OPEN_MERGES.set(_count(client, "profile_merges", OPEN))


def _known(client: Client, column: str) -> str:
    """Where a column's profile leads by settled merges, as SQL; empty if nowhere."""
    return f"joinGet('{client.database}.settled_profiles', 'current_id', {column})"


def _count(client: Client, table: str, where: str) -> int:
    return int(client.query(f"SELECT count() FROM {table} WHERE {where}").result_rows[0][0])  # noqa: S608


def _mutate(client: Client, change: str, done: str) -> str:
    client.command(f"ALTER TABLE {change}", settings=AT_ONCE)
    return done
