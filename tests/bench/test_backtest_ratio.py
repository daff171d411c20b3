"""`winback backtest` of two campaigns files beside `winback once` of the same lines, by the clock."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import orjson
import pytest

from deploy.shop import simulate

CUSTOMERS, DAYS = int(os.environ.get("WINBACK_BENCH_CUSTOMERS", "600")), 4
WANTED = float(os.environ.get("WINBACK_BENCH_BACKTEST_RATIO", "3"))
NEW, CURRENT = "deploy/examples/campaigns/campaigns.yaml", "streams/campaigns/default.yaml"


def seconds(*arguments: str) -> float:
    """How long a command takes, from its start to its end."""
    began = time.monotonic()
    subprocess.run([str(Path(sys.executable).with_name("winback")), *arguments], check=True, capture_output=True)
    return time.monotonic() - began


@pytest.mark.timeout(1800)
def test_a_backtest_is_faster_than_the_pipeline(tmp_path):
    """Two campaigns files are played in at most a third of the time that `once` takes for one of them."""
    lines = tmp_path / "shop.jsonl"
    lines.write_bytes(b"\n".join(map(orjson.dumps, simulate(CUSTOMERS, DAYS, 7))))
    count = lines.read_bytes().count(b"\n") + 1
    once = seconds("once", "--clock", "event", "--json", str(lines))
    both = seconds("backtest", "--campaigns", NEW, "--against", CURRENT, "--json", str(lines))
    print(f"\n{count:,} events: once {once:.1f} s, backtest of two files {both:.1f} s, ratio {once / both:.1f}")
    assert once / both >= WANTED
