"""What ingest reports of its sources: never a watermark or a version that is not true of all it has sent."""

from __future__ import annotations

import orjson
import pytest
from aiokafka.errors import KafkaConnectionError
from faust.types import TP

from streams.agents import reports as reporting
from streams.agents.reports import Reports

WEB, APP = TP("channels.web", 0), TP("channels.app", 1)


class Broker:
    """Says where partitions end, and when it was asked."""

    def __init__(self, **ends: int) -> None:
        self.ends_at = {WEB: ends.get("web", 5), APP: ends.get("app", 7)}
        self.reachable = True

    async def ends(self, partitions):
        if not self.reachable:
            raise KafkaConnectionError("gone")
        return self.ends_at


def reporter(
    broker: Broker, seen: dict, *, wall: bool = True, version=lambda: 3, now: float = 1_000.0, steady=()
) -> Reports:
    """Reports with 30 s of lateness at a fixed time."""
    return Reports(broker, seen, version, wall=wall, lateness=30.0, steady=steady, clock=lambda: now)


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
    seen, version = {tuple(WEB): 500_000}, [3]
    reports = reporter(Broker(web=9), seen, version=lambda: version[0])
    await reports.prepare([WEB, APP])
    reports.draw({WEB: 5, APP: 7})
    seen[tuple(WEB)] = 900_000
    version[0] = 4
    said = orjson.loads(reports.report().value)
    assert (said["sources"][0][2], said["version"]) == (470_000, 3)


async def test_nothing_new_is_not_said(monkeypatch):
    """With event time only news is reported; with the wall clock its moving on is, once in a while."""
    event = reporter(Broker(), {}, wall=False)
    assert await line(event, 5, 7)
    assert await line(event, 5, 7) is None
    assert await line(event, 6, 7)
    wall = reporter(Broker(), {})
    assert await line(wall, 5, 7)
    assert await line(wall, 5, 7) is None
    monkeypatch.setattr(reporting, "IDLE_EVERY", 0.0)
    assert await line(wall, 5, 7)


@pytest.mark.parametrize("wall", [True, False])
async def test_the_first_line_reports_even_if_nothing_was_read(wall):
    """A new owner says at once where its sources stand: identify waits for every one of them."""
    said = await line(reporter(Broker(web=0, app=0), {}, wall=wall), 0, 0)
    assert [s[3] for s in said["sources"]] == [0, 0]
