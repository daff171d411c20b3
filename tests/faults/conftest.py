"""Faults are made on Apache Kafka: each test has a broker of its own, which it may kill, pause and slow down."""

from __future__ import annotations

import subprocess
import time

import pytest

from deploy.kafka.run import KafkaServer
from deploy.shop import simulate
from tests.support.stack import Once, same_files, winback, write

LINES_PER_SECOND = 1_000


@pytest.fixture(scope="session")
def traffic(tmp_path_factory):
    """A day of a shop: its file, its lines, and the folder of what they must come to.

    Its records are of today, whatever their events' time: Kafka forgets, when it restarts, the sequence numbers of a
    producer whose last record is older than a day, and a batch that is sent again would then be there twice.
    """
    place = tmp_path_factory.mktemp("traffic")
    lines = list(simulate(1500, 1, 5, None))
    shift = int(time.time() * 1000) - max(line["timestamp"] for line in lines)
    path = write(place / "shop.jsonl", ({**line, "timestamp": line["timestamp"] + shift} for line in lines))
    ran = winback("replay", path, "--out", place / "wanted", "--json")
    assert ran.returncode == 0, ran.stderr
    return path, path.read_bytes().splitlines(keepends=True), place / "wanted"


@pytest.fixture
def broker(tmp_path):
    """An Apache Kafka that may be hurt."""
    with KafkaServer(tmp_path / "kafka") as server:
        yield server


class Run:
    """`winback once` on that broker, fed at a steady rate while things go wrong."""

    def __init__(self, place, kafka, lines, wanted, workers):
        self.once = Once(
            place, ["-", "--clock", "event", "--workers", workers, "--kafka", kafka.address], stdin=subprocess.PIPE
        )
        self.wanted, self.lines = wanted, lines
        self.once.address("Kafka")
        self.feeder = self.once.feed(lines, per_second=LINES_PER_SECOND)

    def ends_well(self):
        """The rest of the input flows in; then every output file must be what the core alone makes of it."""
        self.feeder.finish()
        report = self.once.report()
        same_files(self.wanted, self.once.out)
        return report


@pytest.fixture
def run(tmp_path, broker, traffic):
    """`run(workers)` starts the stack and begins to feed it."""
    started = []

    def start(workers=1):
        started.append(Run(tmp_path / "run", broker, traffic[1], traffic[2], workers))
        return started[-1]

    yield start
    for one in started:
        if one.once.process.poll() is None:
            one.once.process.kill()
        one.once.process.wait()
        one.once.process.stdout.close()
