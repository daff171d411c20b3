"""Which sources time waits for: all, but those that an operator calls dead, and optional ones while input goes on."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from schemas.record import Out, Record
from schemas.topics import CHANNEL_TOPICS, IDENTITY_LINKS
from streams.core.identify import Identify
from streams.core.protocol.link_log import SomeSources
from streams.core.protocol.ports import MAX_TIME
from streams.core.watermark.rounds import Rounds
from streams.runtime.state.store import MemoryBase, PartitionStore, Position

WEB, APP, ADS = ("channels.web", 0), ("channels.app", 0), ("channels.ads", 1)


def rounds(**times: int | None) -> Rounds:
    """Rounds over three sources, of which these have reported."""
    found = Rounds([WEB, APP, ADS], 1)
    report(found, **times)
    return found


def report(of: Rounds, *, position: int = 1, **times: int | None) -> None:
    """How far sources are, by channel."""
    names = {"web": WEB, "app": APP, "ads": ADS}
    of.report([[*names[name], time, position] for name, time in times.items()], 0, None)


def reached(of: Rounds) -> int:
    """Time, in ms."""
    return int.from_bytes(of.sources_bound[:8], "big")


def test_time_waits_for_all():
    """Until each has reported there is no time; then it is where the slowest is, which is named."""
    one = rounds(web=50, app=40)
    assert reached(one) == 0
    assert one.sources.holder == (*ADS, None)
    report(one, ads=30)
    assert reached(one) == 30
    assert one.sources.holder == (*ADS, 30)
    report(one, ads=70)
    assert one.sources.holder == (*APP, 40)


@pytest.mark.parametrize("partition", [None, 1])
def test_a_dead_source_does_not_hold_time(partition):
    """Also one that has never reported; live again it holds time where that is by then."""
    one = rounds(web=50, app=40)
    assert one.sources.declare("channels.ads", partition, dead=True) == [ADS]
    one.refresh()
    assert reached(one) == 40
    assert one.sources.dead == {ADS}
    report(one, web=60, app=60, ads=10)
    assert reached(one) == 60
    one.sources.declare("channels.ads", None, dead=False)
    report(one, web=90, app=90)
    assert reached(one) == 60
    assert one.sources.holder == (*ADS, 10)
    report(one, ads=80)
    assert reached(one) == 80


def test_what_is_no_source_changes_nothing():
    """Another partition, another topic."""
    one = rounds(web=50, app=40, ads=30)
    assert one.sources.declare("channels.ads", 0, dead=True) == []
    assert one.sources.declare("channels.tv", None, dead=True) == []
    assert one.sources.holder == (*ADS, 30)


def test_an_optional_source_holds_time_at_the_end_of_input_alone():
    """While input goes on it is not waited for; of a declared end it has to read its part."""
    one = rounds(web=50, app=40)
    one.sources.let_be_optional([["channels.ads", None]])
    one.refresh()
    assert reached(one) == 40
    one.sources.end([[*WEB, 1], [*APP, 1], [*ADS, 5]])
    one.refresh()
    assert reached(one) == 40
    report(one, position=4, ads=None)
    assert reached(one) == 40
    report(one, position=5, ads=None)
    assert reached(one) == MAX_TIME
    assert one.sources.holder is None


def test_when_none_holds_time_it_stands():
    """With all dead nobody can say how far it is."""
    one = rounds(web=50, app=40, ads=30)
    for topic in ("channels.web", "channels.app", "channels.ads"):
        one.sources.declare(topic, None, dead=True)
    report(one, web=100, app=100, ads=100)
    assert reached(one) == 30
    assert one.sources.holder is None


class Log:
    """identity.links with one reader, which may restart under other settings."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self._base, self._read = MemoryBase(), 0

    def send(self, out: Out) -> None:
        """What identify emits on its own log."""
        if out.topic == IDENTITY_LINKS:
            self.records.append(Record(IDENTITY_LINKS, 0, len(self.records), 0, None, out.value))

    after = send

    def say(self, **notice: Any) -> None:
        """Put a record on it."""
        self.send(Out(IDENTITY_LINKS, 0, None, orjson.dumps(notice)))

    def life(self, optional: list[SomeSources], *, commits: bool = True) -> Identify:
        """A life of identify, which reads all there is."""
        store = PartitionStore(self._base)
        identify = Identify(store, self, partitions=1, optional=optional)
        identify.load()
        read = self._read
        while read < len(self.records):
            read += identify.process(self.records[read:])
        identify.flush()
        if commits:
            store.settle(Position(0, 0, read, 0))
            self._read = read
        return identify

    def said(self) -> list[list[SomeSources]]:
        """Which sources were said to be optional, one after another."""
        notices = [orjson.loads(record.value or b"") for record in self.records]
        return [notice["sources"] for notice in notices if notice["k"] == "optional"]


def test_settings_take_effect_where_they_come_on_the_log():
    """A restart with another setting says so on the log: what was read before it stands, and is read the same again."""
    log = Log()
    log.say(k="report", sources=[[t, 0, 100, 1] for t in CHANNEL_TOPICS if t != "channels.ads"], version=0, now=None)
    assert reached(log.life([]).rounds) == 0
    assert log.said() == []
    assert reached(log.life([("channels.ads", None)], commits=False).rounds) == 100
    assert reached(log.life([("channels.ads", None)]).rounds) == 100
    assert log.said() == [[["channels.ads", None]]] * 2
    assert reached(log.life([("channels.ads", None)]).rounds) == 100
    assert len(log.said()) == 2
    one = log.life([])
    assert log.said()[2:] == [[]]
    assert one.rounds.sources.holder == ("channels.ads", 0, None)


def test_what_an_operator_has_said_outlives_a_restart():
    """Dead is dead until it is live."""
    log = Log()
    log.say(k="report", sources=[[t, 0, 100, 1] for t in CHANNEL_TOPICS if t != "channels.ads"], version=0, now=None)
    log.say(k="source", topic="channels.ads", partition=None, state="dead", request="r")
    log.life([])
    assert log.life([]).rounds.sources.dead == {("channels.ads", 0)}
