"""The assigned partitions of one agent, each with whatever runs it: keyed state of its own, or a shared intake."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from time import perf_counter, time
from typing import Any

import structlog
from faust.types import TP

from schemas.record import Record
from streams.core.protocol.ports import Emit, Store, Task
from streams.metrics import RESTORE_SECONDS
from streams.runtime.errors import CorruptStateError, GroupMovedError, TopicError
from streams.runtime.faust_shell.engine import Engine
from streams.runtime.faust_shell.ports import Partitions, Pulse
from streams.runtime.state import beyond
from streams.runtime.state.broker import PartitionLog
from streams.runtime.state.changelog import ChangelogWriter
from streams.runtime.state.replica import Replica
from streams.runtime.state.restore import claim, restore
from streams.runtime.state.store import Base, PartitionStore, Position
from streams.runtime.tasks.commit import Committer
from streams.runtime.tasks.intake import Intake, Reader, Reporter
from streams.runtime.tasks.outbox import Outbox
from streams.runtime.tasks.partition import KeyedPartition

log = structlog.get_logger("winback.partitions")


class AgentPartitions(Partitions):
    """The partitions of one agent: `agent` is its name, `topics` are what it reads."""

    def __init__(self, engine: Engine, agent: str, topics: Sequence[str]) -> None:
        self.engine = engine
        self.agent = agent
        self.topics = tuple(topics)
        self._tasks: list[asyncio.Task[None]] = []

    async def disconnect(self) -> None:
        """Drop what runs without finishing it."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._tasks = []

    def _run(self, what: Coroutine[Any, Any, None]) -> None:
        """Run until it ends; an error ends the worker."""
        self._tasks.append(asyncio.ensure_future(self._guarded(what)))

    async def _guarded(self, what: Coroutine[Any, Any, None]) -> None:
        try:
            await what
        except GroupMovedError as moved:
            log.info("stopped without a commit, to be restored", agent=self.agent, reason=str(moved))
        except Exception as error:  # noqa: BLE001 - nothing may be swallowed here: any error ends the worker
            self.engine.fail(error)

    async def _ended(self) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._tasks = []


class KeyedAgentPartitions(AgentPartitions):
    """An agent with keyed state: a task, a store and a changelog for each partition of its topic.

    `make(partition, store, emit)` makes the task.
    """

    def __init__(
        self, engine: Engine, agent: str, topic: str, changelog: str, make: Callable[[int, Store, Emit], Task]
    ) -> None:
        super().__init__(engine, agent, (topic,))
        self._changelog = changelog
        self._make = make
        self._open: dict[TP, KeyedPartition] = {}
        self._bases: list[Base] = []

    async def open(self, assigned: Sequence[TP], generation: int) -> None:
        """Restore all of them side by side, then start them.

        `generation` is the group's: epochs are at least as high.
        """
        opened = await asyncio.gather(*(self._restore(tp, generation) for tp in assigned))
        for partition in opened:
            self._open[partition.tp] = partition
            self._run(partition.run())

    async def _restore(self, tp: TP, generation: int) -> KeyedPartition:
        base = self._base(tp)
        try:
            return await self._restored(tp, generation, base)
        except CorruptStateError as error:
            log.error("local state is damaged: it is opened again", agent=self.agent, reason=str(error))  # noqa: TRY400
        base.close()
        self._bases.remove(base)
        return await self._restored(tp, generation, self._base(tp))

    def _base(self, tp: TP) -> Base:
        base = self.engine.base(self.agent, tp.partition)
        self._bases.append(base)
        return base

    async def _restored(self, tp: TP, generation: int, base: Base) -> KeyedPartition:
        engine, began = self.engine, perf_counter()
        async with PartitionLog(engine.settings, engine.probe, self._changelog, tp.partition) as changelog:
            position = None
            while position is None:
                found = await restore(base, changelog)
                own = engine.secret.claimed(base, f"{self._changelog} partition {tp.partition}")
                first = await self._first(tp, found.position)
                if found.position is not None:
                    found = found._replace(position=found.position._replace(offset=first))
                epoch = max(generation, found.epoch + 1)
                engine.membership.guard()
                writer = ChangelogWriter(engine.producer, self._changelog, tp.partition, epoch, generation)
                position = await claim(base, writer, found, first, own)
        engine.secret.keep()
        store, outbox = PartitionStore(base), Outbox(engine.producer, engine.membership.guard)
        task = self._make(tp.partition, store, outbox)
        task.load()
        seconds = perf_counter() - began
        RESTORE_SECONDS.observe(seconds)
        log.info(
            "restored", agent=self.agent, partition=tp.partition, offset=position.offset, keys=len(base),
            units=found.units, local=found.local, repairs=len(found.repairs), epoch=epoch, seconds=round(seconds, 3),
        )  # fmt: skip
        # A predecessor's last commit may have been refused by the rebalance that brought the partition here: the group
        # learns what the state has read with the next commit, not with the next record.
        self._finished(tp, position.offset)
        committer = Committer(
            store, outbox, writer, guard=engine.membership.guard, finished=lambda offset: self._finished(tp, offset)
        )
        return KeyedPartition(
            self.agent, tp, task, store, outbox, committer,
            offset=position.offset, commit_interval=engine.settings.commit_interval, drain=engine.drain,
            taken=lambda: engine.note_room(tp),
        )  # fmt: skip

    async def _first(self, tp: TP, position: Position | None) -> int:
        """The input offset to begin at. Raises TopicError if records are gone that the state has not read."""
        probe = self.engine.probe
        first, end = (await probe.begins([tp]))[tp], (await probe.ends([tp]))[tp]
        if position is None:
            return first
        if position.offset > end:
            beyond.say(tp, position.offset, end, "the state keeps what it has read and goes on at the end")
            return end
        if position.offset < first:
            raise TopicError(
                f"{self._changelog} partition {tp.partition} says that {tp.topic} was read up to offset "
                f"{position.offset}, but it holds {first} to {end}: recreate both topics or neither"
            )
        return position.offset

    def _finished(self, tp: TP, offset: int) -> None:
        if self.engine.failure is None:
            self.engine.consumer.finished[tp] = offset

    def feed(self, tp: TP, records: list[Record]) -> None:
        """Take a chunk of an open partition."""
        partition = self._open.get(tp)
        if partition is not None:
            partition.feed(records)

    def full(self, tp: TP) -> bool:
        """Whether a partition takes no more for now."""
        partition = self._open.get(tp)
        return partition is not None and partition.inbox.full

    def resume_at(self) -> Mapping[TP, int]:
        """The first record each open partition has not been fed."""
        return {tp: partition.resume_at for tp, partition in self._open.items()}

    def pulses(self) -> Mapping[TP, Pulse]:
        """How each open partition does."""
        return {tp: Pulse(partition.steps, partition.waiting, partition.offset) for tp, partition in self._open.items()}

    async def close(self) -> None:
        """Finish the chunks at hand and commit their units."""
        for partition in self._open.values():
            partition.stop()
        await self._ended()
        self._release()

    async def disconnect(self) -> None:
        """Drop what runs without finishing it."""
        await super().disconnect()
        self._release()

    def _release(self) -> None:
        self._open.clear()
        for base in self._bases:
            base.close()
        self._bases.clear()


