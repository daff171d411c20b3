"""What is told at a time: the hashes that a stretch of each partition is about, so that a restart tells the same again.

A round is written into the group's offsets before it begins: at each partition's offset how far the round reaches, and
which audiences have been told.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

import orjson
from aiokafka import TopicPartition

from sinks.dispatch.audiences.members import Hash


def tag(audience: str) -> str:
    """An audience in the offsets' metadata, which holds few bytes."""
    return sha256(audience.encode()).hexdigest()[:8]


@dataclass
class Round:
    """`upto`: the offset behind the last record of each partition; `audiences`: hashes by audience, as they came."""

    upto: dict[TopicPartition, int] = field(default_factory=dict)
    audiences: dict[str, list[Hash]] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    oldest: int = 0
    """The time of its first record in epoch milliseconds."""

    def begun(self, at: Mapping[TopicPartition, int]) -> dict[TopicPartition, tuple[int, str]]:
        """What is committed while it is told, at the offsets `at` which it begins."""
        done = sorted(self.done)
        return {
            tp: (at.get(tp, 0), orjson.dumps({"to": offset, "done": done}).decode()) for tp, offset in self.upto.items()
        }

    def ended(self) -> dict[TopicPartition, tuple[int, str]]:
        """What is committed when it has been told."""
        return {tp: (offset, "") for tp, offset in self.upto.items()}


def read(metadata: str) -> tuple[int, set[str]] | None:
    """What the `metadata` of a partition's offset says of the round that has been begun there; None without one.

    Returns how far it reaches, and the tags of audiences that were told.
    """
    try:
        found = orjson.loads(metadata)
        return int(found["to"]), {str(one) for one in found["done"]}
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return None


class Backlog:
    """Records that are read and not told yet, in the order in which they were read. `most` hashes are a round."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: deque[tuple[TopicPartition, int, int, float, tuple[Hash, ...]]] = deque()
        self.size = 0
        """How many hashes wait, those that wait twice counted twice."""

    def add(self, tp: TopicPartition, offset: int, at: int, now: float, some: tuple[Hash, ...]) -> None:
        """A record at an `offset`, of the time `at` (epoch ms), read `now` (seconds that only go up)."""
        self._waiting.append((tp, offset, at, now, some))
        self.size += len(some)

    def due(self, now: float, wait: float) -> bool:
        """Whether there is a whole round, or one has waited for `wait` seconds. `now` as of `add`."""
        return bool(self._waiting) and (self.size >= self._most or now - self._waiting[0][3] >= wait)

    @property
    def oldest(self) -> int | None:
        """The time of the first record that waits, in epoch milliseconds."""
        return self._waiting[0][2] if self._waiting else None

    def take(self) -> Round:
        """The next round, as far as records are there."""
        found, seen = Round(oldest=self.oldest or 0), set[Hash]()
        while self._waiting and (not seen or len(seen | set(self._waiting[0][4])) <= self._most):
            self._move(found, seen, *self._waiting.popleft())
        return found

    def again(self, upto: Mapping[TopicPartition, int], done: Iterable[str]) -> Round:
        """The round that was begun before a restart: the same records, whatever has come since.

        `upto`: how far it reaches in each partition; `done`: the tags of audiences that have been told.
        """
        found, seen = Round(oldest=self.oldest or 0, done=set(done)), set[Hash]()
        waiting, self._waiting = self._waiting, deque()
        for one in waiting:
            if one[1] < upto.get(one[0], 0):
                self._move(found, seen, *one)
            else:
                self._waiting.append(one)
        found.upto = dict(upto)
        return found

    def _move(
        self, to: Round, seen: set[Hash], tp: TopicPartition, offset: int, _at: int, _now: float, some: tuple[Hash, ...]
    ) -> None:
        to.upto[tp] = offset + 1
        self.size -= len(some)
        for which in some:
            if which not in seen:
                seen.add(which)
                to.audiences.setdefault(which.audience, []).append(which)
