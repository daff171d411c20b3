"""Publishing dead letters again: what would be refused once more is known before anything is sent."""

from __future__ import annotations

import getpass
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self
from uuid import uuid4

from deploy.errors import UnavailableError
from deploy.letters.letter import Letter, Wanted
from deploy.letters.lines import Mended
from deploy.letters.reading import Replayed, audited, letters, original
from deploy.operate import broker, links
from schemas.events import DeadLetter, Event
from schemas.reasons import DeadLetterReason
from schemas.record import Out, Record
from schemas.topics import CHANNEL_TOPICS, DAY_MS, DEAD_LETTERS, DEAD_LETTERS_REPLAYED, catalog

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer

    from schemas.settings import Settings


class Refusal(NamedTuple):
    """Why a record would be refused once more."""

    reason: str
    detail: str


class Trial:
    """Reads records as the workers would, by the settings of this command, without sending anything.

    Raises ValueError when the file of aliases is not valid.
    """

    def __init__(self, settings: Settings) -> None:
        from schemas.identifiers import Hasher
        from schemas.message_ids import MessageIds
        from schemas.reading import reader_of
        from streams.core.ingest import Ingest

        secret = settings.secret.get_secret_value()
        self._outs: list[Out] = []
        self._reader = reader_of(settings)
        self._ingest = Ingest(
            self, reader=self._reader, hasher=Hasher(secret), message_ids=MessageIds(secret), replica={},
            partitions=settings.partitions,
        )  # fmt: skip

    def send(self, out: Out) -> None:
        """Take what ingest would send."""
        if out.topic == DEAD_LETTERS:
            self._outs.append(out)

    def after(self, out: Out) -> None:
        """Nothing waits for what is not sent."""

    def __call__(self, record: Record) -> Event | Refusal:
        """The event that a record is, or why it is none."""
        event = self._reader.read(record)
        if isinstance(event, DeadLetter):
            return Refusal(event.reason, event.detail)
        self._outs.clear()
        self._ingest.process([record])
        if self._outs:  # it can be read, and is nobody's
            said = dict(self._outs[0].headers)
            return Refusal(said["reason"].decode(), said["detail"].decode())
        return event


@dataclass
class Plan:
    """What a replay would do: the letters that would be taken, how many not and why, and what is passed over.

    `old` of those that would be taken are of a day ago or more. `replayed` were sent before, `gone` cannot be had any
    more. `refused` has the first of each kind.
    """

    ready: set[str] = field(default_factory=set)
    failing: Counter[Refusal] = field(default_factory=Counter)
    refused: dict[Refusal, str] = field(default_factory=dict)
    replayed: int = 0
    gone: int = 0
    old: int = 0

    def told(self) -> dict[str, Any]:
        """The plan in numbers."""
        failing = [
            {"reason": one.reason, "detail": one.detail, "letters": count, "first": self.refused[one]}
            for one, count in self.failing.most_common()
        ]
        return {"ready": len(self.ready), "old": self.old, "replayed_before": self.replayed, "gone": self.gone,
                "failing": failing}  # fmt: skip

    def take(self, place: str, result: Event | Refusal, now: int) -> None:
        """Take in the `result` of one letter, at this `place` (`now`: epoch milliseconds)."""
        if isinstance(result, Refusal):
            self.failing[result] += 1
            self.refused.setdefault(result, place)
            return
        self.ready.add(place)
        self.old += now - result.time >= DAY_MS


async def ready_to_send(settings: Settings, *, wait: float) -> None:
    """Raises UnavailableError when topics are missing, or no broker answers within `wait` seconds."""
    async with broker.admin(settings, wait=wait) as client:
        have = await broker.partition_counts(client)
    needed = (*CHANNEL_TOPICS, DEAD_LETTERS, DEAD_LETTERS_REPLAYED)
    broker.complain(have, [topic for topic in catalog(settings.partitions) if topic.name in needed])


async def plan(settings: Settings, want: Wanted, now: int, *, again: bool) -> Plan:
    """What a replay of the letters that are wanted would do at `now` (epoch milliseconds); nothing is sent.

    `again`: also those that were replayed before. Raises UnavailableError.
    """
    made, trial = Plan(), Trial(settings)
    async with links.consumer(settings) as consumer, links.consumer(settings) as raw:
        async for letter, replayed_at in letters(consumer, settings, want):
            if replayed_at is not None and not again:
                made.replayed += 1
                continue
            record = await _as_it_came(raw, letter)
            if record is None:
                made.gone += 1
            else:
                made.take(letter.place, trial(record), now)
    return made


