"""What each view costs at size: `python -m tests.bench.bench_views [--events 10000000] [--repeat 3] [--only A,B]`.

In chDB, over a made-up shop (views_at_size/fill.py). Prints, for each view, seconds by the clock (the best of the
repeats) and the ratio to a bare `SELECT channel, count() FROM events GROUP BY channel`; and for each base view
(current_events, ...) a count over it. `--dir D` keeps the database there and takes it as it is the next time.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr

from schemas.settings import Settings
from sinks.clickhouse.client import connect
from sinks.clickhouse.export import view_reads
from sinks.clickhouse.migrate import BASES, migrate
from tests.bench.views_at_size.fill import fill

BARE: Final = "SELECT channel, count() FROM events GROUP BY channel"


def seconds(client: Any, sql: str, repeat: int) -> float:
    """The least time by the clock that a query takes, its answer thrown away."""
    least = float("inf")
    for _ in range(repeat):
        began = time.monotonic()
        client.raw_query(f"SELECT * FROM ({sql}) FORMAT Null")  # noqa: S608
        least = min(least, time.monotonic() - began)
    return least


def main() -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", default="", help="views, with a comma between them; all by default")
    parser.add_argument("--dir", type=Path, help="where the database is kept; a temporary folder by default")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = options.dir or Path(folder)
        settings = Settings(clickhouse=SecretStr(f"chdb://{place.absolute()}/data"), metrics="")
        with closing(connect(settings)) as client:
            migrate(client)
            if not client.command("SELECT count() FROM events"):
                fill(client, options.events, lambda said: print(said, flush=True))
            measure(client, options.repeat, set(options.only.split(",")) - {""})


def measure(client: Any, repeat: int, only: set[str]) -> None:
    """Print a line for the bare count, each base and each view."""
    bare = seconds(client, BARE, repeat)
    print(f"{'bare count() GROUP BY':24} {bare:7.3f} s", flush=True)
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
        print(f"{name:24} {took:7.3f} s {took / bare:8.1f} x", flush=True)


if __name__ == "__main__":
    main()
