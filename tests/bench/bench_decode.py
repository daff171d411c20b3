"""What it costs to read one raw event: decode, validate, normalise and write the body, beside a bare orjson.loads.

    python tests/bench/bench_decode.py [--repeat 7] [--profile]

Prints microseconds of processor time an event, and the ratio to `orjson.loads` of the same bytes in the same run: the
best of the repeats, with all taken in turns, so that a busy machine slows each.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import orjson

from schemas.events import DeadLetter, Reader
from schemas.record import Record

SDK_EVENTS = sorted((Path(__file__).parents[1] / "data").glob("sdk-events*.jsonl"))
NOW = 1_795_285_979_333


def small_events(count: int = 2000, customers: int = 300, seed: int = 7) -> list[bytes]:
    """Track and page calls of 600 to 1,000 bytes as a browser SDK sends them, from a few hundred customers."""
    rng = random.Random(seed)
    people = [
        (f"u-{rng.randrange(10**9)}", str(rng.getrandbits(128)), f"Name.{n}@Example.com") for n in range(customers)
    ]
    return [_event(rng, *rng.choice(people)) for _ in range(count)]


def _event(rng: random.Random, user: str, anonymous: str, email: str) -> bytes:
    millisecond = NOW - rng.randrange(86_400_000)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(millisecond / 1000)) + f".{millisecond % 1000:03}Z"
    product = rng.randrange(1000)
    event = {
        "timestamp": stamp,
        "integrations": {},
        "event": rng.choice(["Product Viewed", "Product Added", "product  viewed", "Product Clicked"]),
        "type": "track",
        "properties": {
            "product_id": str(product), "sku": f"SKU-{product}", "name": "Monopoly: 3rd Edition", "price": 19.99,
            "quantity": 1, "currency": "EUR", "url": f"https://shop.example/p/{product}",
        },
        "context": {
            "page": {"path": f"/p/{product}", "referrer": "https://www.google.com/", "title": "Spring sale"},
            "userAgent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36",
            "locale": "en-US",
            "library": {"name": "analytics.js", "version": "npm:next-1.84.3"},
        },
        "messageId": f"ajs-next-{millisecond}-{rng.getrandbits(96):024x}",
        "anonymousId": anonymous,
        "userId": user if rng.random() < 0.5 else None,
        "sentAt": stamp,
    }  # fmt: skip
    if rng.random() < 0.1:
        event |= {"type": "identify", "traits": {"email": email}, "userId": user}
    return orjson.dumps(event)


def sdk_events() -> list[bytes]:
    """The values of the recorded SDK events up to 2 kB that are strict JSON."""
    lines = (line for path in SDK_EVENTS for line in path.read_text().splitlines())
    values = (json.dumps(json.loads(line)["value"]).encode() for line in lines)
    return [value for value in values if len(value) <= 2048 and b"NaN" not in value and b"\\ud800" not in value]


def best(functions: Sequence[Callable[[], object]], repeat: int, count: int) -> list[float]:
    """Microseconds of processor time an event of each function: the best of `repeat` runs of each, taken in turns."""
    seconds = [float("inf")] * len(functions)
    for _ in range(repeat):
        for number, function in enumerate(functions):
            start = time.process_time()
            function()
            seconds[number] = min(seconds[number], time.process_time() - start)
    return [second / count * 1e6 for second in seconds]


def measure(name: str, values: list[bytes], repeat: int) -> None:
    """Print one line of results for a set of events."""
    values = values * max(1, 20_000 // len(values))
    records = [Record("channels.web", 1, offset, NOW, None, value) for offset, value in enumerate(values)]
    reader = Reader()
    refused = sum(isinstance(reader.read(record), DeadLetter) for record in records)

    def bare() -> None:
        for value in values:
            orjson.loads(value)

    def copied() -> None:
        for value in values:
            orjson.dumps(orjson.loads(value))

    def read() -> None:
        for record in records:
            reader.read(record)

    loads, copy, full = best([bare, copied, read], repeat, len(values))
    size = sum(map(len, values)) / len(values)
    print(
        f"{name:6} {size:5.0f} bytes  loads {loads:5.2f} us  loads+dumps {copy:5.2f} us  "
        f"read {full:5.2f} us = {full / loads:4.2f} x loads, {full / copy:4.2f} x loads+dumps  "
        f"(ours {full - copy:4.2f} us; {refused / len(values):.1%} refused)"
    )


def main() -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--profile", action="store_true", help="print where the time goes as well")
    options = parser.parse_args()
    sets = {"small": small_events(), "SDK": sdk_events()}
    for name, values in sets.items():
        measure(name, values, options.repeat)
    if options.profile:
        reader, records = Reader(), [Record("channels.web", 1, n, NOW, None, v) for n, v in enumerate(sets["small"])]
        with cProfile.Profile() as profile:
            for record in records:
                reader.read(record)
        pstats.Stats(profile, stream=sys.stderr).sort_stats("tottime").print_stats(15)


if __name__ == "__main__":
    main()
