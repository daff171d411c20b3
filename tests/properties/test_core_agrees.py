"""The core, driven by replay, against the oracle: the same histories must come to the same rows."""

from __future__ import annotations

import tempfile
from functools import cache
from hashlib import blake2b
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.settings import Settings
from tests.oracle.cells import totals, written
from tests.oracle.compare import differences
from tests.oracle.histories import History, histories, random_history
from tests.oracle.run import SECRET, run

replay = pytest.importorskip("streams.replay").replay

HISTORIES = 1500


@cache
def folder() -> Path:
    """Where campaigns files go, for as long as the tests run."""
    return Path(tempfile.mkdtemp(prefix="winback-histories-"))


@cache
def campaigns_file(text: str) -> Path:
    """A campaigns file of this text."""
    path = folder() / f"{blake2b(text.encode(), digest_size=8).hexdigest()}.yaml"
    path.write_text(text)
    return path


def disagreements(history: History, partitions: int = 3, **options: object) -> list[str]:
    """How the core's outcome of a history differs from the oracle's."""
    records = history.records(partitions)
    want = run(records, campaigns=history.campaigns, partitions=partitions, **options)
    file = campaigns_file(history.campaigns)
    topics = replay(records, Settings(secret=SECRET, clock="event", campaigns=file, partitions=partitions, **options))
    found = differences(want, topics, secret=SECRET)
    wanted, got = totals(want), written(topics)
    found += [
        f"cell {c}: wanted {wanted.get(c)}, got {got.get(c)}" for c in {*wanted, *got} if wanted.get(c) != got.get(c)
    ]
    return found


@pytest.mark.parametrize("block", range(10))
def test_seeded_histories(block: int) -> None:
    """Seeded histories of up to 40 events, under any number of partitions."""
    for seed in range(block, HISTORIES, 10):
        history = random_history(seed)
        found = disagreements(history, partitions=1 + seed % 5)
        assert not found, f"seed {seed}\n{history!r}\n" + "\n".join(found)


@settings(max_examples=150, deadline=None)
@given(histories(), st.sampled_from((1, 2, 4)))
def test_histories_that_shrink(history: History, partitions: int) -> None:
    """Histories that hypothesis makes smaller when they show a difference."""
    found = disagreements(history, partitions)
    assert not found, f"{history!r}\n" + "\n".join(found)


@settings(max_examples=50, deadline=None)
@given(histories(), st.sampled_from((3, 4, 6)), st.sampled_from(("latest", "first")))
def test_limits_and_device_policy(history: History, limit: int, policy: str) -> None:
    """The same under a profile limit that bites and either device policy."""
    found = disagreements(history, profile_limit=limit, device_policy=policy)
    assert not found, f"{history!r}\n" + "\n".join(found)
