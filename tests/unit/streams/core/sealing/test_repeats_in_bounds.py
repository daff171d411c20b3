"""What a profile remembers of the events it has had stays small, and looking through it costs next to nothing."""

from __future__ import annotations

from itertools import count

import pytest

from schemas.topics import DAY_MS, MAX_RECORD_BYTES
from streams.core.profile.event import Sealed
from streams.core.profile.state import Profile, encode
from streams.core.sealing.repeats import Repeats
from tests.support.happenings import happened

NOW = happened("Page").time + 4_000 * DAY_MS
MANY = 60_000
EVERY = 29
"""Minutes from one event of a history to the next."""
COMES = ("late", "in time")


def of_history(nth: int, how: str = "in time", id_: str = "") -> Sealed:
    """An event of long ago that comes now, late or in time."""
    event = happened("Product Viewed", nth * EVERY, late=how == "late", id_=id_ or f"{nth:036d}")
    event.wall = NOW
    if event.late:
        event.clock = NOW
    return event


def after(days: float, nth: int) -> Sealed:
    """The `nth` event of a time so many days from now."""
    event = happened("Product Viewed", id_=f"later {nth}")
    event.time = event.clock = event.wall = NOW + round(days * DAY_MS) + nth
    return event


def read(repeats: Repeats, events: int, how: str) -> Profile:
    """Somebody with a history of so many events."""
    profile = Profile("p")
    for nth in range(events):
        assert not repeats.is_repeat(profile, of_history(nth, how))
    return profile


class Counted(dict[str, int]):
    """What is remembered, and how often all of it is looked through."""

    looked = count()

    def items(self):
        """All of it."""
        next(Counted.looked)
        return super().items()


@pytest.mark.parametrize("how", COMES)
def test_a_long_history_of_one_customer_is_not_looked_through_again_and_again(how):
    """As often as it grows by a part of what there is, not every so many events."""
    profile, repeats = Profile("p"), Repeats()
    Counted.looked = count()
    for nth in range(20_000):
        if type(profile.seen) is not Counted:
            profile.seen = Counted(profile.seen)
        repeats.is_repeat(profile, of_history(nth, how))
    assert 10 < next(Counted.looked) < 100


@pytest.mark.parametrize("how", COMES)
@pytest.mark.parametrize("length", [36, 1_000])
def test_whoever_has_too_long_a_history_is_kept_all_the_same(how, length):
    """A crawler's state fits into a record of the changelog; its latest events are known again, the oldest are not."""
    repeats, profile = Repeats(), Profile("p")
    for nth in range(MANY * 36 // length):
        repeats.is_repeat(profile, of_history(nth, how, f"{nth:0{length}d}"))
    assert len(encode(profile)) < MAX_RECORD_BYTES / 2
    last = MANY * 36 // length - 1
    known = [repeats.is_repeat(profile, of_history(nth, "late", f"{nth:0{length}d}")) for nth in (last, last - 500, 0)]
    assert known == [True, True, False]


def test_two_long_histories_that_become_one_are_kept():
    """A merge makes no profile that no record can hold."""
    repeats, one, other = Repeats(), Profile("p"), Profile("q")
    for nth in range(MANY):
        repeats.is_repeat(one if nth % 2 else other, of_history(nth))
    repeats.absorb(one, other, NOW)
    size = len(encode(one))
    repeats.absorb(one, Profile("r", seen=dict(other.seen)), NOW)
    assert len(encode(one)) <= size < MAX_RECORD_BYTES / 2
    assert [repeats.is_repeat(one, of_history(MANY - nth, "late")) for nth in (1, 2)] == [True, True]


@pytest.mark.parametrize("how", COMES)
@pytest.mark.parametrize("events", [1, 63, 64, 65, 1_000, 5_000])
def test_a_history_is_forgotten_with_the_first_event_a_day_after(how, events):
    """However many events there were: until then it is known, afterwards it takes no room."""
    repeats = Repeats()
    profile = read(repeats, events, how)
    repeats.is_repeat(profile, after(0.9, 0))
    assert repeats.is_repeat(profile, of_history(events // 2, "late"))
    repeats.is_repeat(profile, after(1, 1))
    assert (len(profile.seen), profile.late_seen, profile.overtaken) == (2, {}, {})


def test_an_order_id_of_any_length_is_little_to_remember():
    """A broken producer writes a page where an id belongs."""
    repeats, profile = Repeats(), Profile("p")
    order = happened("Order Completed", order_id="9" * 500_000)
    assert [repeats.is_repeat(profile, order) for _ in range(2)] == [False, True]
    assert len(encode(profile)) < 5_000
