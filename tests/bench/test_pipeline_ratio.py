"""The whole pipeline beside the same job in plain Faust, in one run."""

from __future__ import annotations

import asyncio
import os

import pytest

from tests.bench.meters import Run
from tests.bench.pipeline import ours, plain
from tests.bench.traffic import shop_traffic

OURS, PLAIN = 40_000, 4_000
WANTED = float(os.environ.get("WINBACK_BENCH_RATIO", "10"))


def shown(name: str, run: Run) -> str:
    """One line of the table."""
    parts = ", ".join(f"{part} {each:.0f}" for part, each in run.cpu_each.items())
    return f"{name:<12}{run.rate:>9,.0f} events/s{processors(run):>9,.0f} us of processors an event ({parts})"


def processors(run: Run) -> float:
    """Microseconds of all processors an event."""
    return sum(run.cpu_each.values())


@pytest.mark.timeout(900)
def test_the_pipeline_beats_the_plain_job(tmp_path):
    """From the first record published to the last row in ClickHouse: at least so many times the plain job's rate."""
    traffic = shop_traffic(3_000, 3, 7, OURS, tmp_path)
    for name in ("plain", "ours"):
        (tmp_path / name).mkdir()
    slow = asyncio.run(plain(traffic[:PLAIN], tmp_path / "plain"))
    fast = asyncio.run(ours(traffic, tmp_path / "ours"))
    ratio = fast.rate / slow.rate
    print()
    print(f"{len(traffic):,} events of {traffic.size:.0f} bytes, one worker; the plain job got {PLAIN:,} of them")
    print(shown("winback", fast))
    print(shown("plain Faust", slow))
    print(
        f"ratio {ratio:.1f} by the clock, {sum(slow.cpu_each.values()) / sum(fast.cpu_each.values()):.1f} by processors"
    )
    assert ratio >= WANTED
