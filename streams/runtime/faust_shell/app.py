"""The Faust app of a worker: chunks in, agents that only feed, nothing else of Faust switched on."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Sequence
from typing import Any, cast

import faust
from faust.app.base import BootStrategy
from faust.tables.recovery import RebalanceAgain
from faust.types import TP

from schemas.settings import Settings
from streams.runtime.faust_shell.agent_partitions import AgentPartitions
from streams.runtime.faust_shell.engine import Engine
from streams.runtime.faust_shell.membership import GroupTiming
from streams.runtime.faust_shell.transport import ChunkConsumer, ChunkSchema, ChunkTransport


class _Boot(BootStrategy):
    """No web server, no producer of Faust's: the outbox has its own."""

    enable_web = False

    def kafka_producer(self) -> Iterable[Any]:
        """Nothing."""
        return []


class WinbackApp(faust.App):
    """A Faust app whose consumer hands on chunks, and the engine behind it."""

    BootStrategy = _Boot

    def __init__(self, settings: Settings, timing: GroupTiming = GroupTiming()) -> None:
        self.engine = Engine(settings, timing)
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
            broker_session_timeout=timing.session,
            broker_heartbeat_interval=timing.heartbeat,
            key_serializer="raw",
            value_serializer="raw",
            autodiscover=False,
        )
        self.on_partitions_revoked.connect(self._revoked)
        self.on_rebalance_complete.connect(self._complete)

    def _new_transport(self) -> ChunkTransport:
        engine = self.engine
        return ChunkTransport(
            self.conf.broker_consumer, self,
            settings=self.settings, timing=engine.timing, membership=engine.membership, fail=engine.fail,
        )  # fmt: skip

    def _create_directories(self) -> None:
        """Faust's data directory holds tables, and there are none."""

    def feeding(self, partitions: AgentPartitions) -> Callable[[Callable[[AsyncIterable[Any]], Awaitable[None]]], Any]:
        """A decorator for an agent over the topics of `partitions`.

        Nothing is acknowledged: offsets are the runtime's.
        """
        self.engine.add(partitions)
        topic = self.topic(*partitions.topics, schema=ChunkSchema(), acks=False)
        return self.agent(topic, name=partitions.agent)

    async def chunks(self, stream: Any) -> AsyncIterable[Sequence[Any]]:
        """The chunks of an agent's stream."""
        async for event in stream.events():
            yield event.message

    async def _revoked(self, _app: Any, /, *given: Any, signal: Any, **_: Any) -> None:
        del signal
        revoked: set[TP] = given[0]
        await self.engine.close(revoked)

    async def _complete(self, _app: Any, /, *_given: Any, signal: Any, **_: Any) -> None:
        """Called when Faust has a new assignment and before it lets records flow."""
        del signal
        self.engine.attach(cast("ChunkConsumer", self.consumer))
        opened = await self.engine.open(self.consumer.assignment(), self.consumer_generation_id)
        if not opened:
            raise RebalanceAgain
