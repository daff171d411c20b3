"""Topics as lists, and tasks that read them: what `Topology` (streams/testing.py) joins the cores with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any, Final

from schemas.record import Out, Record
from schemas.topics import IDENTITY_ASSIGNMENTS, IDENTITY_LINKS, OUTPUT_TOPICS, PROFILE_EVENTS
from streams.core.protocol.ports import Task
from streams.runtime.state.store import PartitionStore, Position

CHUNK: Final = 1_000
# A NamedTuple's own constructor is a Python function; this is what it calls.
_tuple: Final[Any] = tuple.__new__
_READ_BY_US: Final = frozenset({IDENTITY_LINKS, IDENTITY_ASSIGNMENTS, PROFILE_EVENTS})


class Log(list[Record]):
    """One partition of a topic: its records from offset `start` on; those before have been dropped."""

    start = 0

    @property
    def end(self) -> int:
        """The offset that the next record gets."""
        return self.start + len(self)

    def since(self, offset: int, most: int | None = None) -> list[Record]:
        """The records from an offset on, `most` of them at most; None for all."""
        at = offset - self.start
        return self[at:] if most is None else self[at : at + most]

    def drop(self, offset: int) -> None:
        """Forget the records before an offset."""
        del self[: offset - self.start]
        self.start = offset


class Logs:
    """Topics as lists; an `Emit` that appends to them.

    With `outputs`, records of output topics go there, and only what the pipeline itself reads is kept.
    """

    def __init__(self, outputs: Callable[[Record], None] | None = None) -> None:
        self.topics: dict[str, dict[int, Log]] = defaultdict(lambda: defaultdict(Log))
        self.away: Mapping[tuple[str, int], list[Out]] = {}
        """Where what goes to partitions of other processes waits (streams/shares.py)."""
        self._outputs = outputs
        self._offsets: dict[tuple[str, int], int] = defaultdict(int)

    def send(self, out: Out) -> None:
        """Append a record."""
        topic, partition, key, value, headers, timestamp = out
        if self.away and (box := self.away.get((topic, partition))) is not None:
            box.append(out)
            return
        if self._outputs is not None and topic in _OUTPUTS:
            offset = self._offsets[topic, partition]
            self._offsets[topic, partition] = offset + 1
            self._outputs(_tuple(Record, (topic, partition, offset, timestamp or 0, key, value, headers)))
            if topic not in _READ_BY_US:
                return
        log = self.topics[topic][partition]
        log.append(_tuple(Record, (topic, partition, log.start + len(log), timestamp or 0, key, value, headers)))

    def after(self, out: Out) -> None:
        """Append a record: all before it has been appended already."""
        self.send(out)


_OUTPUTS: Final = frozenset(OUTPUT_TOPICS)


class Reading:
    """A task, its input, and how far it has read, from `start` on: `next` is the first offset it has not.

    What the task keeps goes to the store after every so many chunks (`flushed`).
    """

    def __init__(self, task: Task, store: PartitionStore, log: Log, start: int = 0, flushed: int = 1) -> None:
        self.task = task
        self._store = store
        self.log = log
        self.next = start
        self._flushed, self._chunks = flushed, 0
        task.load()

    @property
    def waiting(self) -> int:
        """How many records have not been read."""
        return self.log.end - self.next

    def step(self) -> bool:
        """Process a chunk; False when there was nothing to read."""
        chunk = self.log.since(self.next, CHUNK)
        if not chunk:
            return False
        self.next += self.task.process(chunk)
        self._chunks += 1
        if self._chunks % self._flushed == 0:
            self.task.flush()
        self._store.settle(Position(0, 0, self.next, 0))
        return True
