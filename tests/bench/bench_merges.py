"""What merged history costs in ClickHouse: a count over events with and without it, and to keep it resolved.

    python tests/bench/bench_merges.py [--events 10000000] [--merges 1000000] [--repeat 3] [--dir D]

In chDB. Prints seconds of processor time (the best of the repeats, taken in turns), and the ratio to a count that
resolves nothing. A tenth of the merges are chains of two and three. Then what it takes to resolve all merges at the
first start, and those of one batch.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr

from schemas.settings import Settings
from sinks.clickhouse.client import connect
from sinks.clickhouse.migrate import migrate
from sinks.clickhouse.resolved import families

BLOCK: Final = 1_000_000
EVENTS: Final = """
INSERT INTO events (profile_id, event_time, message_id, channel, type, name, identifiers, head)
SELECT
    lower(hex(sipHash128(toUInt64(modulo(intHash64(number), %(profiles)s))))) AS profile,
    toDateTime64('2026-01-01 00:00:00', 3, 'UTC') + number * 1.5, toString(number),
    ['web', 'app', 'email'][modulo(number, 3) + 1], 'track', 'Product Viewed', [('anonymous_id', 'x')], profile
FROM numbers(%(first)s, %(count)s)
SETTINGS max_partitions_per_insert_block = 0
"""
MERGES: Final = """
INSERT INTO profile_merges (merged_profile_id, into_profile_id, reason, merged_at, version)
SELECT
    lower(hex(sipHash128(number))),
    lower(hex(sipHash128(if(modulo(number, 20) < 2, number + 1, toUInt64(%(merges)s) + number)))),
    'link', toDateTime64('2026-01-01 00:00:00', 3, 'UTC') + number * 10, number + 1
FROM numbers(%(merges)s)
SETTINGS max_partitions_per_insert_block = 0
"""
ONCE: Final = """
SELECT count(), uniqExact(current_id) FROM
(SELECT {} AS current_id, event_time, message_id FROM events FINAL LIMIT 1 BY current_id, event_time, message_id)
"""
UNRESOLVED: Final = "SELECT count(), uniqExact(profile_id) FROM events FINAL"
EACH_ONCE: Final = ONCE.format("profile_id")
BY_VIEW: Final = "SELECT count(), uniqExact(current_id) FROM current_events"
BATCH: Final = "SELECT DISTINCT merged_profile_id FROM profile_merges LIMIT 100"


def processor() -> float:
    """Seconds of processor time of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def fill(client: Any, events: int, merges: int) -> None:
    """Events of 0.3 times as many profiles, of which `merges` have merged."""
    for first in range(0, events, BLOCK):
        count = min(BLOCK, events - first)
        client.command(EVENTS, parameters={"profiles": events * 3 // 10, "first": first, "count": count})
    client.command(MERGES, parameters={"merges": merges})


def best(client: Any, queries: dict[str, str], repeat: int) -> dict[str, float]:
    """The least processor time of each query, in seconds; all that resolve must agree."""
    least = dict.fromkeys(queries, float("inf"))
    for _ in range(repeat):
        for name, sql in queries.items():
            began = processor()
            found = tuple(client.query(sql).result_rows[0])
            least[name] = min(least[name], processor() - began)
            print(f"  {name:12} {processor() - began:6.2f} s  {found}", flush=True)
    return least


def timed(what: str, work: Callable[[], object]) -> None:
    """Say how long something took."""
    wall, began = time.monotonic(), processor()
    work()
    print(f"{what}: {processor() - began:.1f} s of processor time, {time.monotonic() - wall:.1f} s", flush=True)


def measure(client: Any, events: int, merges: int, repeat: int) -> None:
    """Fill, resolve, and count."""
    migrate(client)
    timed("filled", lambda: fill(client, events, merges))
    timed(f"resolved {merges:,} merges", lambda: families.fill(client))
    some = [row[0] for row in client.query(BATCH).result_rows]
    timed("resolved 100 of them", lambda: families.refresh(client, some))
    least = best(client, {"unresolved": UNRESOLVED, "each once": EACH_ONCE, "resolved": BY_VIEW}, repeat)
    for name, seconds in least.items():
        print(f"{name:12} {seconds:6.2f} s  {seconds / least['unresolved']:5.2f} x unresolved")
    sql = "SELECT sum(data_compressed_bytes) FROM system.parts WHERE active AND table = 'resolved_profiles'"
    print(f"resolved_profiles, bytes on disk: {client.query(sql).result_rows[0][0]:,}")


def main() -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--merges", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--dir", type=Path, help="where to make the database; a temporary folder by default")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.dir) as folder:
        settings = Settings(clickhouse=SecretStr(f"chdb://{folder}/data"), metrics="")
        with closing(connect(settings)) as client:
            measure(client, options.events, options.merges, options.repeat)


if __name__ == "__main__":
    main()
