"""Dead letters off the broker, each once, with when it was replayed last."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, NamedTuple

import orjson
from msgspec import DecodeError, Struct
from msgspec.json import Decoder

from deploy.errors import UnavailableError
from deploy.letters.letter import Letter, Wanted, letter_of
from deploy.operate import draining
from schemas.record import Record
from schemas.times import iso
from schemas.topics import DEAD_LETTERS, DEAD_LETTERS_REPLAYED

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer

    from schemas.settings import Settings


class Replayed(Struct, frozen=True):
    """A line of the audit: which letter was published again, when (epoch milliseconds), by whom, with others as one.

    `mended` says that it was not sent as it had been refused. `to` is the raw topic and its partition.
    """

    place: str
    replay: str
    at: int
    by: str
    reason: str
    mended: bool
    to: tuple[str, int]

    def encoded(self) -> bytes:
        """The record of `dead.letters.replayed`, with its time as people read it."""
        return orjson.dumps({
            "letter": self.place, "replay": self.replay, "at": iso(self.at), "at_ms": self.at, "by": self.by,
            "reason": self.reason, "mended": self.mended, "to": {"topic": self.to[0], "partition": self.to[1]},
        })  # fmt: skip


class _Line(Struct):
    letter: str
    at_ms: int


_LINE = Decoder(_Line)


class Found(NamedTuple):
    """A dead letter, and when it was replayed last (epoch milliseconds; None: never)."""

    letter: Letter
    replayed_at: int | None

    def lean(self) -> Found:
        """The same without the bytes, which may be more than memory."""
        return self._replace(letter=self.letter._replace(value=b""))

    def told(self) -> dict[str, object]:
        """What it is, without its bytes."""
        return {**self.letter.told(), "replayed_at": None if self.replayed_at is None else iso(self.replayed_at)}


class Once:
    """Makes letters of records: what a restarted worker has written twice is one letter."""

    def __init__(self, audit: dict[str, int]) -> None:
        """`audit`: when each letter was replayed last, in epoch milliseconds by its place."""
        self._audit, self._seen = audit, set[tuple[str, int]]()

    def take(self, record: Record) -> Found | None:
        """The letter in a record; None for one that was read before, or is none."""
        letter = letter_of(record)
        if letter is None:
            return None
        # A broker that has lost records gives their offsets to others, so the place alone is not enough.
        known = (letter.place, hash(letter.value))
        if known in self._seen:
            return None
        self._seen.add(known)
        replayed = self._audit.get(letter.place)
        return Found(letter, replayed if replayed is not None and replayed >= letter.refused_at else None)


async def letters(consumer: AIOKafkaConsumer, settings: Settings, want: Wanted) -> AsyncIterator[Found]:
    """Those letters that are wanted, partition by partition, the oldest first.

    Raises UnavailableError when the broker has no topic of them.
    """
    if DEAD_LETTERS not in await consumer.topics():
        raise UnavailableError(f"missing topics: {DEAD_LETTERS}. Make them with `winback topics`")
    once = Once(await audited(consumer, settings))
    async for record in draining.everything(consumer, await draining.ends(consumer, [DEAD_LETTERS], settings)):
        found = once.take(record)
        if found is not None and want(found.letter):
            yield found


async def audited(consumer: AIOKafkaConsumer, settings: Settings) -> dict[str, int]:
    """When each letter was replayed last, in epoch milliseconds by its place; empty without a topic that says so."""
    if DEAD_LETTERS_REPLAYED not in await consumer.topics():
        return {}
    found: dict[str, int] = {}
    ends = await draining.ends(consumer, [DEAD_LETTERS_REPLAYED], settings)
    async for record in draining.everything(consumer, ends):
        try:
            line = _LINE.decode(record.value or b"")
        except DecodeError:
            continue
        found[line.letter] = max(line.at_ms, found.get(line.letter, 0))
    return found


async def original(consumer: AIOKafkaConsumer, letter: Letter) -> Record | None:
    """The raw record that a letter is of, as it stands in its topic; None when the topic has let go of it."""
    from aiokafka import TopicPartition

    place = TopicPartition(letter.topic, letter.partition)
    begin, end = (await consumer.beginning_offsets([place]))[place], (await consumer.end_offsets([place]))[place]
    if not begin <= letter.offset < end:
        return None
    consumer.assign([place])
    consumer.seek(place, letter.offset)
    m = await consumer.getone()
    if m.offset != letter.offset:
        return None
    return Record(m.topic, m.partition, m.offset, m.timestamp, m.key, m.value, tuple(m.headers))
