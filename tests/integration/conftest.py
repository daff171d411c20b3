"""The same stack tests on the embedded broker and on Apache Kafka: `pytest tests/integration [--broker=kafka]`."""

from __future__ import annotations

import json
import subprocess

import pytest

from deploy.errors import UnavailableError
from tests.support.stack import Once, winback


def pytest_collection_modifyitems(config, items):
    """With `-n 2 --dist loadgroup` one process runs whole stacks, one after another, beside all other tests.

    Of these, the tests of parts of the stack and those of time and delivery keep to themselves as well.
    """
    groups = {"integration": "stack", "live": "live", "dispatch": "live", "collector": "stack"}
    if config.getoption("--broker", "embedded") == "embedded":
        groups["sinks"] = "live"
    for item in items:
        if "integration" in item.path.parts:
            item.add_marker(pytest.mark.xdist_group(groups.get(item.path.parent.name, "parts")))


def pytest_addoption(parser):
    """Which broker the stack runs on."""
    parser.addoption("--broker", choices=("embedded", "kafka"), default="embedded", help="broker of the stack tests")


@pytest.fixture
def kafka(request, tmp_path):
    """The address of an Apache Kafka of the test's own with --broker=kafka, else None: the stack brings its broker."""
    if request.config.getoption("--broker") == "embedded":
        yield None
        return
    from deploy.kafka.run import KafkaServer  # noqa: PLC0415 - only this choice needs a JDK

    try:
        server = KafkaServer(tmp_path / "kafka")
    except UnavailableError as problem:
        pytest.fail(str(problem))
    with server:
        yield server.address


@pytest.fixture
def once(tmp_path, kafka):
    """`once(*arguments, place=..., **settings)` starts `winback once`; what still runs at the end is killed."""
    started = []

    def start(*arguments, place="run", stdin=subprocess.DEVNULL, **settings):
        extra = ["--kafka", kafka] if kafka else []
        started.append(Once(tmp_path / place, [*arguments, *extra], stdin=stdin, **settings))
        return started[-1]

    yield start
    for run in started:
        if run.process.poll() is None:
            run.process.kill()
        run.process.wait()
        if run.process.stdout:
            run.process.stdout.close()


@pytest.fixture
def replay(tmp_path):
    """`replay(*files, **settings)` runs `winback replay`; returns its folder of output files and its report."""

    def run(*files, place="replay", **settings):
        out = tmp_path / place
        ran = winback("replay", *files, "--out", out, "--json", **settings)
        assert ran.returncode == 0, ran.stderr
        return out, json.loads(ran.stdout)

    return run
