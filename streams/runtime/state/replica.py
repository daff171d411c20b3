"""The replica of `identity.assignments` that every ingest worker keeps in memory: which profile an identifier is of.

It is a hint: a stale entry costs a hand-over between partitions, never a wrong result. But what a worker tells
identify it has read (`version`) must be true of every event it sends from then on.

While nothing comes in, the same consumer follows the end of `identity.links` as well, for the `horizon`
(streams/core/watermark/horizon.py); while something does, nobody asks for that, and a busy log is not read a second
time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from faust.types import TP

from infra.fetching import pace
from schemas.settings import Settings
from schemas.topics import IDENTITY_ASSIGNMENTS, IDENTITY_LINKS
from streams.core.watermark.horizon import Horizon
from streams.runtime.state import beyond
from streams.runtime.state.broker import Probe
from streams.runtime.state.owners import Owners

log = structlog.get_logger("winback.replica")

_TP: Final = TopicPartition(IDENTITY_ASSIGNMENTS, 0)
_LINKS: Final = TopicPartition(IDENTITY_LINKS, 0)
_REWIND: Final = 100
"""Records of `identity.links` that are read again where following begins: the last rounds, so that nobody need wait for
one more, which would have to be reported for."""


class Replica:
    """`owners`: identifier hash -> profile id; `version`: that of the youngest assignment applied, 0 if none.

    `fail` is called with whatever ends the reading.
    """

    def __init__(self, settings: Settings, probe: Probe, fail: Callable[[BaseException], None]) -> None:
        self._known = Owners()
        self.owners: Mapping[str, str] = self._known.of
        self.erased: Mapping[str, int] = self._known.erased
        self.horizon = Horizon(settings.partitions)
        self._following = False
        self._followed = False
        self._next = -1
        """The first record of `identity.links` that the horizon has not been fed, -1 for none."""
        self._from = 0
        """Where that log ended when following began: before this has been read the horizon may be of the past."""
        self._probe = probe
        self._fail = fail
        self._read = 0
        self._moved = asyncio.Event()
        self._consumer = AIOKafkaConsumer(
            **settings.aiokafka(),
            client_id=f"{settings.group}-replica",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=4 * 1024 * 1024,
            fetch_max_wait_ms=500,
        )
        self._task: asyncio.Task[None] | None = None

    @property
    def version(self) -> int:
        """Of the youngest assignment applied."""
        return self._known.version

    def due(self) -> int | None:
        """The horizon's, which is followed from now on; None while it is unknown."""
        self._following = True
        return self.horizon.due if self._followed and self._next >= self._from else None

    def busy(self) -> None:
        """Something has come in: the horizon is not followed until somebody asks for it again."""
        self._following = False

    async def start(self) -> None:
        """Begin to read from the oldest assignment on."""
        await self._consumer.start()
        pace(self._consumer)
        self._consumer.assign([_TP, _LINKS])
        self._consumer.pause(_LINKS)
        await self._consumer.seek_to_beginning(_TP)
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop reading."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        await self._consumer.stop()

    async def catch_up(self) -> None:
        """Return when everything that was on the topic at this call has been applied."""
        end = (await self._probe.ends([_TP]))[_TP]
        while self._read < end:
            self._moved.clear()
            await self._moved.wait()

    async def _run(self) -> None:
        try:
            while True:
                if self._following != self._followed:
                    await self._turn()
                polled = await self._consumer.getmany(timeout_ms=1_000, max_records=10_000)
                records = polled.get(_TP, ())
                if records:  # aiokafka begins anew when what it asks for is beyond the end
                    beyond.check(TP(*_TP), self._read, records[0].offset)
                for record in records:
                    self._known.apply(record.key, record.value)
                if self._followed:
                    for record in polled.get(_LINKS, ()):
                        self.horizon.take(record.offset, record.value)
                    self._next = await self._consumer.position(_LINKS)
                self._read = await self._consumer.position(_TP)
                self._moved.set()
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the worker cannot go on without its replica
            self._fail(error)

    async def _turn(self) -> None:
        """Begin to follow `identity.links` a little before its present end, or where it was left; or stop."""
        if self._following:
            first, end = (await self._probe.begins([_LINKS]))[_LINKS], (await self._probe.ends([_LINKS]))[_LINKS]
            self._from = end
            if not max(first, end - _REWIND) <= self._next <= end:
                self._next = max(first, end - _REWIND)
                self.horizon.begin(self._next)
            self._consumer.seek(_LINKS, self._next)
            self._consumer.resume(_LINKS)
            self._followed = True
        else:
            self._consumer.pause(_LINKS)
            self._followed = False