async def planned(settings: Settings, lines: Iterable[Mended], now: int, *, again: bool) -> tuple[Plan, list[Mended]]:
    """The same for the `lines` of a file: the plan, and the lines that would be sent.

    `now` in epoch milliseconds; `again`: also those of letters that were replayed before. Raises UnavailableError.
    """
    made, trial, ready = Plan(), Trial(settings), list[Mended]()
    async with links.consumer(settings) as consumer:
        before = await audited(consumer, settings)
    for line in lines:
        if line.place in before and not again:
            made.replayed += 1
            continue
        result = trial(line.record)
        made.take(f"line {line.number}" if isinstance(result, Refusal) else line.place, result, now)
        if not isinstance(result, Refusal):
            ready.append(line)
    return made, ready


async def replay(settings: Settings, want: Wanted, ready: set[str], now: int) -> int:
    """Publish the letters that a plan has found `ready`, as they came; returns how many.

    `now` in epoch milliseconds, for the audit. Raises UnavailableError.
    """
    sent = Sending(settings, now)
    async with sent, links.consumer(settings) as consumer, links.consumer(settings) as raw:
        async for letter, _ in letters(consumer, settings, want):
            if letter.place in ready and (record := await _as_it_came(raw, letter)) is not None:
                await sent.take(letter.place, letter.reason, record, mended=False)
        await sent.flush()
    return sent.count


async def replay_lines(settings: Settings, lines: Iterable[Mended], now: int) -> int:
    """Publish the `lines` of a file; returns how many. `now` in epoch milliseconds. Raises UnavailableError."""
    sent = Sending(settings, now)
    async with sent:
        for line in lines:
            await sent.take(line.place, line.reason, line.record, mended=True)
        await sent.flush()
    return sent.count


async def _as_it_came(consumer: AIOKafkaConsumer, letter: Letter) -> Record | None:
    """The raw record. Of an event that failed on its way the letter holds what it had become, so its topic is asked."""
    if letter.reason == DeadLetterReason.INTERNAL_ERROR:
        return await original(consumer, letter)
    return letter.record


class Sending:
    """`async with Sending(settings, now) as s`: records go out, and once they are acknowledged, the audit of them.

    So a replay that is stopped in between is sent again by the next one, and what comes twice is dropped as a repeat.
    """

    AT_ONCE = 500

    def __init__(self, settings: Settings, now: int) -> None:
        """`now`: when the replay began, in epoch milliseconds."""
        from deploy.stack.publishing import Publisher

        self._publisher = Publisher(settings)
        self._settings, self._now, self._replay, self._by = settings, now, uuid4().hex, operator()
        self._waiting: list[Replayed] = []
        self.count = 0

    async def __aenter__(self) -> Self:
        await self._publisher.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._publisher.__aexit__(kind, error, at)

    async def take(self, place: str, reason: str, record: Record, *, mended: bool) -> None:
        """Send one record under its own time, to its own partition: the letter at `place`, refused for a `reason`.

        `mended`: it is not as it was refused. Raises UnavailableError.
        """
        from deploy.stack.lines import Line

        line = Line(
            record.topic, record.partition, record.key, record.value or b"", record.timestamp,
            headers=tuple(record.headers),
        )  # fmt: skip
        await self._publisher.send([line])
        to = (record.topic, record.partition)
        self._waiting.append(Replayed(place, self._replay, self._now, self._by, reason, mended, to))
        if len(self._waiting) >= self.AT_ONCE:
            await self.flush()

    async def flush(self) -> None:
        """Returns once all that was taken is acknowledged and in the audit. Raises UnavailableError."""
        await self._publisher.flush()
        await _write_down(self._settings, _encoded(self._waiting))
        self.count += len(self._waiting)
        self._waiting.clear()


def _encoded(rows: Iterable[Replayed]) -> Iterator[tuple[bytes, bytes]]:
    for row in rows:
        yield row.place.encode(), row.encoded()


async def _write_down(settings: Settings, rows: Iterable[tuple[bytes, bytes]]) -> None:
    from aiokafka import AIOKafkaProducer
    from aiokafka.errors import KafkaError

    try:
        async with AIOKafkaProducer(**settings.aiokafka(), acks="all", enable_idempotence=True) as producer:
            sent = [await producer.send(DEAD_LETTERS_REPLAYED, value, key=key, partition=0) for key, value in rows]
            for one in sent:
                await one
    except (KafkaError, OSError) as problem:
        raise UnavailableError(f"Kafka at {settings.kafka} does not take the audit ({problem})") from None


def operator() -> str:
    """Who runs this command, as the system knows them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
