"""The core, driven by replay, against the oracle: the same histories must come to the same rows."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracle.core import both
from tests.oracle.histories import History, histories, random_history

BLOCKS = 10
POLICIES: tuple[dict[str, Any], ...] = ({}, {}, {"device_policy": "first"}, {"profile_limit": 4})
HISTORIES = 600


def check(history: History, partitions: int, **options: Any) -> None:
    """No difference, or the history and each of its differences."""
    _, found = both(history.records(partitions), history.campaigns, partitions=partitions, **options)
    assert not found, f"{history!r}\n" + "\n".join(found)


@pytest.mark.parametrize("block", range(BLOCKS))
def test_seeded_histories(block: int) -> None:
    """Seeded histories of up to 40 events, half of them rushes, under any number of partitions and each policy."""
    for seed in range(block, HISTORIES, BLOCKS):
        check(random_history(seed), partitions=1 + seed % 5, **POLICIES[seed // BLOCKS % len(POLICIES)])


def test_long_histories() -> None:
    """A few seeded histories of up to 400 events of the same few people."""
    for seed in range(8):
        check(random_history(seed, longest=400), partitions=4)


@settings(max_examples=100, deadline=None)
@given(histories(), st.sampled_from((1, 2, 4)))
def test_histories_that_shrink(history: History, partitions: int) -> None:
    """Histories that hypothesis makes smaller when they show a difference."""
    check(history, partitions)


@settings(max_examples=50, deadline=None)
@given(histories(), st.sampled_from((3, 4, 6)), st.sampled_from(("latest", "first")))
def test_limits_and_device_policy(history: History, limit: int, policy: str) -> None:
    """The same under a profile limit that bites and either device policy."""
    check(history, partitions=3, profile_limit=limit, device_policy=policy)
