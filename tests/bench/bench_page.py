"""What an open page takes from the sinks: their processor time with one open page, against none, in one run.

    python -m tests.bench.bench_page [--seconds 60] [--rounds 4] [--rate 150] [--idle]

Boots `winback up` and publishes the simulated shop, moved to now, at a steady rate. The run is cut into pieces,
by turns without a page and with one (a client that polls as the page's script does). What is compared is the sinks'
processor time a row that they wrote, so that a piece with more rows is no dearer. With --idle nothing is published, and
the time a second is compared. Prints the pieces and the ratio of their sums; exit 1 when a page adds more than 3 %.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from deploy import ports
from deploy.shop import simulate
from tests.integration.test_up import Up
from tests.support.shifting import to_now
from tests.support.stack import WINBACK, environment, write

LIMIT = 0.03
TICKS = os.sysconf("SC_CLK_TCK")
POLL = 2.0
SETTLE = 10.0


@dataclass
class Piece:
    """A piece of the run: seconds of the clock, seconds of the sinks' processor, rows that they wrote."""

    clock: float
    processor: float
    rows: float

    def __add__(self, other: Piece) -> Piece:
        return Piece(self.clock + other.clock, self.processor + other.processor, self.rows + other.rows)

    def cost(self, *, idle: bool) -> float:
        """Seconds of processor a row; idle, a second."""
        return self.processor / (self.clock if idle else self.rows)


class Viewer(threading.Thread):
    """An open page: asks for the state every POLL seconds, with the tag of the one it has."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self._url, self._over, self.answers = f"http://127.0.0.1:{port}/api/state", threading.Event(), 0

    def run(self) -> None:
        """Look until told to stop."""
        tag = ""
        while not self._over.wait(POLL):
            asked = urllib.request.Request(self._url, headers={"If-None-Match": tag} if tag else {})  # noqa: S310
            with suppress(urllib.error.HTTPError), urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310
                answer.read()
                tag = answer.headers["ETag"]
            self.answers += 1

    def stop(self) -> None:
        """Close the page."""
        self._over.set()
        self.join()


def processor(pid: int) -> float:
    """Seconds of processor time of a process so far, ended threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def rows(up: Up) -> float:
    """Rows that the sinks have written."""
    with urllib.request.urlopen(f"http://127.0.0.1:{up.metrics + 1}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("winback_sink_rows_total{"))


def piece(up: Up, seconds: float, page: int | None) -> Piece:
    """One piece, with an open page on a port or none."""
    viewer = Viewer(page) if page else None
    began, before, had = time.monotonic(), processor(up.pid("sinks")), rows(up)
    if viewer:
        viewer.start()
    time.sleep(seconds)
    used = processor(up.pid("sinks")) - before
    found = Piece(time.monotonic() - began, used, rows(up) - had)
    if viewer:
        viewer.stop()
        assert viewer.answers >= seconds / POLL - 2, "the page was not looked at"
    return found


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="of one piece")
    parser.add_argument("--rounds", type=int, default=4, help="pieces of each kind")
    parser.add_argument("--rate", type=int, default=150, help="events a second")
    parser.add_argument("--idle", action="store_true", help="publish a day before, and nothing meanwhile")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="winback-page-") as place:
        [page] = ports.free(1)
        up = Up(Path(place) / "stack", WINBACK_PAGE=f"127.0.0.1:{page}")
        publishing = None
        try:
            wanted = 2_000 if options.idle else options.rate * (2 * options.rounds * options.seconds + 3 * SETTLE)
            lines = write(Path(place) / "lines.jsonl", to_now(simulate(int(wanted / 6), 1, 7, None), 0))
            rate = () if options.idle else ("--rate", str(options.rate))
            publishing = subprocess.Popen(
                [*WINBACK, "publish", str(lines), *rate], env=environment(**up.settings), stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )  # fmt: skip
            if options.idle:
                publishing.wait()
            time.sleep(SETTLE * (6 if options.idle else 1))
            sums = {False: Piece(0, 0, 0), True: Piece(0, 0, 0)}
            for nth in range(2 * options.rounds):
                looked = nth % 4 in (1, 2)  # by turns, so that what grows over the run is in both alike
                found = piece(up, options.seconds, page if looked else None)
                sums[looked] += found
                print(f"{'a page' if looked else 'none  '} {json.dumps(vars(found))}", flush=True)
            assert options.idle or publishing.poll() is None, "the shop had closed before the last piece"
        finally:
            if publishing is not None:
                publishing.terminate()
                publishing.wait()
            up.stop()
    ratio = sums[True].cost(idle=options.idle) / sums[False].cost(idle=options.idle)
    print(f"an open page adds {ratio - 1:+.1%} to the sinks' processor time")
    sys.exit(ratio - 1 > LIMIT)


if __name__ == "__main__":
    main()
