"""The Faust app of a worker: chunks in, agents that only feed, nothing else of Faust switched on."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Sequence
from typing import Any

import faust
from faust.app.base import BootStrategy
from faust.tables.recovery import RebalanceAgain
from faust.types import TP

from schemas.settings import Settings
from streams.runtime.faust_shell.agent_partitions import Lanes
from streams.runtime.faust_shell.engine import Engine
from streams.runtime.faust_shell.transport import HEARTBEAT_SECONDS, SESSION_SECONDS, ChunkSchema, ChunkTransport


class _Boot(BootStrategy):
    """No web server, no producer of Faust's: the outbox has its own."""

    enable_web = False

    def kafka_producer(self) -> Iterable[Any]:
        """Nothing."""
        return []


class WinbackApp(faust.App):
    """A Faust app whose consumer hands on chunks, and the engine behind it."""

    BootStrategy = _Boot

    def __init__(self, settings: Settings) -> None:
        self.engine = Engine(settings)
        self.settings = settings
        super().__init__(
            settings.group,
            broker=f"kafka://{settings.kafka.replace(',', ';')}",
            web_enabled=False,
            topic_allow_declare=False,
            topic_disable_leader=True,
            stream_wait_empty=False,
            stream_recovery_delay=0.0,
            broker_commit_interval=settings.commit_interval,
            broker_session_timeout=SESSION_SECONDS,
            broker_heartbeat_interval=HEARTBEAT_SECONDS,
            key_serializer="raw",
            value_serializer="raw",
            autodiscover=False,
        )
        self.on_partitions_revoked.connect(self._revoked)
        self.on_rebalance_complete.connect(self._complete)

    def _new_transport(self) -> ChunkTransport:
        engine = self.engine
        return ChunkTransport(
            self.conf.broker_consumer, self, settings=self.settings, membership=engine.membership, fail=engine.fail
        )

    def _create_directories(self) -> None:
        """Faust's data directory holds tables, and there are none."""

    def feeding(self, lanes: Lanes) -> Callable[[Callable[[AsyncIterable[Any]], Awaitable[None]]], Any]:
        """Decorator: an agent over the topics of some lanes. Offsets are the runtime's: nothing is acknowledged."""
        self.engine.add(lanes)
        topic = self.topic(*lanes.topics, schema=ChunkSchema(), acks=False)
        return self.agent(topic, name=lanes.agent)

    async def chunks(self, stream: Any) -> AsyncIterable[Sequence[Any]]:
        """The chunks of an agent's stream."""
        async for event in stream.events():
            yield event.message

    async def _revoked(self, _app: Any, revoked: set[TP], **_: Any) -> None:
        await self.engine.close(revoked)

    async def _complete(self, _app: Any, **_: Any) -> None:
        """Called when Faust has a new assignment and before it lets records flow."""
        self.engine.attach(self.consumer)
        opened = await self.engine.open(self.consumer.assignment(), self.consumer_generation_id)
        if not opened:
            raise RebalanceAgain
