"""One life of one partition of identify or journey, by the runtime's own restore, claim and commit."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Sequence

from faust.types import TP

from schemas.record import Record
from streams.core.protocol.ports import Emit, Store, Task
from streams.runtime.state.changelog import ChangelogWriter
from streams.runtime.state.restore import claim, restore
from streams.runtime.state.store import PartitionStore, Position
from streams.runtime.tasks.commit import Committer
from streams.runtime.tasks.partition import UNIT_KEYS, KeyedPartition
from tests.simulation.actors import Disk, Life, Producer, SimulatedOutbox, Tally
from tests.simulation.network import PAUSE, Network

Make = Callable[[int, Store, Emit], Task]
RESTS = (1, 10, 100, 1_000)
"""Of how many of its steps an actor commits after."""


class Changelog:
    """A changelog partition as `restore` reads it, with pauses in which others may write."""

    def __init__(self, life: Life, records: list[Record], rng: random.Random) -> None:
        self._life = life
        self._records = records
        self._rng = rng

    async def end(self) -> int:
        """The offset behind the last record."""
        return len(self._records)

    async def read(self, start: int | None, end: int) -> AsyncIterator[Sequence[Record]]:
        """The records of a range, in two chunks."""
        first = start or 0
        middle = self._rng.randint(first, max(first, end))
        yield self._records[first:middle]
        self._life.at("restoring")
        await PAUSE
        yield self._records[middle:end]


class Keyed:
    """Where a partition of a keyed agent runs: which life of it, and on which disk."""

    def __init__(
        self, agent: str, tp: TP, changelog: str, make: Make, network: Network, rng: random.Random,
        rests: Sequence[int] = RESTS, unit_keys: int = UNIT_KEYS,
    ) -> None:  # fmt: skip
        self.agent = agent
        self.tp = tp
        self.name = f"{agent}[{tp.partition}]"
        self.changelog = changelog
        self.committed = 0
        """What the consumer group has been told (step 4); nobody resumes there."""
        self.reached = 0
        """The input offset that the state has been brought to (step 3)."""
        self.tally = Tally()
        self._make = make
        self._network = network
        self._rng = rng
        self._rests = rests
        self._unit = unit_keys
        self._log = network.logs[tp.topic, tp.partition]

    def done(self) -> bool:
        """Whether all input is in the state; a life that ends between the steps 3 and 4 leaves the group behind it."""
        return self.reached == len(self._log)

    async def live(self, life: Life, disk: Disk, generation: int) -> None:
        """Restore, claim, and then consume and commit until it is closed or ended."""
        rng, tp = self._rng, self.tp
        disk.life = life
        changelog = Changelog(life, self._network.logs[self.changelog, tp.partition], rng)
        position = None
        while position is None:
            life.at("restore")
            found = await restore(disk, changelog)
            epoch = max(generation, found.epoch + 1)
            life.guard()
            writer = ChangelogWriter(Producer(life, rng), self.changelog, tp.partition, epoch, generation)
            life.at("claim")
            position = await claim(disk, writer, found, 0)
        life.at("load")
        store, outbox = PartitionStore(disk), SimulatedOutbox(life, rng)
        task = self._make(tp.partition, store, outbox)
        task.load()

        def finished(offset: int) -> None:
            self.reached = offset
            life.at("offset")
            self.committed = offset
            life.at("committed")

        committer = Committer(store, outbox, writer, guard=life.guard, finished=finished)
        self.reached = position.offset
        lane = KeyedPartition(
            self.agent, tp, task, store, outbox, committer,
            offset=self.resume(position), commit_interval=1.0, drain=self.tally, unit_keys=self._unit,
        )  # fmt: skip
        await self._run(life, lane)

    def resume(self, position: Position) -> int:
        """Where processing resumes: where the state stands, whatever the group was told."""
        return position.offset

    async def _run(self, life: Life, lane: KeyedPartition) -> None:
        rng, log = self._rng, self._log
        rest, largest = rng.choice(self._rests), rng.choice((1, 3, 20, 200))
        due = rest
        while not life.closing:
            await PAUSE
            if lane.offset < len(log) and rng.random() < 0.7:
                chunk = log[lane.offset : lane.offset + rng.randint(1, largest)]
                life.at("compute")
                # A stop may come while a record is half consumed.
                lane._stopping = rng.random() < 0.1
                await lane._consume(chunk)
                lane._stopping = False
                life.at("computed")
            due -= 1
            if due <= 0:
                due = rest
                life.at("commit")
                await lane.commit()
        await lane.commit()
