"""What ingest reports of its sources: never a watermark or a version that is not true of all it has sent."""

from __future__ import annotations

import orjson
import pytest
from aiokafka.errors import KafkaConnectionError
from faust.types import TP

from streams.agents.reports import SILENT_MS, Reports

WEB, APP = TP("channels.web", 0), TP("channels.app", 1)


class Broker:
    """Says where partitions end, and when it was asked."""

    def __init__(self, **ends: int) -> None:
        self.ends_at = {WEB: ends.get("web", 5), APP: ends.get("app", 7)}
        self.reachable = True
        self.asked = 0

    async def ends(self, partitions):
        self.asked += 1
        if not self.reachable:
            raise KafkaConnectionError("gone")
        return self.ends_at


class Replica:
    """A version, and up to when nothing can move."""

    def __init__(self, version: int = 3, due: int | None = None) -> None:
        self.version = version
        self.horizon = due
        self.asked = 0

    def due(self) -> int | None:
        self.asked += 1
        return self.horizon

    def busy(self) -> None:
        self.asked = 0


class Clock:
    """A wall clock, and one that nobody sets, in seconds."""

    def __init__(self, now: float = 1_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def reporter(
    broker: Broker, seen: dict, *, wall: bool = True, replica: Replica | None = None, clock: Clock | None = None,
    steady=(),
) -> Reports:  # fmt: skip
    """Reports with 30 s of lateness, at a fixed time unless there is a clock."""
    clock = clock or Clock()
    return Reports(
        broker, seen, replica or Replica(), wall=wall, lateness=30.0, steady=steady, clock=clock, ticks=clock
    )


async def line(reports: Reports, web: int, app: int) -> dict | None:
    """One line at these offsets: the report's value."""
    offsets = {WEB: web, APP: app}
    await reports.prepare(offsets)
    reports.draw(offsets)
    out = reports.report()
    return None if out is None else orjson.loads(out.value)


async def test_watermarks_of_the_wall_clock():
    """Behind the head: highest event time less the lateness; at the head the clock less the lateness, if later."""
    seen = {tuple(WEB): 500_000, tuple(APP): 999_000}
    said = await line(reporter(Broker(web=6), seen), 5, 7)
    assert said == {
        "k": "report",
        "sources": [["channels.web", 0, 470_000, 5], ["channels.app", 1, 970_000, 7]],
        "version": 3,
        "now": 1_000_000,
    }
    said = await line(reporter(Broker(), {}), 5, 6)
    assert [s[2] for s in said["sources"]] == [970_000, None]


async def test_a_clock_that_is_fast_moves_no_watermark_ahead():
    """A producer whose clock is minutes fast does not make everybody else's events late."""
    said = await line(reporter(Broker(), {tuple(WEB): 1_200_000, tuple(APP): 999_000}), 5, 7)
    assert [s[2] for s in said["sources"]] == [970_000, 970_000]


@pytest.mark.parametrize("steady", [[("channels.web", None)], [("channels.web", 0), ("channels.app", 0)]])
async def test_a_steady_source_is_never_idle(steady):
    """At its head, too, it is as far as its last event; of other partitions and topics the wall clock holds."""
    seen = {tuple(WEB): 500_000, tuple(APP): 500_000}
    said = await line(reporter(Broker(), seen, steady=steady), 5, 7)
    assert [s[2] for s in said["sources"]] == [470_000, 970_000]
    said = await line(reporter(Broker(), {}, steady=steady), 5, 7)
    assert [s[2] for s in said["sources"]] == [None, 970_000]


async def test_an_unreachable_broker_moves_no_watermark():
    """Who cannot ask for the end does not know that it is at the head."""
    broker = Broker()
    broker.reachable = False
    said = await line(reporter(broker, {tuple(WEB): 500_000}), 5, 7)
    assert [s[2] for s in said["sources"]] == [470_000, None]


async def test_event_time_reports_no_watermark_at_all():
    """With clock: event only positions and the version are said, and not the time."""
    said = await line(reporter(Broker(), {tuple(WEB): 500_000}, wall=False), 5, 7)
    assert ([s[2] for s in said["sources"]], said["now"]) == ([None, None], None)


async def test_a_report_is_of_the_line_not_of_what_came_since():
    """Event times and versions learnt since the line wait for the next: their outputs may be unsent."""
    seen, replica = {tuple(WEB): 500_000}, Replica(version=3)
    reports = reporter(Broker(web=9), seen, replica=replica)
    await reports.prepare({WEB: 5, APP: 7})
    reports.draw({WEB: 5, APP: 7})
    seen[tuple(WEB)] = 900_000
    replica.version = 4
    said = orjson.loads(reports.report().value)
    assert (said["sources"][0][2], said["version"]) == (470_000, 3)


async def test_nothing_new_is_not_said():
    """With event time only news is reported; with the wall clock its moving on is, once in a while."""
    event = reporter(Broker(), {}, wall=False)
    assert await line(event, 5, 7)
    assert await line(event, 5, 7) is None
    assert await line(event, 6, 7)
    clock = Clock()
    wall = reporter(Broker(), {}, clock=clock)
    assert await line(wall, 5, 7)
    assert await line(wall, 5, 7) is None
    clock.now += 1.0
    assert await line(wall, 5, 7)


async def reported(reports: Reports, broker: Broker, clock: Clock, seconds: float, web: int = 5) -> list[float]:
    """Lines each 200 ms for so long with nothing read: when a report was made, in seconds of the clock."""
    made = []
    end = clock.now + seconds
    while clock.now < end - 0.001:
        clock.now = round(clock.now + 0.2, 1)
        if await line(reports, web, 7):
            made.append(clock.now)
    return made


async def test_no_report_is_sent_while_nothing_can_move():
    """Half an hour of silence: a sign of life a minute instead of a report a second, and the broker is not asked."""
    broker, clock, replica = Broker(), Clock(960.0), Replica(due=960_000 + 3_600_000)
    reports = reporter(broker, {}, clock=clock, replica=replica)
    assert await line(reports, 5, 7)
    asked = broker.asked
    made = await reported(reports, broker, clock, 1_800.0)
    assert len(made) == 30
    assert broker.asked - asked == 30


async def test_workers_give_their_signs_of_life_together():
    """When the clock passes a multiple of the interval, whenever each has started: one round serves all."""
    made = []
    for start in (960.0, 987.4):
        broker, clock = Broker(), Clock(start)
        reports = reporter(broker, {}, clock=clock, replica=Replica(due=10_000_000))
        assert await line(reports, 5, 7)
        made.append((await reported(reports, broker, clock, 300.0))[0])
    assert made == [SILENT_MS * 17 / 1000] * 2


async def test_a_report_is_sent_when_a_timer_falls_due():
    """The first line at which the watermark passes what waits, and each second until it is known to be over."""
    broker, clock, replica = Broker(), Clock(961.0), Replica(due=975_000)
    reports = reporter(broker, {}, clock=clock, replica=replica)
    assert await line(reports, 5, 7)
    assert await reported(reports, broker, clock, 44.0) == []
    assert await reported(reports, broker, clock, 3.0) == [1_005.2, 1_006.2, 1_007.2]
    replica.horizon = 2_000_000
    assert await reported(reports, broker, clock, 10.0) == []


async def test_while_nobody_knows_what_is_due_the_clock_is_reported_each_second():
    """As long as the horizon is unknown anything may be due."""
    broker, clock = Broker(), Clock(961.0)
    reports = reporter(broker, {}, clock=clock, replica=Replica(due=None))
    assert await line(reports, 5, 7)
    assert len(await reported(reports, broker, clock, 10.0)) == 10


async def test_what_is_read_is_reported_at_once_and_ends_the_silence():
    """New positions and versions do not wait, and what was known of the horizon is not asked for meanwhile."""
    broker, clock, replica = Broker(web=9), Clock(961.0), Replica(due=10_000_000)
    reports = reporter(broker, {}, clock=clock, replica=replica)
    assert await line(reports, 5, 7)
    assert await reported(reports, broker, clock, 20.0) == []
    assert replica.asked > 0
    assert await line(reports, 6, 7)
    assert replica.asked == 0
    replica.version = 4
    assert await line(reports, 6, 7)


@pytest.mark.parametrize("wall", [True, False])
async def test_the_first_line_reports_even_if_nothing_was_read(wall):
    """A new owner says at once where its sources stand: identify waits for every one of them."""
    said = await line(reporter(Broker(web=0, app=0), {}, wall=wall), 0, 0)
    assert [s[3] for s in said["sources"]] == [0, 0]
