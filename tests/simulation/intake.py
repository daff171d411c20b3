"""One life of one ingest worker: some sources, one replica of the assignments, and the runtime's lines and reports."""

from __future__ import annotations

import random
from collections.abc import Collection, Coroutine, Mapping

from faust.types import TP

from schemas.events import Reader
from schemas.identifiers import Hasher
from schemas.message_ids import MessageIds
from schemas.record import Record
from schemas.topics import IDENTITY_ASSIGNMENTS, IDENTITY_LINKS
from streams.agents.reports import Reports
from streams.core.ingest import Ingest
from streams.core.watermark.horizon import Horizon
from streams.runtime.errors import CommitFailedError
from streams.runtime.state.replica import Owners
from streams.runtime.tasks.intake import Intake
from tests.simulation.actors import Life, SimulatedOutbox, Tally
from tests.simulation.network import PAUSE, Network


class LazyReplica(Owners):
    """The replica of one process, and the horizon it follows; both read on when the scheduler lets them."""

    def __init__(self, network: Network, partitions: int) -> None:
        super().__init__()
        self._log = network.logs[IDENTITY_ASSIGNMENTS, 0]
        self._read = 0
        self._links = network.logs[IDENTITY_LINKS, 0]
        self._horizon = Horizon(partitions)
        self._following = False
        self._next = -1
        self._from = 0

    def due(self) -> int | None:
        """The horizon's, which is followed from now on."""
        if not self._following:
            self._following, self._from = True, len(self._links)
            first = max(0, self._from - 20)
            if self._next < first:
                self._next = first
                self._horizon.begin(first)
        return self._horizon.due if self._next >= self._from else None

    def busy(self) -> None:
        """Follow it no more."""
        self._following = False

    def read_on(self, most: int) -> None:
        """Apply some more assignments, and some more of the links' end."""
        for record in self._log[self._read : self._read + most]:
            self.apply(record.key, record.value)
            self._read += 1
        if self._following:
            for record in self._links[self._next : self._next + most]:
                self._horizon.take(record.offset, record.value)
                self._next += 1

    def read_all(self) -> None:
        """The barrier: everything that is in the log now."""
        self.read_on(max(len(self._log), len(self._links)))


class Shop:
    """The raw topics: what has been published of each source, and the wall clock."""

    def __init__(self, waiting: Mapping[TP, list[Record]], wall: int) -> None:
        self.logs = waiting
        self.published = dict.fromkeys(waiting, 0)
        self.committed = dict.fromkeys(waiting, 0)
        self.wall = wall

    async def ends(self, partitions: Collection[TP]) -> Mapping[TP, int]:
        """How far each partition goes by now."""
        await PAUSE
        return {tp: self.published.get(tp, 0) for tp in partitions}

    def clock(self) -> float:
        """Seconds since the epoch."""
        return self.wall / 1000


class Intakes:
    """What all ingest workers have in common."""

    def __init__(
        self, shop: Shop, network: Network, rng: random.Random, *, secret: str, partitions: int, lateness: int | None
    ) -> None:
        self.shop = shop
        self.tally = Tally()
        self._network = network
        self._rng = rng
        self._hasher, self._message_ids = Hasher(secret), MessageIds(secret)
        self._reader = Reader("US")
        self._partitions = partitions
        self._lateness = lateness

    async def live(self, life: Life, replica: LazyReplica, sources: list[TP]) -> None:
        """Read, send, draw lines, until closed or ended. `lateness` None: the event clock."""
        rng, shop = self._rng, self.shop
        life.at("catch up")
        replica.read_all()
        await PAUSE
        outbox = SimulatedOutbox(life, rng)
        core = Ingest(
            outbox, reader=self._reader, hasher=self._hasher, message_ids=self._message_ids, replica=replica.of,
            erased=replica.erased, partitions=self._partitions,
        )  # fmt: skip
        reports = Reports(
            shop, core.seen, replica, wall=self._lateness is not None, lateness=(self._lateness or 0) / 1000,
            clock=shop.clock, ticks=shop.clock,
        )  # fmt: skip

        async def commit(moved: Mapping[TP, int]) -> None:
            life.at("offset")
            await PAUSE
            if life.left is not None:
                raise CommitFailedError("another generation of the group has these partitions")
            shop.committed.update(moved)
            life.at("committed")

        intake = Intake(
            "ingest", core, reports, outbox,
            offsets={tp: shop.committed.get(tp, 0) for tp in sources}, commit=commit, drain=self.tally,
        )  # fmt: skip
        with_input = [tp for tp in sources if tp in shop.logs]
        lines: Coroutine[None, None, None] | None = None
        keen, largest = rng.choice((0.02, 0.2, 0.6)), rng.choice((1, 3, 50))
        while not life.closing or lines is not None:
            await PAUSE
            # A line is drawn beside the reading, as the two coroutines of the runtime take turns.
            drawn = lines is None and rng.random() < keen
            if drawn:
                lines = intake.draw_line()
            if lines is not None and (drawn or rng.random() < 0.6):
                try:
                    lines.send(None)
                except StopIteration:
                    lines = None
            elif with_input and not life.closing:
                self._read(life, intake, core, outbox, rng.choice(with_input), rng.randint(1, largest))
        await intake.draw_line()

    def _read(self, life: Life, intake: Intake, core: Ingest, outbox: SimulatedOutbox, tp: TP, most: int) -> None:
        at = intake.offsets[tp]
        chunk = self.shop.logs[tp][at : min(at + most, self.shop.published[tp])]
        if not chunk:
            return
        life.at("compute")
        core.process(chunk)
        self.tally.counts(core)
        intake.offsets[tp] = chunk[-1].offset + 1
        life.at("computed")
        outbox.push()
