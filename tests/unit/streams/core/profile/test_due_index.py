"""Who is due when."""

from __future__ import annotations

from streams.core.profile.repository import DueIndex
from streams.core.protocol.order_key import bound, order_key

A, B = b"a" * 16, b"b" * 16


def at(time: int, offset: int = 0) -> bytes:
    """An event's key."""
    return order_key(time, "channels.web", 0, offset)


def test_a_timer_is_due_at_its_time_and_an_event_behind_it():
    """Up to the bound of a time its timers fire, and its events wait."""
    index = DueIndex()
    index.set(A, bound(10))
    index.set(B, at(10))
    assert index.pop(bound(9)) is None
    assert index.pop(bound(10)) == A
    assert index.pop(bound(10)) is None
    assert index.pop(at(10)) is None
    assert index.pop(at(10, 1)) == B


def test_an_earlier_time_replaces_a_later_one_and_not_the_other_way_round():
    """`sooner` never puts a profile off."""
    index = DueIndex()
    index.set(A, at(20))
    index.sooner(A, at(10))
    index.sooner(A, at(30))
    assert index.pop(bound(15)) == A
    assert index.pop(bound(99)) is None


def test_what_was_taken_out_is_not_due():
    """None removes a profile, whatever the heap still holds of it."""
    index = DueIndex()
    index.set(A, at(1))
    index.set(A, None)
    assert index.pop(bound(99)) is None
    assert len(index) == 0
