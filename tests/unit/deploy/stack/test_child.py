"""A step in a fork of this process is heard, and fails, as one in a process of its own."""

from __future__ import annotations

import os
import signal

import pytest

from deploy.errors import BadInputError
from deploy.stack import child
from schemas.settings import Settings


def _says(stage: str, count: str) -> None:
    child.say(f"{stage} {Settings().partitions}", int(count))


def _refuses(what: str) -> None:
    raise BadInputError(f"{what}: cannot be read")


def _dies() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_it_says_how_far_it_is_by_its_settings() -> None:
    """Arguments and settings reach it, and this process keeps its own."""
    said: list[tuple[int, str, int]] = []
    before = dict(os.environ)
    step = child.Step("here", ("read", "7"), Settings(partitions=3), _says)
    child.run([step, step], lambda *told: said.append(told))
    assert sorted(said) == [(0, "read 3", 7), (1, "read 3", 7)]
    assert os.environ == before


def test_it_fails_as_it_would_elsewhere() -> None:
    """What it fails with on purpose is raised here; any other end is told with its module."""
    with pytest.raises(BadInputError, match=r"^lines: cannot be read$"):
        child.run([child.Step("here", ("lines",), Settings(), _refuses)])
    with pytest.raises(RuntimeError, match="here ended with -9"):
        child.run([child.Step("here", (), Settings(), _dies)])
