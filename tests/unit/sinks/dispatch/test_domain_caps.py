"""Caps of messages a minute to one recipient domain."""

from __future__ import annotations

import random

import pytest

from sinks.dispatch.domain_caps import DomainCaps


def test_no_minute_has_more_than_the_cap():
    """Whenever messages ask, any window of 60 s holds at most so many of one domain, and none waits without need."""
    chance = random.Random(7)
    caps, now, gone = DomainCaps(5), 0.0, []
    for _ in range(400):
        now += chance.expovariate(1 / 9)
        wait = caps.wait("a.example", now)
        assert wait == pytest.approx(max(0.0, gone[-5] + 60 - now) if len(gone) >= 5 else 0.0)
        now += wait
        caps.take("a.example", now)
        gone.append(now)
    assert all(later - earlier >= 60 - 1e-6 for earlier, later in zip(gone, gone[5:], strict=False))


def test_domains_do_not_wait_for_each_other():
    """A full domain holds up nobody else."""
    caps = DomainCaps(1)
    caps.take("a.example", 0.0)
    assert (caps.wait("a.example", 0.0), caps.wait("b.example", 0.0)) == (60.0, 0.0)


def test_without_a_cap_all_go_at_once():
    """0 is no limit, and nothing is remembered."""
    caps = DomainCaps()
    for _ in range(1000):
        assert caps.wait("a.example", 3.0) == 0.0
        caps.take("a.example", 3.0)
    assert caps._sent == {}


def test_domains_that_rest_are_forgotten():
    """What nothing was sent to for a minute takes no memory for ever, and what was sent to lately still counts."""
    caps = DomainCaps(1)
    for number in range(20_000):
        caps.take(f"{number}.example", number / 100)
    assert len(caps._sent) < 20_000
    assert caps.wait("19999.example", 200.0) > 0
