"""Rounds stop at midnights with something before them, and at a switch, until all of before has taken effect."""

from __future__ import annotations

import pytest

from schemas.topics import DAY_MS
from streams.core.protocol.link_log import Ack
from streams.core.protocol.order_key import END_OF_TIME, START_OF_TIME, bound, order_key
from streams.core.protocol.profile_log import Round
from streams.core.watermark.rounds import Rounds

WEB = ("channels.web", 0)
DAY = 20_000
MIDNIGHT = bound(DAY * DAY_MS)


class Line:
    """`rounds` with one source and two partitions, which acknowledge what they are told to."""

    def __init__(self) -> None:
        self.rounds = Rounds([WEB], 2)
        self.position = 0

    def reach(self, time: int) -> Round | None:
        """The source comes to a time, in ms; the round that is issued."""
        self.position += 1
        self.rounds.report([[*WEB, time, self.position]], 0, time)
        return self.rounds.next()

    def ack(self, number: int, *, next_: bytes | None = None, moved: bytes | None = None) -> Round | None:
        """Both acknowledge; the first has something that waits, or has sent something on."""
        for partition in (0, 1):
            ack = Ack(partition, number)
            if partition == 0:
                ack = Ack(partition, number, None, moved and moved.hex(), next_ and next_.hex())
            self.rounds.acknowledge(ack)
        return self.rounds.next()

    def restart(self) -> None:
        """Begin anew from what is kept."""
        kept = self.rounds.dump()
        self.rounds = Rounds([WEB], 2)
        self.rounds.restore(kept)
        assert self.rounds.dump() == kept


