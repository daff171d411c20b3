"""Event time of the whole system: the watermark W, and the rounds that carry it (ARCHITECTURE.md).

A round is a bound told to every journey partition and an acknowledgement from each. Rounds run strictly one after
another. The next bound is the least of

- the sources' watermarks,
- the earliest event time of anything a journey partition has sent on to another since its last acknowledgement,
- the changes of identity that are not **settled**: known to every replica, and one whole round since (of a split more).

So the bound never passes anything in flight. All of it is a function of the log of `identity.links`: a restart that
reads the same records again issues the same rounds again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from streams.core.order import END_OF_TIME, NOTHING, START_OF_TIME, bound
from streams.core.task import MAX_TIME

Source = tuple[str, int]
_VERSION, _ROUND, _LASTS = 1, 2, 3
_MANY = 256


class Rounds:
    """What the next bound depends on: the sources' watermarks, the acknowledgements, the unsettled changes."""

    def __init__(self, sources: Iterable[Source], partitions: int) -> None:
        self._expected = frozenset(sources)
        self._partitions = partitions
        self._watermarks: dict[Source, int] = {}
        self._positions: dict[Source, int] = {}
        self._versions: dict[Source, int] = {}
        self._ends: dict[Source, int] = {}
        self._acknowledged: set[int] = set()
        self._low = NOTHING
        self._unsettled: list[list[Any]] = []
        self._number = 0
        self._bound = START_OF_TIME
        self._now: int | None = None
        self._drained = False
        self._sources_bound = START_OF_TIME

    # -- what is learned

    def report(self, sources: Sequence[Sequence[Any]], version: int, now: int | None) -> None:
        """One ingest worker's report on its sources: (topic, partition, watermark in ms or None, position)."""
        for topic, partition, watermark, position in sources:
            source = (topic, partition)
            if watermark is not None:
                self._watermarks[source] = max(watermark, self._watermarks.get(source, 0))
            self._positions[source] = max(position, self._positions.get(source, 0))
            # The maximum: whoever takes a partition over reads all assignments first, so only a report that comes late,
            # of an owner that has lost the partition, says less. Taken at its word, the change would never be settled.
            self._versions[source] = max(version, self._versions.get(source, 0))
        if now is not None:
            self._now = max(now, self._now or 0)
        self._refresh()

    def end(self, positions: Sequence[Sequence[Any]]) -> None:
        """End of input: each source counts as infinitely far once it has read up to its end."""
        self._ends = {(topic, partition): offset for topic, partition, offset in positions}
        self._refresh()

    def acknowledge(self, partition: int, number: int, low: bytes | None) -> None:
        """A journey partition has applied round `number`; `low` is the earliest key it has sent on since its last."""
        # Whatever the round, what has moved has moved: a repeat after a restart still counts.
        if low is not None:
            self._low = min(self._low, low)
        if number == self._number:
            self._acknowledged.add(partition)

    def change(self, key: bytes, version: int, rounds: int = 1) -> None:
        """A change of identity at `key`, told by the assignments up to `version`; settled so many rounds after."""
        last = self._unsettled[-1] if self._unsettled else None
        if len(self._unsettled) > _MANY and last is not None and last[_ROUND] is None:
            # In a backlog the earliest key and the latest version of many stand for all of them: patience, never haste.
            last[0], last[_VERSION], last[_LASTS] = min(last[0], key), version, max(last[_LASTS], rounds)
        else:
            self._unsettled.append([key, version, None, rounds])

    # -- what follows

    @property
    def sources_bound(self) -> bytes:
        """Links before this bound are complete: no source can bring an earlier one, save a late one."""
        return self._sources_bound

    @property
    def unsettled(self) -> int:
        """How many changes of identity still hold the watermark."""
        return len(self._unsettled)

    def next(self) -> tuple[int, bytes, int | None] | None:
        """(number, bound, wall clock) of the round to issue now; None while one runs or there is no reason."""
        if self._sources_bound == START_OF_TIME or (self._number and len(self._acknowledged) < self._partitions):
            return None
        known = min(self._versions.values())
        self._unsettled = [c for c in self._unsettled if c[_ROUND] is None or c[_ROUND] > self._number]
        waiting = False
        for change in self._unsettled:
            if change[_ROUND] is None and known >= change[_VERSION]:
                change[_ROUND] = self._number + change[_LASTS]
            waiting = waiting or change[_ROUND] is not None
        reach = min([self._sources_bound, self._low, *(c[0] for c in self._unsettled)])
        if reach <= self._bound and not waiting and self._low == NOTHING:
            return None
        self._number += 1
        self._acknowledged.clear()
        self._low = NOTHING
        self._bound = max(self._bound, reach)
        return self._number, self._bound, self._now

    def drained(self) -> bool:
        """True once: when the end of time has been acknowledged everywhere."""
        done = not self._drained and self._bound == END_OF_TIME and len(self._acknowledged) == self._partitions
        self._drained = self._drained or done
        return done

    def _refresh(self) -> None:
        if len(self._positions.keys() & self._expected) == len(self._expected):
            self._sources_bound = max(self._sources_bound, bound(min(self._time(s) for s in self._expected)))

    def _time(self, source: Source) -> int:
        end = self._ends.get(source)
        if end is not None and self._positions[source] >= end:
            return MAX_TIME
        return self._watermarks.get(source, 0)

    # -- kept over restarts

    def dump(self) -> dict[str, Any]:
        """All of it as JSON."""
        return {
            "sources": [
                [*s, self._watermarks.get(s), self._positions[s], self._versions[s]] for s in sorted(self._positions)
            ],
            "ends": [[*s, o] for s, o in sorted(self._ends.items())],
            "acknowledged": sorted(self._acknowledged),
            "low": self._low.hex(),
            "unsettled": [[k.hex(), *rest] for k, *rest in self._unsettled],
            "round": [self._number, self._bound.hex(), self._now],
            "sources_bound": self._sources_bound.hex(),
            "drained": self._drained,
        }

    def restore(self, data: dict[str, Any]) -> None:
        """The inverse of `dump`."""
        for topic, partition, watermark, position, version in data["sources"]:
            source = (topic, partition)
            self._positions[source], self._versions[source] = position, version
            if watermark is not None:
                self._watermarks[source] = watermark
        self._ends = {(t, p): o for t, p, o in data["ends"]}
        self._acknowledged = set(data["acknowledged"])
        self._low = bytes.fromhex(data["low"])
        self._unsettled = [[bytes.fromhex(k), v, r, *(more or [1])] for k, v, r, *more in data["unsettled"]]
        number, reached, now = data["round"]
        self._number, self._bound, self._now = number, bytes.fromhex(reached), now
        self._sources_bound = bytes.fromhex(data["sources_bound"])
        self._drained = data["drained"]
