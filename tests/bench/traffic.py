"""What the benchmarks are fed: the simulated shop's events, less those that the plain job is not asked to understand.

Unreadable records and producers' repeats are left out, so that every event must come out exactly once, on both sides,
and "all rows are there" can be told by counting.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson

from deploy.shop import simulate
from deploy.stack import lines as reading
from deploy.stack.lines import Line
from schemas.events import DeadLetter, Reader
from schemas.record import Record

CHUNK = 1_000
PARTITIONS = 4


@dataclass(frozen=True)
class Traffic:
    """Input lines as Kafka records to be, in the order a shop would send them."""

    lines: tuple[Line, ...]

    def __len__(self) -> int:
        return len(self.lines)

    def __getitem__(self, part: slice) -> Traffic:
        return Traffic(self.lines[part])

    def chunks(self) -> Iterator[list[Line]]:
        """As `publish` takes them."""
        return (list(self.lines[at : at + CHUNK]) for at in range(0, len(self), CHUNK))

    @property
    def size(self) -> float:
        """Bytes of a record's value, on average."""
        return sum(len(line.value) for line in self.lines) / len(self)


def shop_traffic(customers: int, days: int, seed: int, most: int, folder: Path) -> Traffic:
    """At most `most` events of a simulated shop. `folder` takes the file they are written to on the way."""
    path = folder / f"shop-{customers}-{days}-{seed}.jsonl"
    with path.open("wb") as file:
        for line in simulate(customers, days, seed):
            file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
    kept: list[Line] = []
    reader, seen = Reader(), set()
    for chunk in reading.read([str(path)], PARTITIONS, event_clock=True):
        for line in chunk:
            event = reader.read(Record(line.topic, line.partition, 0, line.timestamp, line.key, line.value))
            if not isinstance(event, DeadLetter) and event.message_id not in seen:
                seen.add(event.message_id)
                kept.append(line)
    return Traffic(tuple(kept[:most]))
