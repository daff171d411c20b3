"""What each view costs at size: `python -m tests.bench.bench_views [--events 10000000] [--repeat 3] [--only A,B]`.

In chDB, over a made-up shop (views_at_size/fill.py). Prints, for each view, seconds by the clock (the best of the
repeats), seconds of processor time and the ratio to a bare `SELECT channel, count() FROM events GROUP BY channel`; and
for each base view (current_events, ...) a count over it. `--dir D` keeps the database there and takes it as it is the
next time. `--raw` asks the questions of the dearest views of raw events too (views_at_size/raw.py), compares the
answers, and prints what part of the raw one's processor time the view takes.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic import SecretStr

from schemas.settings import Settings
from sinks.clickhouse.client import connect
from sinks.clickhouse.export import EVER, over, view_reads
from sinks.clickhouse.migrate import BASES, migrate
from tests.bench.views_at_size import raw
from tests.bench.views_at_size.fill import fill

BARE: Final = "SELECT channel, count() FROM events GROUP BY channel"


class Took(NamedTuple):
    """Seconds by the clock, and of processor time."""

    clock: float
    processor: float


def seconds(client: Any, sql: str, repeat: int) -> Took:
    """The least that a query takes, its answer thrown away."""
    tries = []
    for _ in range(repeat):
        began, used = time.monotonic(), time.process_time()
        client.raw_query(f"SELECT * FROM ({sql}) FORMAT Null")  # noqa: S608
        tries.append(Took(time.monotonic() - began, time.process_time() - used))
    return Took(min(one.clock for one in tries), min(one.processor for one in tries))


def main() -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", default="", help="views, with a comma between them; all by default")
    parser.add_argument("--dir", type=Path, help="where the database is kept; a temporary folder by default")
    parser.add_argument("--raw", action="store_true", help="ask raw events the same, and compare")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = options.dir or Path(folder)
        settings = Settings(clickhouse=SecretStr(f"chdb://{place.absolute()}/data"), metrics="")
        with closing(connect(settings)) as client:
            migrate(client)
            if not client.command("SELECT count() FROM events"):
                fill(client, options.events, lambda said: print(said, flush=True))
            only = set(options.only.split(",")) - {""}
            if options.raw:
                compare(client, settings, options.repeat, only)
            else:
                measure(client, options.repeat, only)


def measure(client: Any, repeat: int, only: set[str]) -> None:
    """Print a line for the bare count, each base and each view."""
    bare = seconds(client, BARE, repeat)
    print(f"{'bare count() GROUP BY':24} {bare.clock:7.3f} s {bare.processor:7.3f} s of processor", flush=True)
    bases = {name.removesuffix(".sql"): f"SELECT count() FROM {name.removesuffix('.sql')}" for name in BASES}  # noqa: S608
    views = {name: f"SELECT * FROM {read}" for name, read in view_reads(client).items()}  # noqa: S608
    for name, sql in (bases | views).items():
        if only and name not in only:
            continue
        try:
            took = seconds(client, sql, repeat)
        except Exception as error:  # noqa: BLE001 - one view that fails is told, and the others measured
            print(f"{name:24} failed: {str(error)[:300]}", flush=True)
            continue
        ratio = took.clock / bare.clock
        print(f"{name:24} {took.clock:7.3f} s {took.processor:7.3f} s of processor {ratio:8.1f} x", flush=True)


def compare(client: Any, settings: Settings, repeat: int, only: set[str]) -> None:
    """Print, for each view that has a peer over raw events, what part of its time it takes. Exits if they differ."""
    raw.fill(client)
    for view, (asked, peer) in raw.peers(settings.timezone).items():
        if only and view not in only:
            continue
        if [*map(tuple, client.query(asked).result_rows)] != [*map(tuple, client.query(peer).result_rows)]:
            raise SystemExit(f"{view} and raw events give different rows")
        mine = seconds(client, f"SELECT * FROM {over(view, *EVER.values())}", repeat)  # noqa: S608
        its = seconds(client, peer, repeat)
        part = mine.processor / its.processor
        print(
            f"{view:24} {mine.processor:7.3f} s, raw events {its.processor:7.3f} s of processor: {part:.2f}", flush=True
        )


if __name__ == "__main__":
    main()
