"""One run of the whole stack over some lines: boot, publish, declare the end, drain, write the outputs, stop."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack, aclosing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from deploy import console, ports
from deploy.errors import UnavailableError
from deploy.operate import broker, clickhouse, draining
from deploy.stack import lines as reading
from deploy.stack import outputs, publishing
from deploy.stack.stack import Plan, Stack
from schemas.topics import CHANNEL_TOPICS, DEAD_LETTERS, OUTPUT_TOPICS

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer
    from rich.progress import Progress

    from schemas.record import Record
    from schemas.settings import Settings

GIVE_UP: Final = 5
"""Crashes in a row of one process after which a run is given up."""
FETCH_BYTES: Final = 16 * 1024 * 1024


async def play(
    files: Sequence[str], *, settings: Settings, workers: int, out: Path | None, folder: Path | None, kafka: str | None
) -> dict[str, Any]:
    """The report of one run of the stack with so many `workers`; with `out`, its topics and views are files there.

    `folder` keeps the stack's data and logs; `kafka` is used instead of the embedded broker and must hold no input.
    Raises BadInputError, UnavailableError.
    """
    with ExitStack() as exits:
        place = folder or Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="winback-")))
        kafka_port, http_port = ports.free(2)
        group = settings.group if kafka is None else f"{settings.group}-{uuid4().hex[:8]}"
        plan = Plan(
            place.resolve(), workers, kafka_port, http_port, (), kafka=kafka, give_up=GIVE_UP,
            env={"WINBACK_CLOCK": settings.clock, "WINBACK_GROUP": group},
        )  # fmt: skip
        shown = exits.enter_context(console.progress())
        booting = shown.add_task("boot", total=1)
        async with Stack(
            plan, say=partial(shown.console.print, soft_wrap=True, markup=False, highlight=False)
        ) as stack:
            shown.update(booting, completed=1)
            run = _Run(stack.settings, shown)
            await stack.during(asyncio.create_task(run.feed(files)))
            found = await stack.during(asyncio.create_task(run.collect(stack, out)))
            stopping = shown.add_task("stop", total=1)
        shown.update(stopping, completed=1)
        return found


class _Run:
    def __init__(self, settings: Settings, shown: Progress) -> None:
        self.settings, self.shown, self.records = settings, shown, 0

    async def feed(self, files: Sequence[str]) -> None:
        """Publish, declare the end, wait until streams and then sinks are through."""
        async with aclosing(_Client(self.settings)) as client, aclosing(_Client(self.settings)) as links:
            await asyncio.gather(client.start(), links.start())
            if any((await draining.ends(client.consumer, CHANNEL_TOPICS, self.settings)).values()):
                raise UnavailableError(
                    f"Kafka at {self.settings.kafka} holds events already; `once` needs topics of its own"
                )
            lines = reading.read(files, self.settings.partitions, event_clock=self.settings.clock == "event")
            self.records, _ = await publishing.publish(self.settings, lines, report=self._bar("publish"))
            offset, positions = await draining.declare_end(client.consumer, self.settings)
            drained = asyncio.create_task(draining.drained(links.consumer, offset))
            await asyncio.to_thread(clickhouse.warm)
            async with broker.admin(self.settings, wait=draining.BROKER_WAIT) as admin:
                groups = (self.settings.group, f"{self.settings.group}-sinks")
                stuck = asyncio.create_task(draining.stuck(admin, groups))
                try:
                    await self._first(draining.committed(admin, groups[0], positions, self._bar("ingest")), stuck)
                    sealing = self._bar("settle")
                    sealing(0, 1)
                    await self._first(drained, stuck)
                    sealing(1, 1)
                    written = await draining.ends(client.consumer, clickhouse.topics(), self.settings)
                    await self._first(draining.committed(admin, groups[1], written, self._bar("sinks")), stuck)
                finally:
                    stuck.cancel()
                    drained.cancel()

    async def collect(self, stack: Stack, out: Path | None) -> dict[str, Any]:
        """The report; with `out`, also the files. The workers are done and stop meanwhile."""
        letters, report, _ = await asyncio.gather(
            self._topics(out), asyncio.to_thread(clickhouse.last_report, self.settings, out), stack.stop_workers()
        )
        return outputs.accounted(self.records, letters, report)

    async def _topics(self, out: Path | None) -> list[Record]:
        """The dead letters; with `out`, every output topic becomes a file there."""
        async with aclosing(_Client(self.settings)) as client:
            await client.start()
            topics = (DEAD_LETTERS,) if out is None else OUTPUT_TOPICS
            written = await draining.ends(client.consumer, topics, self.settings)
            records = await outputs.from_broker(client.consumer, written)
        if out is not None:
            await asyncio.to_thread(outputs.write_topics, out, records)
        return records[DEAD_LETTERS]

    async def _first(self, work: Any, stuck: asyncio.Task[None]) -> None:
        task = asyncio.ensure_future(work)
        await asyncio.wait({task, stuck}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            task.cancel()
            await stuck
        await task

    def _bar(self, name: str) -> Callable[..., None]:
        task = self.shown.add_task(name, total=None)

        def report(done: int, total: int | None = None) -> None:
            self.shown.update(task, completed=done, total=total if total is not None else done)

        return report


class _Client:
    """A consumer without a group."""

    def __init__(self, settings: Settings) -> None:
        from aiokafka import AIOKafkaConsumer

        self.consumer: AIOKafkaConsumer = AIOKafkaConsumer(
            **settings.aiokafka(), enable_auto_commit=False, max_partition_fetch_bytes=FETCH_BYTES, fetch_max_wait_ms=50
        )

    async def start(self) -> None:
        from infra.fetching import pace

        await self.consumer.start()
        pace(self.consumer)

    async def aclose(self) -> None:
        await self.consumer.stop()
