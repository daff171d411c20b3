"""The changelog of one partition's state: units of records, each closed by a marker.

A record is one touched key (no value: deleted) and names its unit in the header `u`: epoch and sequence, eight bytes
each. A marker has the key MARKER and says what its unit brings the state to. A marker is written when every record of
its unit is acknowledged, so a unit with a marker is whole.

An epoch is one owner's time with the partition: the consumer group's generation, or one more than the last in the
changelog if that is higher (a deleted group counts from one again). Its first unit, the **claim** (sequence 0), is
written before anything else: from there on units of older epochs are a zombie's. The claim also writes the true value
of every key that an unfinished or a zombie's unit has left in the log, so that compaction, which keeps the last record
of a key whatever unit it was of, never keeps a wrong one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

import orjson
from aiokafka import AIOKafkaProducer

from infra.record_batches import Fields, batches
from schemas.record import Out, Record
from streams.runtime.errors import ChangelogError
from streams.runtime.state.store import RESERVED, Position

MARKER: Final = RESERVED + b"unit"
HEADER: Final = "u"


class UnitId(NamedTuple):
    """Whose unit it is and which of that owner's."""

    epoch: int
    sequence: int

    def header(self) -> list[tuple[str, bytes]]:
        """As it stands in each of its records."""
        return [(HEADER, self.epoch.to_bytes(8, "big") + self.sequence.to_bytes(8, "big"))]


class Marker(NamedTuple):
    """The end of a unit: the input offset it brings the state to, the group's generation, how many keys it touched.

    `read`, of a claim: up to which changelog offset its owner had read. It holds only if it stands right there.
    """

    unit: UnitId
    offset: int
    generation: int
    keys: int
    read: int | None = None


def unit_of(record: Record) -> UnitId:
    """The unit a changelog record belongs to. Raises ChangelogError for a record nobody of us has written."""
    for name, value in record.headers:
        if name == HEADER and len(value) == 16:
            return UnitId(int.from_bytes(value[:8], "big"), int.from_bytes(value[8:], "big"))
    raise ChangelogError(
        f"{record.topic} partition {record.partition} offset {record.offset} is no record of a state changelog; "
        "is something else writing to this topic?"
    )


def read_marker(record: Record, unit: UnitId) -> Marker:
    """A marker's content. Raises ChangelogError if it cannot be read."""
    try:
        data = orjson.loads(record.value or b"")
        return Marker(unit, data["offset"], data["generation"], data["count"], data.get("read"))
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        where = f"{record.topic} partition {record.partition} offset {record.offset}"
        raise ChangelogError(f"{where}: the marker of a unit cannot be read") from error


def key_records(topic: str, partition: int, changes: Mapping[bytes, bytes | None], unit: UnitId) -> Iterator[Fields]:
    """The fields of the records to write for a unit's `changes`, which are its touched keys, each with its value.

    `topic` and `partition` are the changelog's. A key without a value was deleted.
    """
    headers = unit.header()
    return ((topic, partition, key, value, headers, None) for key, value in changes.items())


def marker_record(topic: str, partition: int, marker: Marker) -> Out:
    """The record that closes a unit, for a changelog `topic` and its `partition`."""
    content = {"offset": marker.offset, "generation": marker.generation, "count": marker.keys}
    body = orjson.dumps(content if marker.read is None else {**content, "read": marker.read})
    return Out(topic, partition, MARKER, body, marker.unit.header())


class ChangelogWriter:
    """Writes the claim and the units of one partition, one after another, and notices when somebody else writes too.

    `topic` and `partition` are the changelog's, `epoch` is this owner's, `generation` the consumer group's.
    """

    def __init__(self, producer: AIOKafkaProducer, topic: str, partition: int, epoch: int, generation: int) -> None:
        self._producer = producer
        self.topic = topic
        self.partition = partition
        self.epoch = epoch
        self.generation = generation
        self._sequence = 0
        self._next: int | None = None

    async def claim(self, changes: Mapping[bytes, bytes | None], offset: int, read: int) -> Position | None:
        """Begin the epoch, having read the changelog up to `read`: write `changes` and the input `offset` to begin at.

        Returns where that brings a base to; None if somebody has written behind `read`, which makes it void.
        """
        position = await self._unit(changes, offset, read)
        return position if position.next == read + len(changes) + 1 else None

    async def write(self, changes: Mapping[bytes, bytes | None], offset: int) -> Position:
        """Write one unit: `changes`, and the input `offset` that they bring the state to.

        Returns, when all of it is acknowledged, where it brings a base to.

        Raises what the producer raises, and ChangelogError when records of another writer stand between ours: the next
        owner puts them right in its claim.
        """
        return await self._unit(changes, offset, None)

    async def _unit(self, changes: Mapping[bytes, bytes | None], offset: int, read: int | None) -> Position:
        unit = UnitId(self.epoch, self._sequence)
        await self._send(key_records(self.topic, self.partition, changes, unit))
        marker = Marker(unit, offset, self.generation, len(changes), read)
        behind = await self._send([marker_record(self.topic, self.partition, marker)])
        self._sequence += 1
        return Position(unit.epoch, unit.sequence, offset, behind)

    async def _send(self, outs: Iterable[Fields]) -> int:
        """Send records in order and wait for each batch; returns the offset behind the last."""
        for batch in batches(self._producer, outs):
            count = batch.record_count()
            sent: Any = await (await self._producer.send_batch(batch, self.topic, partition=self.partition))
            self._check(sent.offset, count)
        return self._next or 0

    def _check(self, base: int, count: int) -> None:
        """The broker's offsets of our own batches have no gaps as long as nobody else writes."""
        if base < 0:  # the broker has seen this batch before and does not say where
            raise ChangelogError(
                f"{self.topic} partition {self.partition}: the broker did not say where a batch was written"
            )
        if self._next is not None and base != self._next:
            raise ChangelogError(
                f"{self.topic} partition {self.partition}: {base - self._next} records of another writer at offset "
                f"{self._next}; another worker believes it owns this partition"
            )
        self._next = base + count
