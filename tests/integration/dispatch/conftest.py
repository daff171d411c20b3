"""A broker with the pipeline's topics, a mail server, and dispatcher processes that are killed at the end."""

from __future__ import annotations

import pytest

from tests.integration.sinks.conftest import address as address  # noqa: PLC0414 - a fixture of these tests too
from tests.support.dispatch import Dispatcher, Mailbox


@pytest.fixture
def dispatcher(address, tmp_path):
    """`dispatcher(*arguments, **settings)` starts a `winback dispatch`; what runs at the end is killed."""
    started = []

    def start(*arguments, **settings):
        log = tmp_path / f"dispatch-{len(started)}.log"
        started.append(Dispatcher(address, log, *arguments, **settings))
        return started[-1]

    yield start
    for one in started:
        one.kill()


@pytest.fixture
def servers_only(request):
    """For tests of what servers do, not brokers: they run on the embedded one alone."""
    if request.config.getoption("--broker") == "kafka":
        pytest.skip("has nothing to do with the broker")


@pytest.fixture
def mailbox():
    """`mailbox(**how)` starts a mail server."""
    started = []

    def start(**how):
        box = Mailbox(**how)
        box.start()
        started.append(box)
        return box

    yield start
    for box in started:
        box.stop()
