"""The broker in memory: logs that only grow, and batches on their way to them.

What one producer sends to one partition arrives in order; nothing else is promised. A batch arrives whole, and is
acknowledged by arriving: a producer that is slow to notice is an actor that is not scheduled.
"""

from __future__ import annotations

import random
from collections import defaultdict, deque
from collections.abc import Generator
from typing import Any, Self

from schemas.record import Out, Record

Target = tuple[str, int]


class Pause:
    """Awaited where an actor may be interrupted."""

    def __await__(self) -> Generator[None, None, None]:
        yield


PAUSE = Pause()


class Batch:
    """Records on their way to one partition; awaiting it waits until they are there, the first of them at `offset`."""

    __slots__ = ("offset", "outs")

    def __init__(self, outs: list[Out]) -> None:
        self.outs = outs
        self.offset: int | None = None

    def __await__(self) -> Generator[None, None, Self]:
        while self.offset is None:
            yield
        return self


class Network:
    """The logs by (topic, partition), and what is in flight, by producer and target."""

    def __init__(self, rng: random.Random) -> None:
        self.logs: dict[Target, list[Record]] = defaultdict(list)
        self.emitted: list[Out] = []
        self._rng = rng
        self._flying: dict[tuple[int, Target], deque[Batch]] = {}
        self._slowness: dict[Target, float] = {}
        self._producers = 0

    def producer(self) -> int:
        """The number of a new producer."""
        self._producers += 1
        return self._producers

    @property
    def idle(self) -> bool:
        """Whether nothing is in flight."""
        return not self._flying

    def send(self, producer: int, target: Target, outs: list[Out]) -> Batch:
        """Put a batch on its way, behind what this producer has sent to this partition before."""
        batch = Batch(outs)
        queue = self._flying.get((producer, target))
        if queue is None:
            self._flying[producer, target] = deque((batch,))
        else:
            queue.append(batch)
        return batch

    def append(self, out: Out) -> None:
        """Write a record at once: somebody from outside who has waited for it."""
        self._write((out.topic, out.partition), [out])

    def land(self) -> str | None:
        """Let something arrive; some partitions take longer than others. Says what, for the trace."""
        if not self._flying:
            return None
        rng = self._rng
        producer, target = rng.choice(tuple(self._flying))
        slowness = self._slowness.get(target)
        if slowness is None:
            slowness = self._slowness[target] = rng.choice((0.0, 0.0, 0.3, 0.8, 0.95))
        if rng.random() < slowness:
            return None
        queue = self._flying[producer, target]
        count = rng.randint(1, len(queue))
        for _ in range(count):
            batch = queue.popleft()
            batch.offset = self._write(target, batch.outs)
        if not queue:
            del self._flying[producer, target]
        return f"{count} batches of producer {producer} arrive at {target[0]}[{target[1]}]"

    def cut(self, producer: int) -> None:
        """The producer is gone: of what it had in flight to each partition, some first part arrives, now or later."""
        for key in [k for k in self._flying if k[0] == producer]:
            queue = self._flying[key]
            kept = self._rng.randint(0, len(queue))
            while len(queue) > kept:
                queue.pop()
            if not queue:
                del self._flying[key]

    def _write(self, target: Target, outs: list[Out]) -> int:
        log = self.logs[target]
        first = len(log)
        for at, out in enumerate(outs, first):
            log.append(Record(*target, at, out.timestamp or 0, out.key, out.value, out.headers or ()))
        return first


class Unsent:
    """A batch being filled, as aiokafka makes them, but small; it is its own builder."""

    def __init__(self, capacity: int) -> None:
        self.outs: list[Out] = []
        self._capacity = capacity
        self._builder = self

    def append(
        self, offset: int, timestamp: int | None, key: bytes | None, value: bytes | None, headers: Any
    ) -> bool | None:
        """Add a record; None when it is full."""
        assert offset == len(self.outs) or len(self.outs) >= self._capacity
        if len(self.outs) >= self._capacity:
            return None
        self.outs.append(Out("", 0, key, value, headers, timestamp))
        return True

    def close(self) -> None:
        """Nothing is added any more."""

    def record_count(self) -> int:
        """How many records it holds."""
        return len(self.outs)