class IntakeAgentPartitions(AgentPartitions):
    """An agent without keyed state, whose partitions share a reader and a reporter (runtime/tasks/intake.py).

    `topics` are read side by side. `make(emit, replica)` makes both, anew with each assignment, after the replica has
    caught up.
    """

    def __init__(
        self,
        engine: Engine,
        agent: str,
        topics: Sequence[str],
        make: Callable[[Emit, Replica], tuple[Reader, Reporter]],
    ) -> None:
        super().__init__(engine, agent, topics)
        self._make = make
        self._replica: Replica | None = None
        self._intake: Intake | None = None

    async def open(self, assigned: Sequence[TP], generation: int) -> None:
        """Bring the replica up to date, then start where the group has committed, whatever its `generation`."""
        del generation
        engine = self.engine
        if self._replica is None:
            self._replica = Replica(engine.settings, engine.probe, engine.fail)
            await self._replica.start()
        await self._replica.catch_up()
        begins = await engine.probe.begins(assigned)
        committed = await engine.consumer.committed(list(assigned))
        known = {tp: max(begins[tp], committed[tp] or 0) for tp in assigned}
        offsets = await self._there(known)
        outbox = Outbox(engine.producer, engine.membership.guard)
        reader, reporter = self._make(outbox, self._replica)
        self._intake = Intake(
            self.agent, reader, reporter, outbox,
            offsets=offsets, committed=known, commit=engine.commit, drain=engine.drain, taken=engine.note_room,
        )  # fmt: skip
        self._run(self._intake.run())

    async def _there(self, known: Mapping[TP, int]) -> dict[TP, int]:
        """Where to begin: what the group has committed, or, if that is beyond the end, a while before the end."""
        probe = self.engine.probe
        ends = await probe.ends(known)
        lost = {tp: offset for tp, offset in known.items() if offset > ends[tp]}
        again = await probe.since(lost, int(time() * 1000) - beyond.AGAIN_MS)
        for tp, offset in lost.items():
            beyond.say(tp, offset, ends[tp], f"what came in the last {beyond.AGAIN_MS // 60_000} minutes is read again")
        return {**known, **{tp: again.get(tp, ends[tp]) for tp in lost}}

    def feed(self, tp: TP, records: list[Record]) -> None:
        """Take a chunk of an open partition."""
        if self._intake is not None:
            self._intake.feed(tp, records)

    def full(self, tp: TP) -> bool:
        """Whether a partition takes no more for now."""
        return self._intake is not None and self._intake.full(tp)

    def resume_at(self) -> Mapping[TP, int]:
        """The first record each open partition has not been fed."""
        return {} if self._intake is None else {tp: self._intake.resume_at(tp) for tp in self._intake.offsets}

    def pulses(self) -> Mapping[TP, Pulse]:
        """How each open partition does."""
        intake = self._intake
        if intake is None:
            return {}
        return {tp: Pulse(intake.steps[tp], intake.waiting[tp], offset) for tp, offset in intake.offsets.items()}

    async def close(self) -> None:
        """Finish the chunk at hand and draw the last line."""
        if self._intake is not None:
            self._intake.stop()
        await self._ended()
        self._intake = None

    async def disconnect(self) -> None:
        """Drop what runs without finishing it; let go of the replica."""
        await super().disconnect()
        self._intake = None
        if self._replica is not None:
            await self._replica.stop()
            self._replica = None
