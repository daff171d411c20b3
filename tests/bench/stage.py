"""One stage by itself: `python -m tests.bench.stage copy|ingest|journey|sinks`, settings from the environment.

Reads what is on its topics, prints what that took (JSON, from the first chunk to the last commit) and ends.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import orjson
from faust.types import TP

from schemas.settings import Settings
from schemas.topics import CHANNEL_TOPICS, PROFILE_EVENTS
from sinks.clickhouse.consumer import SinkConsumer
from sinks.clickhouse.rows import BY_TOPIC
from sinks.clickhouse.service import _open as open_clickhouse
from streams.agents.ingest import ingest
from streams.agents.journey import journey
from streams.runtime.faust_shell.app import WinbackApp
from streams.worker import configure_logging, run
from tests.bench.copy_loop import copy
from tests.bench.meters import Meter, Run

LOOK = 0.01
AGENTS = {"ingest": (ingest, CHANNEL_TOPICS), "journey": (journey, (PROFILE_EVENTS,))}


def tell(measured: Run) -> None:
    """Print a run."""
    sys.stdout.buffer.write(orjson.dumps({"events": measured.events, "seconds": measured.seconds, "cpu": measured.cpu}))
    sys.stdout.flush()


def worker_of(name: str) -> Callable[[Settings], WinbackApp]:
    """Builds a worker that has one agent only, and ends when that has read and committed everything."""
    agent, topics = AGENTS[name]

    def make(settings: Settings) -> WinbackApp:
        app = WinbackApp(settings)
        agent(app)
        began: list[Meter] = []
        feed = app.engine.feed

        def fed(message: Any) -> None:
            if not began:
                began.append(Meter({}, "stage"))
            feed(message)

        app.engine.feed = fed  # type: ignore[method-assign]
        make.watch = asyncio.ensure_future(_watch(app, topics, began))  # type: ignore[attr-defined] # keeps it alive
        return app

    return make


async def _watch(app: WinbackApp, topics: tuple[str, ...], began: list[Meter]) -> None:
    tps = [TP(topic, p) for topic in topics for p in range(app.settings.partitions)]
    while not began:  # noqa: ASYNC110 - Faust has no event for it
        await asyncio.sleep(LOOK)
    ends = await app.engine.probe.ends(tps)
    committed = app.engine.consumer._committed_offset
    while any((committed.get(tp) or 0) < end for tp, end in ends.items()):  # noqa: ASYNC110
        await asyncio.sleep(LOOK)
    tell(began[0].stop(sum(ends.values())))
    os.kill(os.getpid(), signal.SIGTERM)


class _Sinks(SinkConsumer):
    """Remembers when it began and what it has committed."""

    began: Meter | None = None

    def _take_off(self) -> None:
        self.began = self.began or Meter({}, "stage")
        super()._take_off()


async def sinks(settings: Settings) -> Run:
    """Write the rows of every output record there is."""
    consumer = _Sinks(settings, open_clickhouse(settings))
    running = asyncio.create_task(consumer.run())
    while consumer.began is None:  # noqa: ASYNC110
        await asyncio.sleep(LOOK)
    tps = [tp for tp in consumer.consumer.assignment() if tp.topic in BY_TOPIC]
    ends = await consumer.consumer.end_offsets(tps)
    for tp, end in ends.items():
        while (await consumer.consumer.committed(tp) or 0) < end:  # noqa: ASYNC110
            await asyncio.sleep(LOOK)
    measured = consumer.began.stop(sum(ends.values()))
    consumer.stop()
    await running
    return measured


def main(name: str) -> int:
    """Run a stage; the exit code."""
    settings = Settings()
    if name in AGENTS:
        return run(settings, worker_of(name))
    configure_logging(settings)
    tell(asyncio.run(copy(settings) if name == "copy" else sinks(settings)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
