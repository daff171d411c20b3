"""Outbox: what a chunk puts out, sent as whole record batches per target partition, and known to be acknowledged.

aiokafka's `send` costs three times as much a record as a batch that is filled and sent whole, and Faust's producer
only logs what fails. Here nothing is forgotten: `flush` returns when the broker has acknowledged every record, and
raises otherwise.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaTimeoutError

from infra.record_batches import batches
from schemas.record import Out

_Target = tuple[str, int]


class Outbox:
    """The `Emit` of one task.

    `push` starts to send what was gathered; `flush` waits until all of it is acknowledged, then sends what was put in
    with `after`, and waits for that. Records for one target partition keep their order. One coroutine at a time may
    flush; others may go on gathering and pushing meanwhile. `guard` is called before anything is handed to the
    producer and raises when this worker may not write any more.
    """

    def __init__(self, producer: AIOKafkaProducer, guard: Callable[[], None] = lambda: None) -> None:
        self._producer = producer
        self._guard = guard
        self._sends: dict[_Target, list[Out]] = {}
        self._afters: list[Out] = []
        self._tails: dict[_Target, asyncio.Task[Any]] = {}
        self._flights: list[asyncio.Task[int]] = []
        self._landed = asyncio.Event()
        self.gathered = 0
        """Records put in and not yet handed to the producer."""
        self.flying = 0
        """Records handed to the producer and not yet acknowledged."""

    @property
    def has_afters(self) -> bool:
        """Whether a flush has records to send behind the others."""
        return bool(self._afters)

    def send(self, out: Out) -> None:
        """Gather a record; it goes out with the next `push` or `flush`."""
        target = (out.topic, out.partition)
        outs = self._sends.get(target)
        if outs is None:
            self._sends[target] = [out]
        else:
            outs.append(out)
        self.gathered += 1

    def after(self, out: Out) -> None:
        """Gather a record that goes out only when all that was put in before it has been acknowledged."""
        self._afters.append(out)

    def push(self) -> None:
        """Start sending what `send` has gathered. Errors come out of the next `flush` or `room`."""
        if not self._sends:
            return
        self._guard()
        sends, self._sends = self._sends, {}
        self.gathered = 0
        for target, outs in sends.items():
            self.flying += len(outs)
            flight = asyncio.ensure_future(self._fly(target, outs, self._tails.get(target)))
            self._tails[target] = flight
            self._flights.append(flight)

    async def room(self, most: int) -> None:
        """Wait until fewer than `most` records are in flight. Raises what a send raised."""
        while True:
            for flight in self._flights:
                if flight.done():
                    flight.result()
            if self.flying < most:
                return
            self._landed.clear()
            await self._landed.wait()

    async def flush(self) -> None:
        """Everything put in so far is acknowledged when this returns. Raises the first error of a send."""
        self.push()
        await self._land()
        if self._afters:
            afters, self._afters = self._afters, []
            for out in afters:
                self.send(out)
            self.push()
            await self._land()

    async def _land(self) -> None:
        flights, self._flights = self._flights, []
        try:
            for flight in flights:
                await flight
        except BaseException:
            self._flights = flights
            raise
        for target in [t for t, tail in self._tails.items() if tail.done()]:
            del self._tails[target]

    async def _fly(self, target: _Target, outs: list[Out], before: asyncio.Task[Any] | None) -> int:
        """Hand records to the producer, behind those on their way to the same partition; wait for the broker."""
        topic, partition = target
        try:
            if before is not None:
                await asyncio.wait([before])
                before.result()
            for batch in batches(self._producer, outs):
                await (await self._queued(batch, topic, partition))
        finally:
            self.flying -= len(outs)
            self._landed.set()
        return len(outs)

    async def _queued(self, batch: Any, topic: str, partition: int) -> Any:
        """Hand a batch to the producer as soon as it has a place for one of that partition.

        aiokafka has one place for all outboxes, and gives up waiting for it much sooner than it says. That is no
        failure: whatever holds the place fails by itself if the broker does not answer.
        """
        while True:
            self._guard()
            try:
                return await self._producer.send_batch(batch, topic, partition=partition)
            except KafkaTimeoutError:
                continue
