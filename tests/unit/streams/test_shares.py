"""What processes with a share of the partitions give one another."""

from __future__ import annotations

from multiprocessing import Pipe

import pytest

from schemas.record import Out
from schemas.topics import IDENTITY_LINKS, PROFILE_EVENTS, RETARGETING_MESSAGES, STITCHED_EVENTS
from streams.shares import First, Other, Others

OUT = Out(PROFILE_EVENTS, 1, b"k", b"v", (("h", b"\xff"),), 7)


def test_a_box_waits_until_the_last_answer_was_taken() -> None:
    """Each answers unasked what waited before the fork; nobody is given more before, or both might wait for ever."""
    ours, theirs = Pipe()
    others, first = Others([Other(ours, frozenset({1, 3}))]), First(theirs, (1, 3), 4)
    others.away[PROFILE_EVENTS, 1].append(OUT)
    others.give()
    assert not theirs.poll()
    assert others.waiting == 1
    first.away[IDENTITY_LINKS, 0].append(OUT._replace(topic=IDENTITY_LINKS, partition=0, key=None))
    first.answer()
    taken: list[Out] = []
    assert others.take(taken.append)
    assert [(out.topic, out.key, out.value) for out in taken] == [(IDENTITY_LINKS, None, b"v")]
    assert not others.take(taken.append)
    others.give()
    assert others.waiting == 0
    (got,) = first.receive() or ()
    assert (*got[:4], [tuple(one) for one in got.headers], got.timestamp) == (*OUT[:4], list(OUT.headers), 7)
    others.end()
    assert first.receive() is None


def test_each_process_keeps_what_is_its_own() -> None:
    """Events and messages go to the process of their partition, links to the first one, all else stays."""
    ours, theirs = Pipe()
    others, first = Others([Other(ours, frozenset({1, 3}))]), First(theirs, (1, 3), 4)
    assert (RETARGETING_MESSAGES, 3) in others.away
    assert (RETARGETING_MESSAGES, 2) not in others.away
    assert (RETARGETING_MESSAGES, 2) in first.away
    assert (IDENTITY_LINKS, 0) in first.away
    assert (IDENTITY_LINKS, 0) not in others.away
    assert not any(topic == STITCHED_EVENTS for topic, _ in (*first.away, *others.away))


def test_a_process_that_has_ended_is_told_in_one_error() -> None:
    """Whoever waits for it, or would give it something, does not wait for ever."""
    ours, theirs = Pipe()
    others = Others([Other(ours, frozenset({1}))])
    theirs.close()
    with pytest.raises(RuntimeError, match="has ended"):
        others.take(lambda _: None)
    ours, theirs = Pipe()
    ours.close()
    with pytest.raises(EOFError):
        First(theirs, (1,), 2).receive()
