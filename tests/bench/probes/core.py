"""The pure core in one process: `core.py CUSTOMERS DAYS SEED EVENTS`: microseconds of processor time an event.

Raw records in, decoding included, until the end of time; the garbage collector set as a stream worker sets it.
"""

from __future__ import annotations

import gc
import sys
import tempfile
import time
from collections import defaultdict
from hashlib import sha256
from importlib import import_module
from pathlib import Path

import orjson

from schemas.record import Record
from schemas.settings import Settings
from tests.bench.traffic import Traffic, shop_traffic


def records(traffic: Traffic) -> list[Record]:
    """The lines as the records they would be in Kafka."""
    offsets: dict[tuple[str, int], int] = defaultdict(int)
    found = []
    for line in traffic.lines:
        place = (line.topic, line.partition)
        found.append(Record(*place, offsets[place], line.timestamp, line.key, line.value))
        offsets[place] += 1
    return found


def topology(settings: Settings):
    """The pipeline without a broker; builds before `streams.testing` have it in `streams.replay`."""
    try:
        module = import_module("streams.testing")
    except ModuleNotFoundError:
        module = import_module("streams.replay")
    return module.Topology(settings)


def main() -> None:
    """Measure once."""
    customers, days, seed, events = map(int, sys.argv[1:])
    with tempfile.TemporaryDirectory() as folder:
        raw = records(shop_traffic(customers, days, seed, events, Path(folder)))
    made = topology(Settings(clock="event"))
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)
    began = time.process_time()
    made.feed(raw)
    made.finish()
    used = time.process_time() - began
    same = sha256(b"\n".join(record.value or b"" for record in raw)).hexdigest()
    sys.stdout.buffer.write(orjson.dumps({"us": used / len(raw) * 1e6, "events": len(raw), "input": same}))


if __name__ == "__main__":
    main()
