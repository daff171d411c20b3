"""A history from ClickHouse on disk, and how it is played: the events in the order in which they took effect.

A line of the file is `APPLIED LATE TOPIC PARTITION JSON`: when the event took effect (epoch milliseconds), whether it
came late (0 or 1), its source, and [value, linked] of `sinks.clickhouse.history.StoredEvent`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson

from schemas.events import DeadLetter, Event, Reader
from schemas.identifiers import ANONYMOUS_ID, EXTERNAL_RANK, RANK, USER_ID, Hasher, Identifier
from schemas.record import Record
from schemas.stitched import StitchedReader

if TYPE_CHECKING:
    from deploy.backtest.words import Clock
    from sinks.clickhouse.history import StoredEvent
    from streams.testing import Topology

HELD: Final = 20_000
"""Events that are read before they are fed, at most."""
HASHED: Final = "\0hash:"
"""How the value of an identifier begins of which only the keyed hash is known; no value that was read begins so."""


class HashedIdentifiers(Hasher):
    """Names identifiers as the pipeline does, and those of which only the hash is known by that."""

    def _hash(self, pair: tuple[str, str]) -> str:
        known = pair[1].removeprefix(HASHED)
        return known if known != pair[1] else super()._hash(pair)


class HistoryReader(Reader):
    """Reads the lines' JSON as events: nothing of them is read anew from what a producer has sent.

    `region` and `blocked` are as of `schemas.events.Reader`, `hasher` names the identifiers.
    """

    __slots__ = ("_back", "_hasher")

    def __init__(self, region: str, blocked: Iterable[str], hasher: Hasher) -> None:
        super().__init__(region, blocked)
        self._back, self._hasher = StitchedReader(region, blocked), hasher

    def read(self, record: Record) -> Event | DeadLetter:
        """The event of a record that `records` has made."""
        value, linked = orjson.loads(record.value or b"")
        return self._back.read(value, self._previous(value["identifiers"], dict(linked)) if linked else ())

    def _previous(self, own: Sequence[Mapping[str, str]], linked: Mapping[str, str]) -> list[Identifier]:
        """What an alias call named as before, of all that it `linked`: types by keyed hash.

        An anonymous id of the event itself is that if the user id of the same value was linked as well, because
        `previousId` stands for both.
        """
        hasher = self._hasher
        mine = {hasher(one["type"], one["value"]): Identifier(one["type"], one["value"]) for one in own}
        both = {hashed for hashed, one in mine.items() if hasher(USER_ID, one.value) in linked}
        found = [
            mine.get(hashed) or Identifier(kind or USER_ID, HASHED + hashed)
            for hashed, kind in linked.items()
            if hashed not in mine or (hashed in both and mine[hashed].type == ANONYMOUS_ID)
        ]
        return sorted(found, key=lambda one: RANK.get(one.type, EXTERNAL_RANK))


def write(path: Path, events: Iterable[StoredEvent], report: Callable[[int], None]) -> int:
    """Write events to a file, `report` taking how many there are; returns that."""
    count = 0
    with path.open("wb", buffering=1 << 20) as file:
        for count, event in enumerate(events, 1):
            source = event.value["source"]
            head = f"{event.applied} {event.late:d} {source['topic']} {source['partition']} ".encode()
            file.write(head + orjson.dumps((event.value, event.linked)) + b"\n")
            if count % 1_000 == 0:
                report(count)
    report(count)
    return count


def play(topology: Topology, path: Path, partitions: int, report: Callable[[int], None], clock: Clock) -> None:
    """Feed the events of a file to a topology of so many `partitions`, to the end; `report` takes how many are read.

    Time stands until an event comes that was late, or an operator has said something: then it goes to where it was.
    """
    reached, waiting, count = None, list[Record](), 0
    for count, (applied, late, record) in enumerate(_records(path, partitions), 1):
        while (said := clock.next) is not None and said <= applied:
            topology.feed(waiting)
            waiting = []
            clock.speak()
        if late and applied != reached:
            topology.feed(waiting)
            waiting = []
            clock.reach(applied)
            reached = applied
        elif len(waiting) >= HELD:
            topology.feed(waiting)
            waiting = []
        waiting.append(record)
        if count % 1_000 == 0:
            report(count)
    topology.feed(waiting)
    report(count)
    clock.finish()


def _records(path: Path, partitions: int) -> Iterator[tuple[int, bool, Record]]:
    offsets: dict[tuple[str, int], int] = defaultdict(int)
    if not path.stat().st_size:
        return
    # A file that is read goes on where the other process of a fork has come to; a mapped one does not.
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as lines:
        for line in iter(lines.readline, b""):
            applied, late, topic, partition, value = line.split(b" ", 4)
            place = (topic.decode(), int(partition) % partitions)
            yield int(applied), late == b"1", Record(*place, offsets[place], 0, None, value)
            offsets[place] += 1
