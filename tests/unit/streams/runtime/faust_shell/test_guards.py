"""What keeps a worker from writing, staying or talking when it should not."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections import Counter
from types import SimpleNamespace

import pytest
from faust.types import TP

from infra.errors import describe
from infra.logs import Repeats
from streams import metrics
from streams.runtime.errors import (
    GroupMovedError,
    LostMembershipError,
    StalledError,
    TopicError,
    WorkerError,
)
from streams.runtime.faust_shell import stale_members as departed
from streams.runtime.faust_shell.membership import Membership
from streams.runtime.faust_shell.stale_members import client_id, is_dead
from streams.runtime.faust_shell.watchdog import Pulses


@pytest.fixture
def clock():
    """A clock that stands still until it is moved."""
    return [100.0]


def test_silence_longer_than_a_session_forbids_to_write(clock):
    """A worker that has partitions and was not heard for a session may write nothing; one without may."""
    member = Membership(10.0, lambda: clock[0])
    clock[0] += 1000
    member.guard()
    member.hold()
    clock[0] += 9
    member.beat()
    clock[0] += 10
    member.guard()
    clock[0] += 0.1
    with pytest.raises(LostMembershipError, match=r"10\.1 s"):
        member.guard()
    member.release()
    member.guard()


def test_a_generation_that_is_over_forbids_to_write_until_the_next(clock):
    """Told that the group has moved on, a worker writes nothing until it is given partitions again."""
    member = Membership(10.0, lambda: clock[0])
    member.hold()
    member.move()
    with pytest.raises(GroupMovedError):
        member.guard()
    member.hold()
    member.guard()


def test_a_stall_is_records_waiting_and_nothing_done():
    """Neither an idle partition nor a slow one is stalled; one that has records and does nothing is."""
    tp, pulses = TP("t", 0), Pulses(10.0)
    for now in (0.0, 100.0, 200.0):
        pulses.check(tp, steps=1, waiting=0, now=now)
    for now in (200.0, 209.0, 218.0):
        pulses.check(tp, steps=int(now), waiting=5, now=now)
    pulses.check(tp, steps=218, waiting=5, now=228.0)
    with pytest.raises(StalledError, match="5 records waiting"):
        pulses.check(tp, steps=218, waiting=5, now=228.1)
    pulses.keep(set())
    pulses.check(tp, steps=218, waiting=5, now=300.0)


def test_errors_are_shown_without_anyones_data():
    """A foreign error's message may quote a record and is left out; our own say what to do."""
    try:
        try:
            {}["anna@example.com"]
        except KeyError as error:
            raise ValueError("anna@example.com") from error
    except ValueError as error:
        shown = describe(error)
    assert "anna" not in shown
    assert "ValueError at faust_shell/test_guards.py" in shown
    assert "caused by KeyError" in shown
    assert describe(TopicError("topic t is gone")).startswith("TopicError: topic t is gone")
    assert issubclass(StalledError, WorkerError)


def test_only_dead_processes_of_this_machine_are_dead():
    """A killed process is told dead by its client id, a running one, another machine's and a foreign client never."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    mine = client_id("g")
    theirs = mine.replace(
        f"-{os.getpid()}-{departed._started(os.getpid())}", f"-{child.pid}-{departed._started(child.pid)}"
    )
    assert not is_dead(mine, "g")
    assert not is_dead(theirs, "g")
    child.kill()
    child.wait()
    child.stdin.close()
    assert is_dead(theirs, "g")
    assert is_dead(f"{mine}1", "g"), "the process id was given to another since"
    assert not is_dead(theirs, "h")
    assert not is_dead(theirs.replace("-streams-", "-streams-x"), "g")
    assert not is_dead("g-streams", "g")


def test_what_the_core_counts_reaches_prometheus():
    """Counters, of 0 too, and observations are emptied into their metrics, gauges are summed over partitions."""
    drain, name = metrics.Drain(), "winback_duplicates_total"

    def value(metric: str, **labels: str) -> float:
        return metrics.REGISTRY.get_sample_value(metric, labels) or 0.0

    before = value(name)
    task = SimpleNamespace(
        counts=Counter({(name,): 3, ("winback_links_total", "merged"): 2}),
        gauges={("winback_carts", "open"): 4},
        observed=[(("winback_trigger_delay_seconds",), 2.0)],
    )
    drain.counts(task)
    drain.counts(task)
    assert value(name) == before + 3
    assert task.counts == Counter()
    assert task.observed == []
    never = {"channel": "web", "outcome": "never"}
    assert metrics.REGISTRY.get_sample_value("winback_events_total", never) is None
    drain.counts(SimpleNamespace(counts=Counter({("winback_events_total", "web", "never"): 0})))
    assert metrics.REGISTRY.get_sample_value("winback_events_total", never) == 0
    drain.gauges("p0", task)
    drain.gauges("p1", SimpleNamespace(gauges={("winback_carts", "open"): 6}))
    assert value("winback_carts", state="open") == 10
    drain.forget("p0")
    assert value("winback_carts", state="open") == 6
    drain.forget("p1")
    assert metrics.REGISTRY.get_sample_value("winback_carts", {"state": "open"}) is None
    with pytest.raises(KeyError):
        drain.counts(SimpleNamespace(counts=Counter({("winback_unknown",): 1})))


def test_a_labelled_gauge_that_nobody_stands_for_is_not_shown():
    """The source that held time a moment ago is gone from the metrics; a gauge without labels goes to 0."""
    drain, name = metrics.Drain(), "winback_source_delay_seconds"

    def shown(topic: str) -> float | None:
        return metrics.REGISTRY.get_sample_value(name, {"topic": topic, "partition": "1"})

    drain.gauges("p0", SimpleNamespace(gauges={(name, "channels.web", "1"): 7, ("winback_pending_merges",): 2}))
    assert shown("channels.web") == 7
    drain.gauges("p0", SimpleNamespace(gauges={(name, "channels.app", "1"): 8}))
    assert (shown("channels.web"), shown("channels.app")) == (None, 8)
    assert metrics.REGISTRY.get_sample_value("winback_pending_merges") == 0
    drain.forget("p0")
    assert shown("channels.app") is None


def test_a_library_says_a_thing_once_in_a_while():
    """The same line of a library is let through once in ten seconds, our own always."""
    repeats = Repeats()

    def shown(name: str, text: str) -> bool:
        return repeats.filter(logging.LogRecord(name, logging.ERROR, "f", 1, text, (), None))

    assert [shown("aiokafka", "away") for _ in range(5)] == [True, False, False, False, False]
    assert shown("aiokafka", "back")
    assert all(shown("winback.engine", "away") for _ in range(5))
