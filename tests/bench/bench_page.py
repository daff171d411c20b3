"""What an open page takes from the sinks: their processor time with one open page, against none, in one run.

    python -m tests.bench.bench_page [--seconds 60] [--rounds 4] [--rate 150] [--idle]

Boots `winback up` and publishes the simulated shop, moved to now, at a steady rate. The run is cut into pieces,
by turns without a page and with one (a client that polls as the page's script does). Two numbers come of it:

- the bill: what the page has asked of the sinks while it was open, over the processor time that they used then. What a
  question and a look at their metrics cost is measured after the run, when the sinks do nothing else, over the same
  rows. Exit 1 when the bill is more than 3 %;
- the ratio of processor time a row written (--idle: a second, nothing being published) of the pieces with a page to
  those without one. Merges make pieces differ by several percent, so this is a check of the bill, no measurement.
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
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from pydantic import SecretStr

from deploy import ports
from deploy.page.clickhouse import ClickHouse
from deploy.page.gathering import SINKS_EVERY, SINKS_IDLE
from deploy.page.questions import QUESTIONS
from deploy.shop import simulate
from schemas.settings import Settings
from tests.integration.test_up import Up
from tests.support.shifting import to_now
from tests.support.stack import WINBACK, environment, write

LIMIT = 0.03
TICKS = os.sysconf("SC_CLK_TCK")
POLL = 2.0
SETTLE = 10.0
SCRAPES = 1_000
ASKED = 20


@dataclass
class Piece:
    """A piece of the run: seconds of the clock, seconds of the sinks' processor, rows that they wrote."""

    clock: float
    processor: float
    rows: float
    asked: Counter[str] = field(default_factory=Counter)
    """How often the page asked each question."""

    def __add__(self, other: Piece) -> Piece:
        return Piece(
            self.clock + other.clock, self.processor + other.processor, self.rows + other.rows, self.asked + other.asked
        )

    def cost(self, *, idle: bool) -> float:
        """Seconds of processor a row; idle, a second."""
        return self.processor / (self.clock if idle else self.rows)


class Viewer(threading.Thread):
    """An open page: asks for the state every POLL seconds, with the tag of the one it has."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self._url, self._over, self.answers = f"http://127.0.0.1:{port}/api/state", threading.Event(), 0
        self.questions: set[tuple[str, str]] = set()
        """Questions that were asked, by name and when."""

    def run(self) -> None:
        """Look until told to stop."""
        tag = ""
        while not self._over.wait(POLL):
            asked = urllib.request.Request(self._url, headers={"If-None-Match": tag} if tag else {})  # noqa: S310
            with suppress(urllib.error.HTTPError), urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310
                asked_of = json.loads(answer.read())["asked"]
                self.questions |= {(name, one["at"]) for name, one in asked_of.items()}
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
        since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - found.clock))
        found.asked = Counter(name for name, at in viewer.questions if at >= since)
        assert viewer.answers >= seconds / POLL - 2, "the page was not looked at"
    return found


def cost(up: Up, times: int, work: Callable[[], object]) -> float:
    """Seconds of the sinks' processor time that some work of somebody else takes, one of many times."""
    before = processor(up.pid("sinks"))
    for _ in range(times):
        work()
    return (processor(up.pid("sinks")) - before) / times


def costs(up: Up) -> dict[str, float]:
    """What each question, and a look at metrics (`scrape`), takes the sinks."""
    settings = Settings(clickhouse=SecretStr(up.settings["WINBACK_CLICKHOUSE"]))
    database = ClickHouse(settings)
    days = database.days()
    assert days is not None
    found = {question.name: cost(up, ASKED, partial(database.ask, question, days)) for question in QUESTIONS}
    database.close()
    return {**found, "scrape": cost(up, SCRAPES, partial(rows, up))}


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
            publishing.terminate()
            publishing.wait()
            time.sleep(SETTLE)
            each = costs(up)
        finally:
            if publishing is not None:
                publishing.terminate()
                publishing.wait()
            up.stop()
    ratio = sums[True].cost(idle=options.idle) / sums[False].cost(idle=options.idle)
    every = SINKS_IDLE if options.idle else SINKS_EVERY
    asked = {**sums[True].asked, "scrape": sums[True].clock / every}
    bill = sum(times * each[name] for name, times in asked.items())
    share = bill / (sums[True].processor - bill)
    for name, times in asked.items():
        print(f"{name}: {times:.0f} times {each[name] * 1000:.1f} ms")
    print(f"bill: {bill:.2f} s of {sums[True].processor:.2f} s: an open page adds {share:.2%}")
    print(f"pieces with a page against those without: {ratio - 1:+.1%}")
    sys.exit(share > LIMIT)


if __name__ == "__main__":
    main()