@pytest.fixture
def line() -> Line:
    """A line whose source is three and a half days in, and whose first round has been issued."""
    line = Line()
    issued = line.reach(DAY * DAY_MS + 7 * DAY_MS // 2)
    assert issued is not None
    assert reach(issued) == START_OF_TIME
    return line


def key(days: float) -> bytes:
    """An event so many days after DAY."""
    return order_key(int((DAY + days) * DAY_MS), "channels.web", 0, 3)


def midnight(days: int) -> bytes:
    """So many days after DAY."""
    return bound((DAY + days) * DAY_MS)


def bounds(line: Line, *waits: bytes) -> list[bytes]:
    """The bounds of the rounds, when of these each is what comes next, until it has been passed."""
    found, reached, issued = [], START_OF_TIME, line.ack(1, next_=min(waits, default=None))
    while issued is not None:
        reached = reach(issued)
        found.append(reached)
        issued = line.ack(issued.number, next_=min((w for w in waits if w >= reached), default=None))
    return found


def reach(issued: Round | None) -> bytes:
    """The bound of a round."""
    assert issued is not None
    return bytes.fromhex(issued.bound)


def test_a_midnight_with_nothing_before_it_is_passed(line):
    """Time goes to the sources' bound in one round; before the last midnight nothing can come any more."""
    assert bounds(line) == [bound(DAY * DAY_MS + 7 * DAY_MS // 2)]


def test_midnights_with_something_before_them_are_stops(line):
    """Something on the first and on the third day: two stops, and the sources' bound."""
    end = bound(DAY * DAY_MS + 7 * DAY_MS // 2)
    assert bounds(line, key(0.2), key(0.3), key(2.9)) == [midnight(1), midnight(3), end]


def test_a_timer_at_midnight_is_of_the_day_that_ends_and_an_event_of_the_next(line):
    """A bound at midnight takes the timers at it, but no event at it."""
    assert bounds(line, midnight(2))[0] == midnight(2)
    other = Line()
    other.reach(DAY * DAY_MS + 7 * DAY_MS // 2)
    assert bounds(other, key(2))[0] == midnight(3)


def test_what_comes_after_a_round_is_not_before_its_sources_bound(line):
    """Nothing waits, and the source goes on: what it brought since may be of the day it was in."""
    at = DAY * DAY_MS + 7 * DAY_MS // 2
    issued = line.ack(1)
    assert reach(issued) == bound(at)
    assert line.reach(at + 5 * DAY_MS) is None
    assert reach(line.ack(issued.number)) == midnight(4)


def test_a_stop_is_left_when_nothing_of_before_has_moved(line):
    """Something of before was sent on: the same bound again. Something of behind does not matter."""
    issued = line.ack(1, next_=key(0.5))
    for _ in range(2):
        issued = line.ack(issued.number, moved=key(0.7))
        assert reach(issued) == midnight(1)
        assert not issued.quiescent
    assert reach(line.ack(issued.number, moved=key(1.5))) > midnight(1)


def test_what_waits_at_a_stop_takes_effect_when_all_rests(line):
    """A round that says so; after that the stop is closed, and later rounds say which was."""
    issued = line.ack(1, next_=key(0.5), moved=key(0.1))
    assert not issued.quiescent
    issued = line.ack(issued.number, next_=key(0.9))
    assert (reach(issued), issued.quiescent) == (midnight(1), True)
    assert issued.barrier_closed == START_OF_TIME.hex()
    issued = line.ack(issued.number)
    assert reach(issued) > midnight(1)
    assert issued.barrier_closed == midnight(1).hex()


def test_all_that_has_come_before_rests_at_once(line):
    """The sources were there when the last round was issued, and nothing has moved since: no second round."""
    assert line.ack(1, next_=key(0.5)).quiescent


def test_what_identify_announces_may_move_what_rested(line):
    """A change while time stands at a stop: it stands until that has arrived, too."""
    issued = line.ack(1, next_=key(0.5))
    line.rounds.change(key(2), 0)
    issued = line.ack(issued.number)
    assert (reach(issued), issued.quiescent) == (midnight(1), False)
    assert reach(line.ack(issued.number)) > midnight(1)


def test_links_wait_while_time_stands_at_a_stop(line):
    """Links of behind the stop are applied when it has been closed; a request does not wait."""
    at = DAY * DAY_MS + 7 * DAY_MS // 2
    issued = line.ack(1, next_=key(0.5))
    assert line.reach(at + DAY_MS) is None
    assert line.rounds.links_bound == bound(at)
    line.rounds.release_links()
    assert line.rounds.links_bound == bound(at + DAY_MS)
    line.reach(at + 2 * DAY_MS)
    assert line.ack(issued.number) is not None
    assert line.rounds.links_bound == bound(at + 2 * DAY_MS)


def test_a_switch_is_a_stop(line):
    """Time comes to its point exactly; behind it there is nothing until all is told."""
    at = bound(DAY * DAY_MS + 7 * DAY_MS // 2)
    assert not line.rounds.add_barrier(line.rounds.sources_bound)
    line.reach(DAY * DAY_MS + 4 * DAY_MS)
    issued = line.ack(1)
    assert reach(issued) == at
    assert not line.rounds.barrier_passed()
    line.restart()
    line.rounds.acknowledge(Ack(0, issued.number))
    line.rounds.acknowledge(Ack(1, issued.number))
    assert line.rounds.barrier_passed()
    assert not line.rounds.barrier_passed()
    assert reach(line.rounds.next()) > at


def test_two_switches_at_one_point(line):
    """Each is told of; where time stands already, one more round makes sure."""
    for _ in range(2):
        line.rounds.add_barrier(line.rounds.sources_bound)
    issued = line.ack(1)
    assert line.ack(issued.number) is None
    assert [line.rounds.barrier_passed() for _ in range(3)] == [True, True, False]
    line.rounds.add_barrier(line.rounds.sources_bound)
    assert not line.rounds.barrier_passed()
    again = line.rounds.next()
    assert again.bound == issued.bound
    line.ack(again.number)
    assert line.rounds.barrier_passed()


def test_before_anything_was_read_a_switch_is_at_once():
    """Nothing has taken effect, so nothing has to."""
    assert Rounds([WEB], 1).add_barrier(START_OF_TIME)


def test_the_end_of_time_comes_after_all_stops(line):
    """At the end of input time goes over the midnights with something before them to its end."""
    line.rounds.sources.end([[*WEB, line.position]])
    line.rounds.refresh()
    assert bounds(line, key(1.5), key(40)) == [midnight(2), midnight(41), END_OF_TIME]
    assert line.rounds.drained()
    assert not line.rounds.drained()
