"""A worker with one small task in place of the three agents, chosen by SMALL_TASK, for the runtime's own tests."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from schemas.record import Out, Record
from schemas.settings import Settings
from schemas.topics import CHANNEL_TOPICS, IDENTITY_LINKS, JOURNEY_CHANGELOG, PROFILE_EVENTS, STITCHED_EVENTS
from streams.core.protocol.ports import Emit, Store
from streams.runtime.faust_shell.agent_partitions import IntakeAgentPartitions, KeyedAgentPartitions
from streams.runtime.faust_shell.app import WinbackApp
from streams.runtime.faust_shell.membership import GroupTiming
from streams.worker import run

if seconds := os.environ.get("SMALL_RESTORE"):
    restore = KeyedAgentPartitions._restore

    async def slowly(self: KeyedAgentPartitions, *given: Any) -> Any:
        """As long as it takes to restore much more."""
        await asyncio.sleep(float(seconds))
        return await restore(self, *given)

    KeyedAgentPartitions._restore = slowly


class Counting:
    """Counts records by key and emits each with its count."""

    def __init__(self, partition: int, store: Store, emit: Emit) -> None:
        self.partition = partition
        self.store = store
        self.emit = emit

    def load(self) -> None:
        self.total = int(self.store.get(b"total") or b"0")

    def process(self, records: Sequence[Record]) -> int:
        for record in records:
            self.one(record)
            name = b"c" + (record.key or b"")
            count = int(self.store.get(name) or b"0") + 1
            self.store.put(name, b"%d" % count)
            self.total += 1
            self.emit.send(Out(STITCHED_EVENTS, self.partition, record.key, record.value))
        return len(records)

    def one(self, record: Record) -> None:
        """What a subclass does to a record."""

    def flush(self) -> None:
        self.store.put(b"total", b"%d" % self.total)


class Raising(Counting):
    """Fails at a poison record, with its value in the message."""

    def one(self, record: Record) -> None:
        if (record.value or b"").startswith(b"poison"):
            raise ValueError(f"cannot take {record.value!r}")


class Hanging(Counting):
    """Never comes back from a poison record."""

    def one(self, record: Record) -> None:
        while record.value == b"poison":
            pass


class Misdirected(Counting):
    """Sends to a partition that is not there, at a poison record."""

    def one(self, record: Record) -> None:
        if record.value == b"poison":
            self.emit.send(Out(STITCHED_EVENTS, 99, b"k", b"v"))


class Echo:
    """An intake that copies records, and reports positions."""

    def __init__(self, emit: Emit) -> None:
        self.emit = emit
        self.drawn: Mapping[Any, int] | None = None
        self.said: Mapping[Any, int] | None = None

    def process(self, records: Sequence[Record]) -> None:
        for record in records:
            self.emit.send(Out(STITCHED_EVENTS, record.partition, record.key, record.value))

    async def prepare(self, partitions: object) -> None:
        """Nothing to ask."""

    def draw(self, offsets: Mapping[Any, int]) -> None:
        self.drawn = dict(offsets)

    def report(self) -> Out | None:
        if self.drawn == self.said:
            return None
        self.said = self.drawn
        text = ";".join(f"{tp.topic},{tp.partition},{offset}" for tp, offset in sorted(self.drawn.items()))
        return Out(IDENTITY_LINKS, 0, None, text.encode())


def build(settings: Settings) -> WinbackApp:
    """An app with the task asked for."""
    task, session = os.environ["SMALL_TASK"], os.environ.get("SMALL_SESSION")
    timing = GroupTiming(session=float(session), heartbeat=float(session) / 5) if session else GroupTiming()
    app = WinbackApp(settings, timing)
    if task == "echo":
        partitions: Any = IntakeAgentPartitions(
            app.engine, "echo", CHANNEL_TOPICS, lambda emit, _: (one := Echo(emit), one)
        )
    else:
        kind = {
            "counting": Counting,
            "raising": Raising,
            "hanging": Hanging,
            "misdirected": Misdirected,
            "deaf": Counting,
        }
        partitions = KeyedAgentPartitions(app.engine, "journey", PROFILE_EVENTS, JOURNEY_CHANGELOG, kind[task])
    if task == "deaf":  # as if the consumer had silently stopped fetching
        partitions.full = lambda _tp: True
        app.engine.resume_at = lambda: (
            app.engine.consumer.full.update(partitions.resume_at()),
            partitions.resume_at(),
        )[1]

    @app.feeding(partitions)
    async def agent(stream: Any) -> None:
        async for chunk in app.chunks(stream):
            app.engine.feed(chunk)

    return app


if __name__ == "__main__":
    sys.exit(run(Settings(), build))
