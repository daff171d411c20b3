"""The watchdog: a worker that stands still while records wait, or that is no member any more, ends instead of staying.

It looks from two sides. In the event loop it asks the broker how far each partition goes, so that a consumer that has
silently stopped fetching is seen as well. From a thread of its own it sees the event loop itself stand still, in a
computation that does not end, and then it ends the process.
"""

from __future__ import annotations

import asyncio
import faulthandler
import os
import sys
import threading
from time import monotonic

import structlog
from aiokafka.errors import KafkaError
from faust.types import TP

from streams.metrics import CONSUMER_LAG
from streams.runtime.errors import GroupMovedError, StalledError, WorkerError
from streams.runtime.faust_shell.engine import Engine
from streams.runtime.state import beyond

log = structlog.get_logger("winback.watchdog")

EXIT_STALLED = 70
_LAG_EVERY = 5.0
_LOOK_EVERY = 1.0


class Pulses:
    """Finds the partition that has waited too long: more than `timeout` seconds."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._since: dict[TP, tuple[int, float]] = {}

    def check(self, tp: TP, steps: int, waiting: int, now: float) -> None:
        """Raises StalledError when nothing has been done for a partition for the timeout and records wait.

        `steps` goes up with what is done, `waiting` counts the records, `now` is in seconds of a clock that nobody
        sets.
        """
        seen = self._since.get(tp)
        if waiting <= 0 or seen is None or seen[0] != steps:
            self._since[tp] = (steps, now)
        elif now - seen[1] > self._timeout:
            raise StalledError(
                f"{tp.topic} partition {tp.partition}: {waiting} records waiting and nothing done for "
                f"{now - seen[1]:.0f} s (WINBACK_STALL_TIMEOUT {self._timeout:g}); the worker stops to be started again"
            )

    def keep(self, open_now: set[TP]) -> None:
        """Forget partitions that are not open."""
        for tp in [tp for tp in self._since if tp not in open_now]:
            del self._since[tp]


class Watchdog:
    """Started with the worker, stopped before it stops."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._timeout = engine.settings.stall_timeout
        self._pulses = Pulses(self._timeout)
        self._ends: dict[TP, int] = {}
        self._beat = monotonic()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch_loop, name="watchdog", daemon=True)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to watch."""
        self._beat = monotonic()
        self._thread.start()
        self._tasks = [asyncio.ensure_future(self._look()), asyncio.ensure_future(self._ask())]

    async def stop(self) -> None:
        """Stop watching."""
        self._done.set()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _look(self) -> None:
        while True:
            self._beat = monotonic()
            try:
                self._engine.membership.guard()
                self._check()
            except GroupMovedError:
                log.debug("the group has moved on")
            except WorkerError as error:
                self._engine.fail(error)
                return
            await asyncio.sleep(_LOOK_EVERY)

    def _check(self) -> None:
        now = monotonic()
        since = self._engine.waiting_since
        if since is not None and now - since > self._timeout:
            raise StalledError(
                f"the group {self._engine.settings.group} has not said for {now - since:.0f} s which partitions are "
                f"this worker's (WINBACK_STALL_TIMEOUT {self._timeout:g}); the worker stops to be started again"
            )
        open_now: set[TP] = set()
        for agent in self._engine.agents():
            for tp, pulse in agent.pulses().items():
                open_now.add(tp)
                behind = self._ends.get(tp, 0) - pulse.offset
                self._pulses.check(tp, pulse.steps, max(pulse.waiting, behind), now)
        self._pulses.keep(open_now)

    async def _ask(self) -> None:
        shown: set[TP] = set()
        while True:
            pulses = {tp: pulse for agent in self._engine.agents() for tp, pulse in agent.pulses().items()}
            try:
                self._ends = await self._engine.probe.ends(pulses) if pulses else {}
                for tp, pulse in pulses.items():
                    beyond.check(tp, pulse.offset + pulse.waiting, self._ends[tp])
            except WorkerError as error:
                self._engine.fail(error)
                return
            except (KafkaError, OSError) as error:
                log.warning(
                    "cannot ask Kafka how far the partitions go", kafka=self._engine.settings.kafka, error=str(error)
                )
            for tp in shown - pulses.keys():
                CONSUMER_LAG.remove(tp.topic, str(tp.partition))
            for tp, pulse in pulses.items():
                CONSUMER_LAG.labels(tp.topic, str(tp.partition)).set(max(0, self._ends.get(tp, 0) - pulse.offset))
            shown = set(pulses)
            await asyncio.sleep(_LAG_EVERY)

    def _watch_loop(self) -> None:
        while not self._done.wait(1.0):
            still = monotonic() - self._beat
            if still > self._timeout:
                log.critical(
                    "nothing has run in this worker for too long; it is ended", seconds=round(still), exit=EXIT_STALLED
                )
                faulthandler.dump_traceback(sys.stderr)
                sys.stderr.flush()
                os._exit(EXIT_STALLED)
