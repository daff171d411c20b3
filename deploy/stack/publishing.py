"""Lines to Kafka: an idempotent producer, explicit partitions, whole batches; in order within each partition."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from deploy.errors import UnavailableError

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


async def publish(
    settings: Settings, lines: Iterator[list[Line]], *, rate: float = 0, report: Callable[[int], None] = lambda _: None
) -> tuple[int, int]:
    """Publish all lines, `rate` a second at most (0: no limit). Returns records and bytes.

    What was read is sent as soon as no more is there to be read, so a live pipe is never held back.
    Lines before a bad one are published. Raises BadInputError, UnavailableError.
    """
    loop = asyncio.get_running_loop()
    began, portion = loop.time(), max(1, int(rate / PER_SECOND))
    async with Publisher(settings) as publisher:
        async for chunk in read_ahead(lines):
            if chunk is None:
                await publisher.flush()
                continue
            for at in range(0, len(chunk), portion if rate else len(chunk)):
                if rate and (early := began + publisher.records / rate - loop.time()) > 0:
                    await publisher.flush()
                    await asyncio.sleep(early)
                await publisher.send(chunk[at : at + portion] if rate else chunk)
                report(publisher.records)
        await publisher.flush()
        return publisher.records, publisher.bytes


async def read_ahead(chunks: Iterator[list[Line]]) -> AsyncIterator[list[Line] | None]:
    """The chunks, read by a thread of their own; None each time the next one has to be waited for.

    What the reader raises is raised here, after the chunks before it.
    """
    loop, queue = asyncio.get_running_loop(), asyncio.Queue[list["Line"] | Exception | None](AHEAD)

    def put(item: list[Line] | Exception | None) -> None:
        asyncio.run_coroutine_threadsafe(queue.put(item), loop).result()

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
        if queue.empty():
            yield None
        item = await queue.get()
        if item is None:
            return
        if isinstance(item, Exception):
            raise item
        yield item


class Publisher:
    """`async with Publisher(settings) as p: await p.send(lines); await p.flush()`. Counts records and bytes."""

    def __init__(self, settings: Settings) -> None:
        from aiokafka import AIOKafkaProducer

        self._kafka = settings.kafka
        self._producer = AIOKafkaProducer(
            **settings.aiokafka(),
            acks="all",
            enable_idempotence=True,
            max_batch_size=BATCH_BYTES,
            compression_type="zstd",
            request_timeout_ms=REQUEST_TIMEOUT_MS,
        )
        self._open: dict[tuple[str, int], BatchBuilder] = {}
        self._sent: list[asyncio.Future[Any]] = []
        self.records = 0
        self.bytes = 0

    async def __aenter__(self) -> Self:
        await self._producer.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._producer.stop()

    async def send(self, lines: Sequence[Line]) -> None:
        """Put lines into their partitions' batches; full batches go out. Raises UnavailableError."""
        for line in lines:
            place = (line.topic, line.partition)
            batch = self._open.get(place)
            if batch is None:
                batch = self._open[place] = self._producer.create_batch()
            if batch.append(key=line.key, value=line.value, timestamp=line.timestamp) is None:
                await self._dispatch(place)
                batch = self._open[place] = self._producer.create_batch()
                batch.append(key=line.key, value=line.value, timestamp=line.timestamp)
            self.records += 1
            self.bytes += len(line.value)
        await self._settle([future for future in self._sent if future.done()])

    async def flush(self) -> None:
        """Send what is open; returns when every record is acknowledged. Raises UnavailableError."""
        await asyncio.gather(*(self._dispatch(place) for place in list(self._open)))
        await self._settle(self._sent)

    async def _dispatch(self, place: tuple[str, int]) -> None:
        from aiokafka.errors import KafkaError

        batch = self._open.pop(place)
        batch.close()
        try:
            self._sent.append(await self._producer.send_batch(batch, place[0], partition=place[1]))
        except (KafkaError, AssertionError) as problem:  # an unknown partition is an assertion in aiokafka
            raise UnavailableError(f"Kafka at {self._kafka} does not take records for {place[0]}: {problem}") from None

    async def _settle(self, futures: Sequence[asyncio.Future[Any]]) -> None:
        from aiokafka.errors import KafkaError

        try:
            await asyncio.gather(*futures)
        except KafkaError as problem:
            raise UnavailableError(f"Kafka at {self._kafka} did not take all records: {problem}") from None
        done = set(map(id, futures))
        self._sent = [future for future in self._sent if id(future) not in done]
