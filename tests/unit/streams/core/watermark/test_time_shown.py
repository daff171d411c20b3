"""What identify shows of time: how far behind it is, who holds it, which sources it does not wait for."""

from __future__ import annotations

from math import inf
from typing import Any

import orjson
import pytest

from schemas.record import Out, Record
from schemas.topics import CHANNEL_TOPICS, IDENTITY_LINKS
from streams.core.identify import Identify
from streams.runtime.state.store import MemoryBase, PartitionStore

NOON = 1_772_452_800_000
BEHIND, HOLDER, DEAD = (
    "winback_watermark_delay_seconds",
    "winback_source_delay_seconds",
    "winback_source_dead",
)


class Log:
    """identify on a log of one partition of journey; `say` puts a record on it."""

    def __init__(self) -> None:
        self.store, self.said = PartitionStore(MemoryBase()), []
        self.restart()

    def restart(self) -> None:
        """It ends, and begins anew from what is stored."""
        self.identify = Identify(self.store, self, partitions=1)
        self.identify.load()
        self.offset = getattr(self, "offset", 0)

    def send(self, out: Out) -> None:
        """What it emits."""
        self.said.append(orjson.loads(out.value or b"null"))

    after = send

    def say(self, **notice: Any) -> None:
        """A record on the log."""
        self.offset += 1
        value = orjson.dumps(notice)
        assert self.identify.process([Record(IDENTITY_LINKS, 0, self.offset, NOON, None, value)]) == 1
        self.identify.flush()
        if self.said and self.said[-1]["k"] == "round":  # journey has nothing that waits
            number = self.said[-1]["round"]
            self.said.append({"k": "acknowledged"})
            self.say(k="ack", partition=0, round=number, low=None, moved=None, next=None)

    def report(self, now: int | None = NOON, **behind: int | None) -> None:
        """All sources are 30 s behind, but those given; None: nothing is known of it."""
        marks = {topic: behind.get(topic.removeprefix("channels."), 30) for topic in CHANNEL_TOPICS}
        sources = [[t, 0, None if s is None or now is None else now - s * 1000, 7] for t, s in marks.items()]
        self.say(k="report", sources=sources, version=0, now=now)

    def shown(self, name: str) -> dict[tuple[str, ...], float]:
        """A gauge by its labels."""
        return {key[1:]: value for key, value in self.identify.gauges.items() if key[0] == name}

    def listed(self) -> dict[str, Any]:
        """The receipt that lists the sources."""
        self.say(k="sources", request="r1")
        return next(one for one in reversed(self.said) if one["k"] == "receipt")


@pytest.fixture
def log() -> Log:
    """A log on which nothing is."""
    return Log()


def test_the_slowest_source_is_shown(log):
    """Only the one that holds time has a delay of its own; the next report may bring another one."""
    log.report(store=7230)
    assert log.shown(BEHIND) == {(): 7230}
    assert log.shown(HOLDER) == {("channels.store", "0"): 7230}
    log.report(now=NOON + 60_000, web=90)
    assert log.shown(BEHIND) == {(): 90}
    assert log.shown(HOLDER) == {("channels.web", "0"): 90}


def test_a_source_of_which_nothing_is_known_is_infinitely_far_behind(log):
    """Records wait, and none was ever read: time stands still, and nobody knows since when."""
    log.report(mail=None)
    assert log.shown(BEHIND) == {(): inf}
    assert log.shown(HOLDER) == {("channels.mail", "0"): inf}


def test_without_a_wall_clock_nothing_is_behind(log):
    """Under the event clock there is nothing to be behind of."""
    log.report(now=None)
    assert log.shown(BEHIND) == log.shown(HOLDER) == {}
    assert log.listed()["now"] is None


def test_dead_sources_are_shown_and_hold_nothing(log):
    """Declared dead it lets go, is shown as such, also after a restart; live it holds again where time is by then."""
    log.report(store=7230)
    log.say(k="source", topic="channels.store", partition=None, state="dead", request="r0")
    log.report(now=NOON + 1000, store=7231)
    log.restart()
    assert log.shown(DEAD) == {("channels.store", "0"): 1}
    assert log.shown(BEHIND) == {(): 30}
    log.say(k="source", topic="channels.store", partition=0, state="live", request="r0")
    assert log.shown(DEAD) == {}
    log.report(now=NOON + 61_000, store=7291)
    assert log.shown(BEHIND) == {(): 90}
    assert log.shown(HOLDER) == {("channels.store", "0"): 7291}


def test_all_sources_are_listed(log):
    """What `winback sources` shows: clock, how far time is, the holder, each source and its state."""
    log.report(store=7230, mail=None)
    log.say(k="source", topic="channels.mail", partition=None, state="dead", request="r0")
    log.say(k="optional", sources=[["channels.ads", None]])
    found = log.listed()
    assert found["request"] == "r1"
    assert found["agent"] == "identify"
    assert (found["now"], found["reached"]) == (NOON, NOON - 7_230_000)
    assert found["holder"] == ["channels.store", 0]
    sources = {topic: rest for topic, *rest in found["sources"]}
    assert sources["channels.store"] == [0, NOON - 7_230_000, 7, "live"]
    assert sources["channels.mail"] == [0, None, 7, "dead"]
    assert sources["channels.ads"] == [0, NOON - 30_000, 7, "optional"]
    assert list(sources) == sorted(CHANNEL_TOPICS)
