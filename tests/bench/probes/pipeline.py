"""The whole pipeline: `pipeline.py CUSTOMERS DAYS SEED EVENTS PLAIN`: its rate, and processor time by process.

PLAIN events of the same go through the plain Faust job as well, before it; 0: none.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

import orjson

from tests.bench.pipeline import ours, plain
from tests.bench.traffic import shop_traffic


def main() -> None:
    """Measure once."""
    customers, days, seed, events, few = map(int, sys.argv[1:])
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        traffic = shop_traffic(customers, days, seed, events, folder)
        told = {"input": sha256(b"\n".join(line.value for line in traffic.lines)).hexdigest()}
        for name, run, part in (("plain", plain, traffic[:few]), ("ours", ours, traffic)):
            if len(part):
                (folder / name).mkdir()
                measured = asyncio.run(run(part, folder / name))
                told[name] = {"rate": measured.rate, "us": dict(measured.cpu_each)}
    sys.stdout.buffer.write(orjson.dumps(told))


if __name__ == "__main__":
    main()
