"""Time stands at a pause until nothing of before it is on its way, and goes on by itself."""

from __future__ import annotations

from schemas.topics import DAY_MS
from streams.core.protocol.link_log import Ack
from streams.core.protocol.order_key import bound, order_key, order_key_behind
from streams.core.watermark.rounds import Rounds

WEB = ("channels.web", 0)
MORNING = 20_000 * DAY_MS + 8 * 3_600_000
MINUTE = 60_000
PAUSES = [order_key_behind(MORNING + n * MINUTE - 1) for n in (1, 2, 5)]


def begun() -> Rounds:
    """Rounds of one source and one partition; the first has been acknowledged."""
    rounds = Rounds([WEB], 1)
    rounds.report([[*WEB, MORNING, 1]], 0, MORNING)
    assert rounds.next() is not None
    rounds.acknowledge(Ack(0, 1))
    return rounds


def passed(rounds: Rounds, moved: dict[bytes, bytes]) -> list[bytes]:
    """The bounds of the rounds to come; at a bound of `moved` something is sent on once."""
    found = []
    while (issued := rounds.next()) is not None:
        found.append(bytes.fromhex(issued.bound))
        sent = moved.pop(found[-1], None)
        rounds.acknowledge(Ack(0, issued.number, sent and sent.hex(), sent and sent.hex()))
        assert len(found) < 20
    return found


def test_rounds_stop_at_every_pause_once():
    """In their order, whatever order they were asked for in, and twice is once."""
    rounds = begun()
    for at in (PAUSES[2], PAUSES[0], PAUSES[1], PAUSES[0]):
        rounds.add_pause(at)
    rounds.report([[*WEB, MORNING + 9 * MINUTE, 2]], 0, MORNING)
    assert passed(rounds, {}) == [*PAUSES, bound(MORNING + 9 * MINUTE)]


def test_time_stands_at_a_pause_while_something_of_before_it_moves():
    """The round is repeated until what was told has arrived."""
    rounds = begun()
    rounds.add_pause(PAUSES[0])
    rounds.report([[*WEB, MORNING + 9 * MINUTE, 2]], 0, MORNING)
    told = order_key(MORNING + 5, "channels.web", 0, 3)
    assert passed(rounds, {PAUSES[0]: told}) == [
        PAUSES[0], PAUSES[0], bound(MORNING + 9 * MINUTE)
    ]  # fmt: skip


def test_a_pause_that_time_has_passed_is_none():
    """What comes late makes nobody wait."""
    rounds = begun()
    rounds.report([[*WEB, MORNING + 3 * MINUTE, 2]], 0, MORNING)
    passed(rounds, {})
    rounds.add_pause(PAUSES[0])
    rounds.report([[*WEB, MORNING + 4 * MINUTE, 3]], 0, MORNING)
    assert passed(rounds, {}) == [bound(MORNING + 4 * MINUTE)]


def test_pauses_are_kept_over_a_restart():
    """Those that wait, and that time stands at one."""
    rounds = begun()
    for at in PAUSES:
        rounds.add_pause(at)
    rounds.report([[*WEB, MORNING + 9 * MINUTE, 2]], 0, MORNING)
    issued = rounds.next()
    assert issued is not None
    kept = rounds.dump()
    again = Rounds([WEB], 1)
    again.restore(kept)
    assert again.dump() == kept
    again.acknowledge(Ack(0, issued.number))
    assert passed(again, {}) == [*PAUSES[1:], bound(MORNING + 9 * MINUTE)]
