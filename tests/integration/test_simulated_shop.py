"""Three days of a shop with 2,000 customers: the stack, the core and the oracle agree, whatever happens on the way."""

from __future__ import annotations

import subprocess
from importlib.resources import files

import pytest

from deploy.cli import config
from deploy.stack.replay_steps import records
from streams.testing import replay as core
from tests.oracle.compare import differences
from tests.oracle.run import run as oracle
from tests.support.stack import committed, same_files, wait_for, winback, write_shop

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """The shop's lines, and the folder of what the core alone makes of them."""
    place = tmp_path_factory.mktemp("shop")
    path = write_shop(place / "shop.jsonl", customers=2000, days=3, seed=7)
    ran = winback("replay", path, "--out", place / "wanted", "--json")
    assert ran.returncode == 0, ran.stderr
    return path, place / "wanted"


def test_the_core_agrees_with_the_oracle(shop, request):
    """Clusters, events, carts, decisions, messages and conversions: nothing missing, nothing too much."""
    if request.config.getoption("--broker") == "kafka":
        pytest.skip("no broker has a part in it")
    settings = config.load(clock="event")
    history = list(records([str(shop[0])], settings, lambda _: None))
    secret = settings.secret.get_secret_value()
    campaigns = files("streams.campaigns").joinpath("default.yaml").read_text()
    want = oracle(history, secret=secret, campaigns=campaigns)
    assert want.transitions
    assert want.messages
    assert differences(want, core(history, settings), secret=secret)[:5] == []


@pytest.mark.parametrize("workers", [1, 3])
def test_the_stack_agrees_with_the_core(once, shop, workers):
    """Every output file of the whole stack, byte for byte."""
    run = once(shop[0], "--clock", "event", "--workers", workers)
    run.report()
    same_files(shop[1], run.out)


def test_a_worker_killed_in_the_middle(once, shop):
    """The same with SIGKILL to a worker while half of the lines are on their way."""
    lines = shop[0].read_bytes().splitlines(keepends=True)
    run = once("-", "--clock", "event", stdin=subprocess.PIPE)
    feeder = run.feed(lines, per_second=20_000)
    address, group = run.address("Kafka"), run.address("group")
    wait_for(lambda: committed(address, group) > len(lines) // 4, "a quarter of the input", alive=run.process)
    first = run.kill("streams-1")
    feeder.finish()
    wait_for(lambda: run.pid("streams-1") != first, "another worker", alive=run.process)
    run.report()
    same_files(shop[1], run.out)
