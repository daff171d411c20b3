"""Lines to Kafka: an idempotent producer, explicit partitions, whole batches; in order within each partition."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from deploy.errors import BadInputError, UnavailableError

if TYPE_CHECKING:
    from aiokafka.producer.message_accumulator import BatchBuilder

    from deploy.stack.lines import Line
    from schemas.settings import Settings

BATCH_BYTES: Final = 256 * 1024
REQUEST_TIMEOUT_MS: Final = 30_000
AHEAD: Final = 8
"""Chunks of lines read ahead of the broker."""
PER_SECOND: Final = 20
"""With a rate, lines go out in this many portions a second."""
SILENCE: Final = 30.0
"""Seconds without an acknowledgement after which the broker is gone: aiokafka itself may wait for it for ever."""
LEAVING: Final = 5.0
"""Seconds for batches under way to be acknowledged, after a failure or when the command is stopped."""


@dataclass
class Done:
    """How far a publication is, also when it fails: records taken, records the broker has acknowledged, bytes taken."""

    records: int = 0
    acknowledged: int = 0
    bytes: int = 0

    def __str__(self) -> str:
        if not self.records:
            return "nothing was published"
        return f"Kafka has acknowledged {self.acknowledged:,} of the {self.records:,} records sent"


async def publish(
    settings: Settings,
    lines: Iterator[list[Line]],
    *,
    rate: float = 0,
    report: Callable[[int], None] = lambda _: None,
    done: Done | None = None,
) -> tuple[int, int]:
    """Publish all lines, `rate` a second at most (0: no limit). Returns records and bytes.

    A line without a time of its own gets the time at which it is sent.

    What was read is sent as soon as no more is there to be read, so a live pipe is never held back. `report` takes how
    many records were sent; `done` tells how far it got, also when it fails. Lines before a bad one are published.

    Raises BadInputError, UnavailableError.
    """
    loop, done = asyncio.get_running_loop(), done or Done()
    began, portion = loop.time(), max(1, int(rate / PER_SECOND))
    async with Publisher(settings, done) as publisher:
        try:
            async for chunk in read_ahead(lines):
                if chunk is None:
                    await publisher.flush()
                    continue
                for at in range(0, len(chunk), portion if rate else len(chunk)):
                    if rate and (early := began + done.records / rate - loop.time()) > 0:
                        await publisher.flush()
                        await asyncio.sleep(early)
                    await publisher.send(chunk[at : at + portion] if rate else chunk)
                    report(done.records)
        except BadInputError:
            await publisher.flush()
            raise
        await publisher.flush()
        return done.records, done.bytes


async def read_ahead(chunks: Iterator[list[Line]]) -> AsyncIterator[list[Line] | None]:
    """The chunks, read by a thread of their own; None each time the next one has to be waited for.

    What the reader raises is raised here, after the chunks before it.
    """
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    ahead: queue.Queue[list[Line] | Exception | None] = queue.Queue(AHEAD)

    def put(item: list[Line] | Exception | None) -> None:
        ahead.put(item)
        with suppress(RuntimeError):  # the loop is closed, because the command was stopped
            loop.call_soon_threadsafe(ready.set)

    def read() -> None:
        try:
            for chunk in chunks:
                put(chunk)
            put(None)
        except Exception as problem:  # noqa: BLE001 - handed on to the reader of the queue
            put(problem)

    # A daemon: it may wait for ever on a silent pipe, and must not keep a stopped command alive.
    threading.Thread(target=read, name="input", daemon=True).start()
    while True:
        if ahead.empty():
            yield None
        ready.clear()
        while ahead.empty():
            await ready.wait()
            ready.clear()
        item = ahead.get_nowait()
        if item is None:
            return
        if isinstance(item, Exception):
            raise item
        yield item


class _Sent(NamedTuple):
    """A batch that was sent and is not acknowledged yet."""

    future: asyncio.Future[Any]
    topic: str
    records: int


class Publisher:
    """`async with Publisher(settings, done) as p: await p.send(lines); await p.flush()`. `done` is kept up to date.

    `silence`: seconds without an acknowledgement after which the broker counts as gone.
    """

    def __init__(self, settings: Settings, done: Done | None = None, *, silence: float = SILENCE) -> None:
        from aiokafka import AIOKafkaProducer

        self._kafka, self._done, self._silence = settings.kafka, done or Done(), silence
        self._producer = AIOKafkaProducer(
            **settings.aiokafka(),
            acks="all",
            enable_idempotence=True,
            max_batch_size=BATCH_BYTES,
            compression_type="zstd",
            request_timeout_ms=REQUEST_TIMEOUT_MS,
        )
        self._open: dict[tuple[str, int], BatchBuilder] = {}
        self._sent: list[_Sent] = []

    async def __aenter__(self) -> Self:
        from aiokafka.errors import KafkaError

        try:
            await self._producer.start()
        except BaseException as problem:
            await self._producer.stop()
            if isinstance(problem, KafkaError | OSError):
                raise UnavailableError(f"Kafka at {self._kafka} does not answer: {problem}") from None
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        # What is under way may still arrive. A broker that is gone is not waited for when something has failed.
        stopping = asyncio.ensure_future(self._producer.stop())
        await asyncio.wait((stopping,), timeout=None if error is None else LEAVING)
        stopping.cancel()
        self._count()

    async def send(self, lines: Sequence[Line]) -> None:
        """Put lines into their partitions' batches; full batches go out. Raises UnavailableError."""
        for line in lines:
            place = (line.topic, line.partition)
            batch = self._open.get(place)
            if batch is None:
                batch = self._open[place] = self._producer.create_batch()
            timestamp = line.timestamp if line.timed else time.time_ns() // 1_000_000
            if batch.append(key=line.key, value=line.value, timestamp=timestamp, headers=list(line.headers)) is None:
                await self._dispatch(place)
                batch = self._open[place] = self._producer.create_batch()
                batch.append(key=line.key, value=line.value, timestamp=timestamp, headers=list(line.headers))
            self._done.records += 1
            self._done.bytes += len(line.value)
        self._settle()

    async def flush(self) -> None:
        """Send what is open; returns when every record is acknowledged. Raises UnavailableError."""
        for place in list(self._open):
            await self._dispatch(place)
        while self._sent:
            before = self._done.acknowledged
            await asyncio.wait([sent.future for sent in self._sent], timeout=self._silence)
            self._settle()
            if self._sent and self._done.acknowledged == before:
                raise self._silent()

    async def _dispatch(self, place: tuple[str, int]) -> None:
        from aiokafka.errors import KafkaError

        batch, (topic, partition) = self._open.pop(place), place
        batch.close()
        try:
            sending = self._producer.send_batch(batch, topic, partition=partition)
            future = await asyncio.wait_for(sending, self._silence)
        except TimeoutError:
            raise self._silent() from None
        except (KafkaError, AssertionError) as problem:  # an unknown partition is an assertion in aiokafka
            raise UnavailableError(f"Kafka at {self._kafka} does not take records for {topic}: {problem}") from None
        self._sent.append(_Sent(future, topic, batch.record_count()))

    def _silent(self) -> UnavailableError:
        return UnavailableError(f"Kafka at {self._kafka} has acknowledged nothing for {self._silence:g} s")

    def _settle(self) -> None:
        """Count what has been acknowledged. Raises UnavailableError for the first batch that was refused."""
        for topic, problem in self._count():
            said = str(problem) or type(problem).__name__
            raise UnavailableError(f"Kafka at {self._kafka} did not take all records for {topic}: {said}")

    def _count(self) -> list[tuple[str, BaseException]]:
        """Take out the batches that are done; returns those that failed, with their topics."""
        failed = []
        for future, topic, records in [sent for sent in self._sent if sent.future.done()]:
            problem = asyncio.CancelledError() if future.cancelled() else future.exception()
            if problem is None:
                self._done.acknowledged += records
            else:
                failed.append((topic, problem))
        self._sent = [sent for sent in self._sent if not sent.future.done()]
        return failed
