"""One life of one actor, and what it needs of the outside: an outbox, a producer, a disk. It may end at any point.

`at` names the point that an actor has reached; the world may end the actor's life there.
"""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

from schemas.record import Out
from schemas.topics import CART_TRANSITIONS, CONVERSIONS, RETARGETING_MESSAGES
from streams.runtime.errors import LostMembershipError
from streams.runtime.state.changelog import MARKER
from streams.runtime.state.store import MemoryBase, Position
from tests.simulation.network import Batch, Network, Target, Unsent

DECIDED: Final = {CART_TRANSITIONS, CONVERSIONS, RETARGETING_MESSAGES}
"""Topics whose rows are kept in the order in which they were decided, which no log shows."""


class KilledError(Exception):
    """The process is gone: nothing of it runs on."""


class Life:
    """One incarnation of an actor: a coroutine that the scheduler steps, and its own producer.

    `left` is None while it is the rightful one; a zombie may still write until `left` steps are over.
    """

    def __init__(self, name: str, network: Network, strike: Callable[[Life, str], None]) -> None:
        self.name = name
        self.network = network
        self.producer = network.producer()
        self.left: int | None = None
        self.closing = False
        self.idle = False
        self._strike = strike
        self._coroutine: Coroutine[Any, Any, None] | None = None

    def begin(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """What it does with its life."""
        self._coroutine = coroutine

    def step(self) -> bool:
        """Run to the next pause; False when it has come to its end. Raises what ends it before."""
        assert self._coroutine is not None
        try:
            self._coroutine.send(None)
        except StopIteration:
            return False
        return True

    def at(self, point: str) -> None:
        """The actor is at this point of the commit order. Raises KilledError if that is its last."""
        self._strike(self, point)

    def guard(self) -> None:
        """Raises LostMembershipError when it may not write any more (streams/runtime/faust_shell/membership.py)."""
        if self.left is not None and self.left <= 0:
            raise LostMembershipError("this worker's partitions are another's, it stops")

    def end(self) -> None:
        """Drop what runs; what is in flight is cut off somewhere."""
        if self._coroutine is not None:
            self._coroutine.close()
        self.network.cut(self.producer)


class SimulatedOutbox:
    """`Outbox` over the network: what it promises (streams/runtime/tasks/outbox.py) without its event loop."""

    def __init__(self, life: Life, rng: random.Random) -> None:
        self._life = life
        self._rng = rng
        self._sends: dict[Target, list[Out]] = {}
        self._afters: list[Out] = []
        self._flights: deque[Batch] = deque()
        self.gathered = 0

    @property
    def has_afters(self) -> bool:
        """Whether a flush has records to send behind the others."""
        return bool(self._afters)

    @property
    def flying(self) -> int:
        """Records in flight; never so many that anybody waits."""
        return 0

    def send(self, out: Out) -> None:
        """Gather a record."""
        if out.topic in DECIDED:
            self._life.network.emitted.append(out)
        self._sends.setdefault((out.topic, out.partition), []).append(out)
        self.gathered += 1

    def after(self, out: Out) -> None:
        """Gather a record that waits for all before it."""
        self._afters.append(out)

    def push(self) -> None:
        """Put what was gathered on its way, in batches of any size."""
        if not self._sends:
            return
        self._life.guard()
        sends, self._sends = self._sends, {}
        self.gathered = 0
        for target, outs in sends.items():
            size = self._rng.choice((1, 2, 1_000))
            for start in range(0, len(outs), size):
                part = outs[start : start + size]
                self._flights.append(self._life.network.send(self._life.producer, target, part))
        self._life.at("sending")

    async def flush(self) -> None:
        """Wait until everything put in so far has arrived, and behind it what was put in with `after`."""
        self.push()
        await self._land()
        if self._afters:
            self._life.at("sent")
            afters, self._afters = self._afters, []
            for out in afters:
                self.send(out)
            self.push()
            await self._land()
        self._life.at("acknowledged")

    async def _land(self) -> None:
        flights, self._flights = self._flights, deque()
        for batch in flights:
            await batch


class Producer:
    """What ChangelogWriter asks of aiokafka's producer."""

    def __init__(self, life: Life, rng: random.Random) -> None:
        self._life = life
        self._rng = rng

    def create_batch(self) -> Unsent:
        """A batch of few records, so that a unit is many."""
        return Unsent(self._rng.choice((1, 3, 1_000)))

    async def send_batch(self, batch: Unsent, topic: str, *, partition: int) -> Batch:
        """Send it; awaiting what is returned waits for its arrival."""
        is_marker = batch.outs[-1].key == MARKER
        self._life.at("marker" if is_marker else "unit")
        sent = self._life.network.send(self._life.producer, (topic, partition), batch.outs)
        self._life.at("marker sent" if is_marker else "unit sent")
        return sent


class Disk(MemoryBase):
    """A base that outlives the process, as a worker's RocksDB does. A life can end on both sides of a write."""

    def __init__(self) -> None:
        super().__init__()
        self.life: Life | None = None

    def write(self, changes: Mapping[bytes, bytes | None], position: Position | None) -> None:
        """One atomic batch."""
        assert self.life is not None
        self.life.at("base")
        super().write(changes, position)
        self.life.at("settled")


class Tally:
    """Stands for the Prometheus drain: adds up what the cores count."""

    def __init__(self) -> None:
        self.total: Counter[tuple[str, ...]] = Counter()

    def counts(self, task: Any) -> None:
        """Empty a task's counters."""
        self.total.update(task.counts)
        task.counts.clear()

    def gauges(self, owner: object, task: Any) -> None:
        """How things stand is read, so that reading it is tried too."""
        assert all(value >= 0 for value in task.gauges.values()), f"a gauge below zero: {task.gauges}"

    def forget(self, owner: object) -> None:
        """Nothing is kept."""
