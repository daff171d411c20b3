"""What the page asks, and when: once for all who look, nothing while nobody does, and what it keeps is bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date
from typing import Any

import orjson
import pytest

from deploy.errors import UnavailableError
from deploy.page import samples
from deploy.page.gathering import EVERY, LOOKS, SINKS_EVERY, SINKS_IDLE, Gatherer
from deploy.page.processes import Process
from deploy.page.questions import QUESTIONS, Question

DAYS = (date(2026, 1, 1), date(2026, 1, 30))


class World:
    """Two processes, a database and a clock, all made up; what was asked of each is counted."""

    def __init__(self) -> None:
        self.now, self.events, self.rows, self.cpu = 1e9, 0, 0, 0.0
        self.scraped: list[str] = []
        self.asked: list[str] = []
        self.days_asked, self.fails, self.days_known = 0, "", True
        self.down: set[str] = set()
        self.closed = False
        self.gatherer = Gatherer(
            lambda: [Process("streams-1", "w:1", 0), Process("sinks", "s:1", 0)], self.scrape, self, lateness=30,
            clock=lambda: self.now,
        )  # fmt: skip

    async def scrape(self, address: str) -> Mapping[str, tuple[samples.Sample, ...]] | None:
        """What a process shows."""
        self.scraped.append(address)
        if address in self.down:
            return None
        if address == "w:1":
            return samples.read(f'winback_events_total{{channel="web",outcome="accepted"}} {self.events}\n')
        rows = "".join(f'winback_sink_rows_total{{table="{t}"}} {self.rows}\n' for t in ("decisions", "messages"))
        return samples.read(f"{rows}process_cpu_seconds_total {self.cpu}\n")

    def days(self) -> tuple[date, date] | None:
        """The days of the totals."""
        self.days_asked += 1
        return DAYS if self.days_known else None

    def ask(self, question: Question, days: tuple[date, date]) -> Any:
        """An answer."""
        if self.fails:
            raise UnavailableError(self.fails)
        assert days == DAYS
        self.asked.append(question.name)
        return [{"answer": len(self.asked)}]

    def close(self) -> None:
        """The connection is let go."""
        self.closed = True

    async def look(self, after: float = 0.0) -> dict[str, Any]:
        """Somebody looks, some seconds later."""
        self.now += after
        body, _ = await self.gatherer.state()
        await self.gatherer.settled()
        found: dict[str, Any] = orjson.loads(body)
        return found


@pytest.fixture
async def world() -> Any:
    """A world, in which nobody has looked yet."""
    made = World()
    yield made
    await made.gatherer.close()
    assert made.closed


async def test_nothing_is_asked_while_nobody_looks(world: World) -> None:
    """Not before the first look, and not after the last one, however long."""
    world.now += 3_600
    assert world.scraped == world.asked == []
    await world.look()
    before = len(world.scraped)
    world.now += 3_600
    world.rows += 10
    await asyncio.sleep(0)
    assert len(world.scraped) == before


async def test_all_pages_share_one_look(world: World) -> None:
    """A hundred open pages cost what one does, and have the same state with the same tag."""
    states = await asyncio.gather(*(world.gatherer.state() for _ in range(100)))
    await world.gatherer.settled()
    assert sorted(world.scraped) == ["s:1", "w:1"]
    assert world.asked == [question.name for question in QUESTIONS]
    assert len(set(states)) == 1


async def test_the_sinks_are_asked_less_often(world: World) -> None:
    """Workers at each look; the sinks every few seconds while events come in, and seldom while none does."""
    for _ in range(60):
        world.events += 5
        await world.look(EVERY)
    assert world.scraped.count("w:1") == 60
    assert world.scraped.count("s:1") <= 60 * EVERY / SINKS_EVERY + 1
    await world.look(20)
    world.scraped.clear()
    for _ in range(60):
        await world.look(EVERY)
    assert world.scraped.count("w:1") == 60
    assert world.scraped.count("s:1") <= 60 * EVERY / SINKS_IDLE + 1


async def test_an_idle_page_asks_clickhouse_nothing(world: World) -> None:
    """After the first answers, an hour in which nothing is written costs no query, and changes no tag."""
    for _ in range(LOOKS + 1):
        await world.look(EVERY)
    assert world.asked == [question.name for question in QUESTIONS]
    world.asked.clear()
    world.days_asked = 0
    tags = set()
    for _ in range(1_800):
        await world.look(EVERY)
        tags.add((await world.gatherer.state()).tag)
    assert world.asked == []
    assert world.days_asked == 0
    assert len(tags) == 1


async def test_what_is_kept_is_bounded(world: World) -> None:
    """An hour of events leaves so many looks, and a state of the same size."""
    for _ in range(LOOKS + 5):
        world.events += 1_000
        await world.look(EVERY)
    size = len((await world.gatherer.state()).body)
    for _ in range(1_800):
        world.events += 1_000
        await world.look(EVERY)
    assert len(world.gatherer._history) == LOOKS
    assert len(world.gatherer._looks) < LOOKS
    assert len((await world.gatherer.state()).body) <= size + 50


async def test_new_rows_are_asked_for(world: World) -> None:
    """Decisions that were written are there a few seconds later."""
    await world.look()
    world.asked.clear()
    world.rows, world.cpu, world.events = 7, 100.0, 1
    for _ in range(6):
        await world.look(EVERY)
    assert world.asked == ["decisions"]
    assert (await world.look(EVERY))["decisions"] == [{"answer": 1}]


async def test_a_database_that_does_not_answer_is_told(world: World) -> None:
    """The page goes on with what it has, and says what ClickHouse said."""
    await world.look()
    good = await world.look(EVERY)
    assert good["asked"]["carts"]["error"] == ""
    world.fails, world.rows, world.cpu, world.events = "ClickHouse is away", 7, 1_000.0, 1
    for _ in range(7):
        state = await world.look(EVERY)
    assert state["decisions"] == good["decisions"]
    assert state["problems"] == ["ClickHouse did not tell of decisions: ClickHouse is away"]


async def test_an_empty_database_is_asked_for_its_days_alone(world: World) -> None:
    """Before the first event no dear question is asked."""
    world.days_known = False
    await world.look()
    assert (await world.look(EVERY))["days"] is None
    assert world.asked == []


async def test_a_process_that_is_gone_and_comes_back(world: World) -> None:
    """It is down at the next look, and up again as soon as it answers."""
    await world.look()
    world.down = {"w:1"}
    state = await world.look(EVERY)
    assert [process["up"] for process in state["processes"]] == [False, True]
    assert state["problems"] == ["streams-1 does not answer at w:1."]
    world.down = set()
    assert [process["up"] for process in (await world.look(EVERY))["processes"]] == [True, True]
