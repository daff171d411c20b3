"""The real cores under a seeded scheduler: any interleaving, any partitioning, crashes at every step of the commit."""

from __future__ import annotations

import pytest

from tests.simulation.check import failures

A_TEST = 25


def check(seeds: range, **kind: bool) -> None:
    """Fails with what is wrong and how to see it again."""
    wrong = [line for seed in seeds for line in failures(seed, **kind)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("first", range(0, 300, A_TEST))
def test_seeds(first):
    """Each seed drains and comes to what the oracle says; beyond the lateness, to what must hold then."""
    check(range(first, first + A_TEST))


@pytest.mark.slow
@pytest.mark.parametrize("first", range(300, 500, 8 * A_TEST))
def test_more_seeds(first):
    """The same for more seeds than an ordinary run has time for."""
    check(range(first, first + 8 * A_TEST))


@pytest.mark.parametrize("first", range(0, 300, A_TEST))
def test_campaigns(first):
    """Campaigns of all triggers: the oracle's decisions and messages, and the promises kept whatever comes late."""
    check(range(first, first + A_TEST), campaigning=True)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(300, 2_300, 10 * A_TEST))
def test_thousands_of_campaigns(first):
    """The same for more seeds than an ordinary run has time for."""
    check(range(first, first + 10 * A_TEST), campaigning=True)


@pytest.mark.parametrize("first", range(0, 300, A_TEST))
def test_splits_and_erasures(first):
    """Somebody asks for splits and erasures in the middle: clusters are as if the links cut off had never been."""
    check(range(first, first + A_TEST), asking=True)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(300, 800, 10 * A_TEST))
def test_thousands_of_splits_and_erasures(first):
    """The same for more seeds than an ordinary run has time for."""
    check(range(first, first + 10 * A_TEST), asking=True)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 500, 10 * A_TEST))
def test_splits_and_erasures_of_campaigns(first):
    """The same where sequences wait: nobody is written to who said no, too often or at night, whoever they are now."""
    check(range(first, first + 10 * A_TEST), asking=True, campaigning=True)
