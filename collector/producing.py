"""From the spool to Kafka: in order, by an idempotent producer, and from the last sure place again after a failure."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from itertools import chain, repeat
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from collector import metrics
from collector.spool.frames import Frame
from collector.spool.segments import Position
from collector.spool.spool import Spool
from infra.bootstrapping import wait_for_brokers
from infra.record_batches import Fields, batches
from infra.retry import pauses, set_within, until_connected
from schemas.settings import Settings
from schemas.topics import MAX_RECORD_BYTES, channel_topic

log = logging.getLogger("winback.collect")
wait_for_brokers()

CHUNK: Final = 4 * 1024 * 1024
"""Bytes of the spool that are on their way to Kafka at a time."""
LINGER: Final = 0.1
"""Seconds that events gather between two requests to Kafka: nobody waits for them any more."""
BATCH_BYTES: Final = 256 * 1024
SILENCE: Final = 30.0
"""Seconds without an acknowledgement after which the broker is gone: aiokafka itself may wait for it for ever."""
LEAVING: Final = 5.0
"""Seconds for a producer to stop, and for the rest to be sent when the process is told to stop."""
TICK: Final = 0.5
LONGEST_PAUSE: Final = 5.0
_TEXT, _ZERO, _NONE = repeat(""), repeat(0), repeat(None)
_HEADERS: Final[repeat[list[tuple[str, bytes]]]] = repeat([])


class Sender:
    """Sends what is in a spool. What Kafka has acknowledged stays there for `keep` seconds more.

    After a failure these seconds are sent again, so that a broker that forgets its last ones has them all the same;
    twice is once, as messages have ids.
    """

    def __init__(self, settings: Settings, spool: Spool, keep: float) -> None:
        self._settings, self._spool, self._keep = settings, spool, keep
        self._acknowledged: deque[tuple[float, Position]] = deque()
        self._batch_bytes = BATCH_BYTES
        self.position = spool.needed
        """Where what Kafka has not acknowledged begins."""

    async def run(self, stopped: asyncio.Event) -> None:
        """Send until `stopped` is set, and then what is left, for LEAVING seconds at most."""
        waits = pauses(longest=LONGEST_PAUSE)
        while True:
            producer = self._producer()
            began = time.monotonic()
            try:
                if await until_connected(
                    producer.start, address=self._settings.kafka, say=log.warning,
                    stopped=lambda seconds: set_within(stopped, min(seconds, LONGEST_PAUSE)),
                ):  # fmt: skip
                    await self._send_all(producer, stopped)
            except (KafkaError, TimeoutError, OSError) as problem:
                metrics.RETRIES.inc()
                log.warning("Kafka has not taken events: %s", type(problem).__name__)
            else:
                return
            finally:
                await _stop(producer)
            if time.monotonic() - began > SILENCE:
                waits = pauses(longest=LONGEST_PAUSE)
            if await set_within(stopped, next(waits)):
                return

    async def watch(self) -> None:
        """Show how much waits for Kafka, and since when, for ever."""
        while True:
            size, oldest = await self._spool.off(self._spool.segments.waiting, self.position, self._spool.end)
            metrics.SPOOL_BYTES.set(size)
            metrics.SPOOL_DELAY.set(0 if oldest is None else max(0.0, time.time() - oldest / 1000))
            await asyncio.sleep(TICK)

    def _producer(self) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            **self._settings.aiokafka(), client_id="winback-collect", acks="all", enable_idempotence=True,
            linger_ms=0, max_batch_size=self._batch_bytes, max_request_size=MAX_RECORD_BYTES, compression_type="zstd",
            request_timeout_ms=int(SILENCE * 1000),
        )  # fmt: skip

    async def _send_all(self, producer: AIOKafkaProducer, stopped: asyncio.Event) -> None:
        self._acknowledged.clear()
        self.position, until = self._spool.needed, float("inf")
        while True:
            if stopped.is_set():
                until = min(until, time.monotonic() + LEAVING)
                if self.position >= self._spool.end or time.monotonic() > until:
                    break
            self._spool.appended.clear()
            if self.position >= self._spool.end:
                await self._remember()
                await set_within(self._spool.appended, TICK)
                continue
            frames, after = await self._spool.frames(self.position, CHUNK)
            if frames:
                await asyncio.wait_for(self._send(producer, frames), SILENCE)
            self.position = after
            await self._remember()
            if sum(frame.size for frame in frames) < CHUNK:
                await set_within(stopped, LINGER)
        if self.position >= self._spool.end:
            # A clean end: the broker has it all, and is in good health.
            await self._spool.forget(self.position)

    async def _send(self, producer: AIOKafkaProducer, frames: Iterable[Frame]) -> None:
        """Returns when every event is acknowledged. Raises KafkaError."""
        outs: dict[tuple[str, int], list[Iterable[Fields]]] = {}
        partitions: dict[str, list[int]] = {}
        for received, blocks, _ in frames:
            for channel, slot, values in blocks:
                there = partitions.get(channel)
                if there is None:
                    there = sorted(await producer.partitions_for(channel_topic(channel)))
                    partitions[channel] = there
                # As `Fields`, made without a step of Python for each.
                fields = zip(_TEXT, _ZERO, _NONE, values, _HEADERS, repeat(received), strict=False)
                outs.setdefault((channel, there[slot % len(there)]), []).append(fields)
        await asyncio.gather(
            *(self._partition(producer, *where, chain.from_iterable(fields)) for where, fields in outs.items())
        )

    async def _partition(
        self, producer: AIOKafkaProducer, channel: str, partition: int, fields: Iterable[Fields]
    ) -> None:
        sent: list[tuple[int, Any]] = []
        for batch in batches(producer, fields):
            count = batch.record_count()
            sent.append((count, await producer.send_batch(batch, channel_topic(channel), partition=partition)))
        for count, acknowledged in sent:
            try:
                await acknowledged
            except MessageSizeTooLargeError:
                if count > 1:
                    self._batch_bytes = 1  # from now on each by itself, so that the one is found
                    raise
                metrics.LOST.inc()
                log.error("an event for channels.%s is larger than its topic allows; it is gone", channel)  # noqa: TRY400
            else:
                metrics.SENT.labels(channel).inc(count)

    async def _remember(self) -> None:
        """Note that Kafka has what is before the position, and forget what it has had for long enough."""
        now, position = time.monotonic(), self.position
        if self._spool.crowded:
            self._acknowledged.clear()
            done: Position | None = position
        else:
            last = self._acknowledged[-1] if self._acknowledged else None
            if last is None or (position > last[1] and now >= last[0] + TICK):
                self._acknowledged.append((now, position))
            done = None
            while self._acknowledged and self._acknowledged[0][0] + self._keep <= now:
                done = self._acknowledged.popleft()[1]
        if done is not None and done > self._spool.needed:
            await self._spool.forget(done)


async def _stop(producer: AIOKafkaProducer) -> None:
    """Stop a producer, whatever it still has: that is sent again. It would wait for a broker that is gone."""
    with suppress(KafkaError, TimeoutError, OSError):
        await asyncio.wait_for(producer.stop(), LEAVING)
        return
    with suppress(KafkaError, TimeoutError, OSError):
        await producer._sender.close()  # noqa: SLF001 - it would try for ever
        await producer.client.close()
