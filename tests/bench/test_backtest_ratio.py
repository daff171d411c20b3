"""`winback backtest` of two campaigns files beside `winback once` of the same lines, by the clock and by processors."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import orjson
import pytest

from deploy.shop import simulate

CUSTOMERS, DAYS = int(os.environ.get("WINBACK_BENCH_CUSTOMERS", "600")), 4
WANTED = float(os.environ.get("WINBACK_BENCH_BACKTEST_RATIO", "3"))
SHIPPED, EXAMPLES = Path("streams/campaigns/default.yaml"), Path("deploy/examples/campaigns/campaigns.yaml")


class Cost(NamedTuple):
    """Seconds by the clock, and of processors, of a command and all that it has begun."""

    clock: float
    processors: float

    def __str__(self) -> str:
        return f"{self.clock:.1f} s (processors {self.processors:.1f} s)"


def cost(campaigns: Path, *arguments: str) -> Cost:
    """What a command takes, from its start to its end, with a campaigns file in force."""
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [str(Path(sys.executable).with_name("winback")), *arguments]
    subprocess.run(command, check=True, capture_output=True, env=os.environ | {"WINBACK_CAMPAIGNS": str(campaigns)})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(time.monotonic() - began, used)


@pytest.fixture(scope="module")
def lines(tmp_path_factory) -> Path:
    """The lines of the simulated shop."""
    path: Path = tmp_path_factory.mktemp("lines") / "shop.jsonl"
    path.write_bytes(b"\n".join(map(orjson.dumps, simulate(CUSTOMERS, DAYS, 7))))
    return path


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("campaigns", [SHIPPED, EXAMPLES], ids=["shipped", "examples"])
def test_a_backtest_is_faster_than_the_pipeline(lines, tmp_path, campaigns):
    """A file and the same with another cap are played in at most a third of the time that `once` takes for one.

    By the clock on a machine that does nothing else; by processors on any.
    """
    shutil.copytree(campaigns.parent, tmp_path / "other")
    other = tmp_path / "other" / campaigns.name
    other.write_text(campaigns.read_text().replace("limit: 3, per: 7d", "limit: 2, per: 7d"))
    both = cost(campaigns, "backtest", "--campaigns", str(other), "--json", str(lines))
    once = cost(campaigns, "once", "--clock", "event", "--json", str(lines))
    count = lines.read_bytes().count(b"\n") + 1
    print(f"\n{count:,} events, {campaigns}: once {once}, backtest of two files {both}")
    print(f"ratio by the clock {once.clock / both.clock:.1f}, by processors {once.processors / both.processors:.1f}")
    assert max(once.clock / both.clock, once.processors / both.processors) >= WANTED
