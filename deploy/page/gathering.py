"""Gathers the page's state while somebody looks, once for all who look; nothing is asked while nobody does."""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any, Final, NamedTuple, Protocol

import orjson

from deploy.errors import UnavailableError
from deploy.page import numbers
from deploy.page.pace import Pace
from deploy.page.processes import Process
from deploy.page.questions import QUESTIONS, Question
from deploy.page.samples import Look, Sample, Shown

EVERY: Final = 2.0
"""Seconds between looks at metrics while somebody looks at the page."""
SINKS_EVERY: Final = 5.0
"""Seconds between looks at those of the sinks: what the page takes from them is bounded."""
SINKS_IDLE: Final = 10.0
"""The same while no event comes in."""
SPAN: Final = 10.0
"""Seconds that a rate is of, about."""
LOOKS: Final = 90
"""Looks of the history: three minutes."""
SINKS: Final = "winback_sink_rows_total"

Scrape = Callable[[str], Awaitable[Mapping[str, tuple[Sample, ...]] | None]]
"""Gives the samples at an address (host:port); None when nothing answers."""


class Database(Protocol):
    """What the page asks of ClickHouse (deploy/page/clickhouse.py)."""

    def days(self) -> tuple[date, date] | None:
        """The first and the last day of the page's totals; None without an event."""

    def ask(self, question: Question, days: tuple[date, date]) -> Any:
        """The part of the page that a `question` is about, over `days`."""

    def close(self) -> None:
        """Let the connection go."""


class State(NamedTuple):
    """The page's state as JSON, and the tag that changes with it."""

    body: bytes
    tag: str


class Gatherer:
    """The state of now, at most EVERY seconds old.

    `find` tells the processes, `scrape` what they show, `database` answers questions. `clock` gives epoch seconds,
    `lateness` is in seconds.
    """

    def __init__(
        self, find: Callable[[], Iterable[Process]], scrape: Scrape, database: Database, *, lateness: float,
        clock: Callable[[], float],
    ) -> None:  # fmt: skip
        self._find, self._scrape, self._database = find, scrape, database
        self._lateness, self._clock = lateness, clock
        self._looks: deque[Look] = deque(maxlen=round(SPAN / EVERY) + 1)
        self._history: deque[float] = deque(maxlen=LOOKS)
        self._pace = Pace()
        self._answers: dict[str, Any] = {question.name: [] for question in QUESTIONS}
        self._asked: dict[str, dict[str, Any]] = {}
        self._days: tuple[date, date] | None = None
        self._state: State | None = None
        self._one = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="clickhouse")
        self._asking: asyncio.Task[None] | None = None

    async def state(self) -> State:
        """The state of now, for somebody who looks."""
        async with self._one:
            now = self._clock()
            if self._state is None or not self._looks or now - self._looks[-1].at >= EVERY:
                await self._look(now)
                if self._asking is None or self._asking.done():
                    self._asking = asyncio.create_task(self._ask())
                self._state = self._made()
            return self._state

    async def settled(self) -> None:
        """Returns when what is being asked of ClickHouse has been answered."""
        if self._asking is not None:
            await self._asking

    async def close(self) -> None:
        """Ask nothing any more."""
        if self._asking is not None:
            self._asking.cancel()
        self._thread.shutdown(wait=True, cancel_futures=True)
        self._database.close()

    async def _look(self, now: float) -> None:
        if self._looks and now - self._looks[-1].at > EVERY * LOOKS:
            self._looks.clear()  # nobody has looked for long: a rate over that time would tell of no time
            self._history.clear()
        last = {process.name: process for process in self._looks[-1].processes} if self._looks else {}
        busy = self._busy()
        found = await asyncio.gather(*(self._shown(one, last.get(one.name), now, busy=busy) for one in self._find()))
        self._looks.append(Look(now, tuple(found)))
        if len(self._looks) > 1:
            self._history.append(numbers.events_a_second((self._looks[-2], self._looks[-1])))

    async def _shown(self, process: Process, last: Shown | None, now: float, *, busy: bool) -> Shown:
        if not process.address:
            return Shown(process.name, "", now, {} if process.runs else None, process.restarts)
        rest = SINKS_EVERY if busy else SINKS_IDLE
        of_sinks = last is not None and last.address == process.address and SINKS in (last.by_metric or {})
        if last is not None and of_sinks and now - last.at < rest:
            return last
        return Shown(process.name, process.address, now, await self._scrape(process.address), process.restarts)

    def _busy(self) -> bool:
        """Whether events have come in lately."""
        metric = "winback_events_total"
        return len(self._looks) < 2 or self._looks[-1].total(metric) != self._recent()[0].total(metric)

    def _recent(self) -> list[Look]:
        """The looks of the last SPAN seconds, two at least if there are two."""
        looks = list(self._looks)
        recent = [look for look in looks if looks[-1].at - look.at <= SPAN]
        return recent if len(recent) > 1 else looks[-2:]

    async def _ask(self) -> None:
        """Ask what is due, one question after another."""
        sinks = [process for process in self._looks[-1].processes if process.number(SINKS) is not None]
        rows = self._looks[-1].by(SINKS, "table") if sinks else None
        used = [process.number("process_cpu_seconds_total") for process in sinks]
        self._pace.account.credit(sum(one for one in used if one is not None) if any(used) else None)
        due = [question for question in QUESTIONS if self._pace.due(question, self._clock(), rows)]
        for nth, question in enumerate(due):
            began, error = self._clock(), ""
            try:
                if nth == 0:
                    self._days = await self._run(self._database.days)
                if self._days is not None:
                    self._answers[question.name] = await self._run(self._database.ask, question, self._days)
            except UnavailableError as problem:
                error = str(problem)
            took, empty = self._clock() - began, not self._answers[question.name]
            self._pace.asked(question, began, took, rows, failed=bool(error), empty=empty)
            self._asked[question.name] = {"at": numbers.moment(began), "took": round(took, 3), "error": error}

    async def _run(self, work: Callable[..., Any], *given: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *given)

    def _made(self) -> State:
        looks, recent = list(self._looks), self._recent()
        state: dict[str, Any] = {
            "events": {**numbers.events(recent), "history": list(self._history)},
            "flow": numbers.flow(looks[-1]),
            "time": numbers.time_held(looks[-1], self._lateness),
            "carts_now": numbers.carts(looks[-1]),
            "dead_letters": numbers.dead_letters(looks[-1]),
            **numbers.outcomes(looks[-1]),
            "processes": numbers.processes(recent),
            "days": [day.isoformat() for day in self._days] if self._days else None,
            "asked": self._asked,
            **self._answers,
        }
        state["problems"] = numbers.problems(state)
        body = orjson.dumps(state)
        return State(body, f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"')
