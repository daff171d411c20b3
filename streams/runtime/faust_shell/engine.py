"""The engine of a worker: gives assigned partitions to the agents, takes them back, and ends it all on an error.

Faust tells of assignments by signals. A partition is restored before Faust resumes the flow (`on_rebalance_complete`
is awaited), and what it was doing is finished and committed before it is given back (`on_partitions_revoked` is
awaited, with the heartbeat still going). Whatever fails in between is `fail`ed: the worker ends, non-zero, with
nothing more committed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from pathlib import Path
from time import monotonic
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from faust.types import TP

from infra.errors import describe
from schemas.settings import Settings
from streams.metrics import Drain
from streams.runtime.errors import GroupMovedError, WorkerError
from streams.runtime.faust_shell.membership import GroupTiming, Membership
from streams.runtime.faust_shell.ports import Partitions
from streams.runtime.faust_shell.transport import ChunkConsumer
from streams.runtime.state import broker
from streams.runtime.state.rocks import RocksBase
from streams.runtime.state.secret import SecretCheck
from streams.runtime.state.store import Base, MemoryBase

log = structlog.get_logger("winback.engine")


class Engine:
    """What the agents of one worker share: settings, producer, probe, membership, metrics drain; and the agents."""

    def __init__(self, settings: Settings, timing: GroupTiming = GroupTiming()) -> None:
        self.settings = settings
        self.timing = timing
        self.secret = SecretCheck(
            settings.secret.get_secret_value(), None if settings.state == "memory" else settings.state_dir
        )
        self.membership = Membership(timing.session)
        self.drain = Drain()
        self.probe = broker.Probe(settings)
        self.producer: AIOKafkaProducer = broker.producer(settings)
        self.generation = 0
        self.waiting_since: float | None = monotonic()
        """Since when this worker waits for the group to say which partitions are its own; None when it knows."""
        self.failed = asyncio.Event()
        self.failure: BaseException | None = None
        self._agents: dict[str, Partitions] = {}
        self._consumer: ChunkConsumer | None = None
        self._opening: asyncio.Task[None] | None = None

    # -- life

    async def start(self) -> None:
        """Connect the producer and the probe. Raises KafkaError."""
        await self.producer.start()
        await self.probe.start()

    async def stop(self) -> None:
        """Finish, commit and give back every partition; then disconnect."""
        await self.close(self.assigned())
        await self.disconnect()

    async def disconnect(self) -> None:
        """Let go of everything without finishing anything."""
        await self.abandon()
        await self.probe.stop()
        await self.producer.stop()

    async def abandon(self) -> None:
        """Drop what the agents do, without finishing it."""
        for agent in self.agents():
            await agent.disconnect()

    def stop_feeding(self) -> None:
        """Drop whatever Faust still hands on."""
        self.generation = -1

    def fail(self, error: BaseException) -> None:
        """End the worker: nothing more is committed, and the first reason is kept."""
        if self.failure is None:
            self.failure = error
            log.critical("the worker stops", reason=describe(error))
        if self._consumer is not None:
            self._consumer.finished.clear()
        self.failed.set()

    async def commit(self, offsets: Mapping[TP, int]) -> None:
        """Commit these offsets to the group. Raises what ended the worker, or CommitFailedError."""
        if self.failure is not None:
            raise self.failure
        await self.consumer.commit_finished(offsets)

    # -- agents

    def add(self, agent: Partitions) -> None:
        """Take on an agent."""
        for topic in agent.topics:
            self._agents[topic] = agent

    def attach(self, consumer: ChunkConsumer) -> None:
        """The consumer that feeds this worker."""
        self._consumer = consumer
        consumer.resume_at = self.resume_at

    @property
    def consumer(self) -> ChunkConsumer:
        """The consumer that feeds this worker. Raises WorkerError before there is one."""
        if self._consumer is None:
            raise WorkerError("the consumer is not there yet")
        return self._consumer

    def agents(self) -> list[Partitions]:
        """Every agent, once each."""
        return list(dict.fromkeys(self._agents.values()))

    def base(self, agent: str, partition: int) -> Base:
        """Where the state of a partition is kept on this machine. Raises WorkerError when it cannot be opened."""
        if self.settings.state == "memory":
            return MemoryBase()
        return RocksBase(Path(self.settings.state_dir) / agent / str(partition))

    # -- chunks

    def feed(self, message: Any) -> None:
        """Hand a chunk (a `message` of Faust's) to its agent. One of another generation is dropped: it is fed again."""
        tp = TP(*message.tp)
        if message.generation_id != self.generation or self.failed.is_set():
            return
        agent = self._agents[tp.topic]
        try:
            agent.feed(tp, message.value)
        except WorkerError as error:
            self.fail(error)
            return
        self.note_room(tp)

    def note_room(self, tp: TP) -> None:
        """Poll a partition again, or stop polling it, as its inbox has room."""
        if self._agents[tp.topic].full(tp):
            self.consumer.full.add(tp)
        else:
            self.consumer.full.discard(tp)

    def resume_at(self) -> Mapping[TP, int]:
        """Where each partition wants to be fed from."""
        offsets: dict[TP, int] = {}
        for agent in self.agents():
            offsets.update(agent.resume_at())
        return offsets

    # -- assignment

    def assigned(self) -> set[TP]:
        """Partitions that are open."""
        return {tp for agent in self.agents() for tp in agent.resume_at()}

    async def open(self, assigned: Collection[TP], generation: int) -> bool:
        """Restore and start partitions that were assigned in this `generation` of the group.

        Returns False if they were taken away meanwhile. A failure ends the worker.
        """
        self.generation = generation
        self.waiting_since = None
        self.membership.hold()
        self._opening = asyncio.ensure_future(self._open(assigned, generation))
        try:
            await self._opening
        except asyncio.CancelledError:
            return False
        except Exception as error:  # noqa: BLE001 - any failure to restore ends the worker
            self.fail(error)
            return False
        finally:
            self._opening = None
        return True

    async def _open(self, assigned: Collection[TP], generation: int) -> None:
        mine = {agent: sorted(tp for tp in assigned if tp.topic in agent.topics) for agent in self.agents()}
        await asyncio.gather(*(agent.open(tps, generation) for agent, tps in mine.items() if tps))

    async def close(self, revoked: Collection[TP]) -> None:
        """Finish, commit and give back partitions."""
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.wait([self._opening])
        for agent in self.agents():
            await agent.close()
        consumer = self._consumer
        if consumer is not None:
            offsets = {tp: o for tp, o in consumer.finished.items() if tp in revoked}
            if offsets and self.failure is None:
                try:
                    await consumer.commit_finished(offsets)
                except GroupMovedError as moved:
                    log.info(str(moved))
                except Exception as error:  # noqa: BLE001 - any failure to commit ends the worker
                    self.fail(error)
            consumer.finished.clear()
            consumer.full.clear()
        self.membership.release()
        self.waiting_since = monotonic()
