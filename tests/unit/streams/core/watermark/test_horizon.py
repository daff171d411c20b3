"""The horizon: known only when every partition has said so in a round that was issued after the last news."""

from __future__ import annotations

from typing import Any

import orjson

from streams.core.protocol.order_key import bound, order_key
from streams.core.watermark.horizon import Horizon

PARTITIONS = 2
DUE = 5_000_000


class Log:
    """`identity.links` from an offset on, and the horizon that follows it."""

    def __init__(self, start: int = 10) -> None:
        self.horizon = Horizon(PARTITIONS)
        self.horizon.begin(start)
        self.next = start

    def say(self, **notice: Any) -> int:
        """Append a record; its offset."""
        self.horizon.take(self.next, orjson.dumps(notice))
        self.next += 1
        return self.next - 1

    def report(self, position: int = 7, version: int = 1) -> int:
        """A report on one source."""
        return self.say(k="report", sources=[["channels.web", 0, 1_000, position]], version=version, now=2_000)

    def answer(self, at: int | None, partition: int, due: bytes | None = None, **more: Any) -> None:
        """An acknowledgement of the round that was issued after the record `at`."""
        hex_due = None if due is None else due.hex()
        self.say(**{"k": "ack", "partition": partition, "round": 1, "at": at, "due": hex_due, **more})

    def round(self, at: int, *dues: bytes | None) -> int | None:
        """All partitions answer; the horizon then."""
        for partition in range(PARTITIONS):
            self.answer(at, partition, dues[partition] if dues else None)
        return self.horizon.due


def test_the_least_due_of_all_partitions():
    """A timer is due at its time, an event at its own; with nothing due the horizon is the end of time."""
    log = Log()
    at = log.report()
    assert log.horizon.due is None
    log.answer(at, 0, bound(DUE + 1))
    assert log.horizon.due is None
    log.answer(at, 1, order_key(DUE, "channels.web", 0, 3))
    assert log.horizon.due == DUE
    assert (log.round(log.report()) or 0) > 253_402_300_799_999


def test_a_report_that_says_nothing_new_is_no_news():
    """Only the clock has gone on: what was known stays known. A new position or version makes it unknown."""
    log = Log()
    assert log.round(log.report(), bound(DUE), None) == DUE
    log.report()
    assert log.horizon.due == DUE
    for news in ({"position": 8}, {"version": 2}):
        at = log.report(**news)
        assert log.horizon.due is None
        assert log.round(at, bound(DUE), None) == DUE


def test_any_other_record_is_news():
    """Links, requests, an end of input, kinds that are not known: something may move after each."""
    for kind in ("links", "split", "campaigns", "end", "source", "receipt", "something new"):
        log = Log()
        assert log.round(log.report(), bound(DUE), None) == DUE
        log.say(k=kind)
        assert log.horizon.due is None, kind
    log.round(log.next - 1)
    assert log.horizon.due is not None
    log.horizon.take(log.next, None)
    assert log.horizon.due is None


def test_a_round_from_before_the_news_says_nothing():
    """Its acknowledgements may have been made before what the news is about had come."""
    log = Log()
    before = log.report()
    news = log.report(position=8)
    assert log.round(before) is None
    assert log.round(news) is not None


def test_what_came_before_the_first_record_may_be_news():
    """A round issued before the place where following began says nothing."""
    log = Log(start=10)
    assert log.round(8) is None
    assert log.round(9) is not None


def test_what_is_on_its_way_makes_it_unknown():
    """A partition that has sent something on: only the next round knows where that has got to."""
    for moved in ({"low": bound(DUE).hex()}, {"moved": bound(DUE).hex()}):
        log = Log()
        at = log.report()
        log.answer(at, 0, **moved)
        log.answer(at, 1)
        assert log.horizon.due is None
        assert log.round(log.next - 1) is not None


def test_repeated_and_old_acknowledgements_say_nothing():
    """After a restart older ones come again; those of another version do not say of which record their round was."""
    log = Log()
    first, second = log.report(), log.report()
    assert log.round(second, bound(DUE), None) == DUE
    log.answer(first, 0, bound(1))
    log.say(k="ack", partition=1, round=1, low=None, moved=None)
    assert log.horizon.due == DUE
    third = log.report()
    log.answer(third, 0, bound(DUE + 9))
    log.answer(second, 1, bound(DUE + 9))
    assert log.horizon.due == DUE
    log.answer(third, 1, bound(DUE + 5))
    assert log.horizon.due == DUE + 5


def test_beginning_anew_forgets():
    """After a pause in following nothing is known."""
    log = Log()
    log.round(log.report(), bound(DUE), None)
    log.horizon.begin(log.next)
    assert log.horizon.due is None
