"""identify by itself: `python -m tests.bench.bench_identify`: links a second, and memory for each linked identifier.

Links come as ingest sends them, and the watermark follows; every 20,000 keys make a unit, as the runtime does. Tried
with the state in memory and on RocksDB, in one process and on one core. What the graph takes is measured in a process
that has just loaded it from RocksDB.
"""

from __future__ import annotations

import gc
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import process_time

import orjson

from schemas.identifiers import Hasher
from schemas.record import Out, Record
from schemas.topics import CHANNEL_TOPICS, IDENTITY_LINKS
from streams.core.identify import Identify
from streams.core.protocol.link_log import Ack, Hashed, Link, LinkLogRecord, Links, Report
from streams.core.protocol.records import links_out
from streams.runtime.state.rocks import RocksBase
from streams.runtime.state.store import Base, MemoryBase, PartitionStore, Position
from streams.runtime.tasks.partition import SLICE, UNIT_KEYS

CUSTOMERS = 30_000
A_BATCH = 500
START = 1_760_000_000_000


class Nowhere:
    """An `Emit` that counts."""

    def __init__(self) -> None:
        self.sent = 0

    def send(self, out: Out) -> None:
        """Count a record."""
        self.sent += 1

    after = send


def links(hasher: Hasher) -> Iterator[tuple[Hashed, ...]]:
    """The identifiers of each customer's events: a browser, then a log-in with an e-mail, now and then a phone."""
    rng = random.Random(7)
    for n in range(CUSTOMERS):
        anonymous, user, email = (
            (type_, hasher(type_, f"{type_}{n}")) for type_ in ("anonymous_id", "user_id", "email")
        )
        yield email, anonymous
        yield user, email, anonymous
        if rng.random() < 0.3:
            yield user, ("phone", hasher("phone", f"+49{n}"))


def batches(of: list[tuple[Hashed, ...]], first: int, time: int) -> list[Record]:
    """Records of `identity.links`: batches of links a millisecond apart, each followed by a report that passes it."""
    records: list[Record] = []

    def add(notice: LinkLogRecord) -> None:
        records.append(Record(IDENTITY_LINKS, 0, first + len(records), time, None, links_out(notice).value))

    for start in range(0, len(of), A_BATCH):
        part = tuple(Link(time + start + i, start + i, link) for i, link in enumerate(of[start : start + A_BATCH]))
        add(Links("channels.web", 0, part))
        add(Report(tuple((topic, 0, time + start + A_BATCH, start) for topic in CHANNEL_TOPICS), 10**9))
        for number in range(1, 3):
            add(Ack(0, 2 * (first + start) // A_BATCH + number))
    return records


class Writer:
    """identify on a base, committing as the runtime does."""

    def __init__(self, base: Base) -> None:
        self.store = PartitionStore(base)
        self.task = Identify(self.store, Nowhere(), partitions=1)
        self.task.load()

    def consume(self, records: list[Record]) -> float:
        """CPU seconds that these records take."""
        began = process_time()
        for start in range(0, len(records), SLICE):
            part = records[start : start + SLICE]
            while part:
                part = part[self.task.process(part) :]
            if len(self.store) >= UNIT_KEYS or start + SLICE >= len(records):
                self.task.flush()
                self.store.settle(Position(0, 0, 0, 0))
        return process_time() - began


def resident() -> int:
    """Bytes of memory this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def measure(name: str, base: Base) -> dict[str, float | str]:
    """New links, repeated ones, and such as take turns, a second of CPU time."""
    of = list(links(Hasher("bench")))
    writer = Writer(base)
    # Most links repeat the one before (a log-in, then its session); the worst take turns on one device.
    session = [link for link in of if link[0][0] == "user_id" and len(link) > 2] * 4
    fresh = batches(of, 0, START)
    again, turns = batches(session, 10**6, START + 10**8), batches(of, 2 * 10**6, START + 10**9)
    new = writer.consume(fresh)
    del fresh
    repeated = writer.consume(again)
    assert writer.task.counts["winback_links_total", "repeated"] >= len(session)
    taking_turns = writer.consume(turns)
    identifiers = len(writer.task.graph.owner)
    return {
        "store": name,
        "new_links_per_second": round(len(of) / new),
        "repeated_links_per_second": round(len(session) / repeated),
        "links_taking_turns_per_second": round(len(of) / taking_turns),
        "linked_identifiers": identifiers,
    }


def loaded(directory: Path) -> dict[str, float | str]:
    """How long a restart takes, and what the graph takes then."""
    store = PartitionStore(RocksBase(directory))
    gc.collect()
    before, began = resident(), process_time()
    task = Identify(store, Nowhere(), partitions=1)
    task.load()
    seconds = process_time() - began
    gc.collect()
    identifiers = len(task.graph.owner)
    grown = (resident() - before) / identifiers
    return {"loaded": identifiers, "seconds": round(seconds, 2), "bytes_per_identifier": round(grown)}


def main() -> None:
    """Print what was measured, one line of JSON for each."""
    if len(sys.argv) > 1:
        tell(loaded(Path(sys.argv[1])))
        return
    gc.set_threshold(500_000, 20, 100)  # as streams/worker.py does
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory) / "state"
        for name, base in (("memory", MemoryBase()), ("rocksdb", RocksBase(place))):
            tell(measure(name, base))
            if isinstance(base, RocksBase):
                base._db.flush()
            base.close()
        subprocess.run((sys.executable, "-m", "tests.bench.bench_identify", str(place)), check=True)


def tell(measured: dict[str, float | str]) -> None:
    """Print a line."""
    sys.stdout.buffer.write(orjson.dumps(measured) + b"\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
