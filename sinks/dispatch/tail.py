"""Reads the topics that decide whether a message may be sent, up to their ends.

The ledger, and what is said of addresses, are read from their beginning; decisions and conversions from a while before
the oldest message that is still to be sent. Decisions are read of all partitions, since a merge may have moved a
profile to another one, and so are addresses, as anybody may have them; the rest of the own ones.

Entries of the ledger are taken in strictly in the order of their offsets. An entry that this process has written itself
need not be read again to know what comes before it, when all that comes before it is known too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from heapq import heappop, heappush
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from infra.fetching import pace
from schemas.identifiers import Hasher
from schemas.settings import Settings
from schemas.topics import CONTACT_SUPPRESSIONS, CONVERSIONS, HOUR_MS, RETARGETING_DECISIONS, RETARGETING_DELIVERIES
from sinks.dispatch.ledger import Entry, Ledger
from sinks.dispatch.suppressions import Suppressions
from sinks.dispatch.timing import Timing

POLL_MS: Final = 100
SLACK: Final = HOUR_MS
"""How much earlier than a message a record that suppresses it may seem to be written, as clocks of workers differ."""


class Tail:
    """`start()`, then `run()` until it is cancelled; what it has read is in `ledger` and `suppressions`.

    `partitions` are those of messages that this process has been given. `message_id` names a message; `partition` and
    `offset` are those of an entry in the ledger; `now` is in epoch milliseconds.
    """

    def __init__(self, settings: Settings, partitions: Iterable[int], timing: Timing) -> None:
        self.ledger = Ledger(timing.now())
        self.suppressions = Suppressions(Hasher(settings.secret.get_secret_value()))
        self.loaded = asyncio.Event()
        """Set when the ledger and the addresses have been read to where their ends were."""
        own = sorted(partitions)
        self._ledgers = [TopicPartition(RETARGETING_DELIVERIES, p) for p in own]
        self._others = [
            *(TopicPartition(RETARGETING_DECISIONS, p) for p in range(settings.partitions)),
            *(TopicPartition(CONVERSIONS, p) for p in own),
        ]
        self._addresses = [TopicPartition(CONTACT_SUPPRESSIONS, p) for p in range(settings.partitions)]
        options = settings.aiokafka()
        self._reader = AIOKafkaConsumer(**options, client_id="winback-dispatch-tail", auto_offset_reset="earliest",
                                        enable_auto_commit=False, max_partition_fetch_bytes=1024 * 1024)  # fmt: skip
        # Fetches wait for records; what asks for ends must not wait behind one on the same connection.
        self._asker = AIOKafkaConsumer(**options, client_id="winback-dispatch-ends", enable_auto_commit=False)
        self._at: dict[TopicPartition, int] = {}
        """Offsets before which everything is known."""
        self._olds: dict[TopicPartition, int] = {}
        self._own: dict[TopicPartition, list[tuple[int, str, Entry]]] = {tp: [] for tp in self._ledgers}
        self._moved = asyncio.Event()
        self._since = timing.now()
        """Suppressions written from this time on (epoch ms) are known, or will be before the next end is reached."""
        self._covering = asyncio.Lock()
        self._look: asyncio.Task[None] | None = None
        self._next_look: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Find the ends. Raises KafkaError."""
        await self._asker.start()
        await self._reader.start()
        pace(self._reader)
        everything = [*self._ledgers, *self._addresses, *self._others]
        ends = await self._asker.end_offsets(everything)
        from_the_beginning = [*self._ledgers, *self._addresses]
        begins = await self._asker.beginning_offsets(from_the_beginning)
        self._olds = {tp: ends[tp] for tp in from_the_beginning}
        self._at = {**ends, **begins}
        self._reader.assign(everything)
        for tp, offset in self._at.items():
            self._reader.seek(tp, offset)

    async def run(self) -> None:
        """Read, until cancelled. Raises KafkaError."""
        while True:
            if not self.loaded.is_set() and self._reached(self._olds):
                self.loaded.set()
            for tp, records in (await self._reader.getmany(timeout_ms=POLL_MS)).items():
                for record in records:
                    self._apply(tp, record)
            for tp in self._at:
                position = await self._reader.position(tp)
                self._at[tp] = max(position, self._at[tp]) if tp in self._own else position
            for tp in self._own:
                self._take_own(tp)
            self._tell()

    async def stop(self) -> None:
        """Let go of the connections."""
        for look in (self._look, self._next_look):
            if look is not None:
                look.cancel()
        await self._reader.stop()
        await self._asker.stop()

    def entry(self, message_id: str) -> Entry | None:
        """What the ledger says of a message, as far as it has been read."""
        return self.ledger.entries.get(message_id)

    def wrote(self, message_id: str, partition: int, offset: int, entry: Entry) -> None:
        """Take note of an entry that has been written by this process."""
        tp = TopicPartition(RETARGETING_DELIVERIES, partition)
        heappush(self._own[tp], (offset, message_id, entry))
        self._take_own(tp)
        self._tell()

    async def cover(self, at: int) -> None:
        """Read all suppressions that may concern a message written `at` that time (epoch milliseconds)."""
        since = at - SLACK
        if since >= self._since:
            return
        async with self._covering:
            if since >= self._since:
                return
            found = await self._asker.offsets_for_times(dict.fromkeys(self._others, since))
            for tp, place in found.items():
                if place is not None and place.offset < self._at[tp]:
                    self._at[tp] = place.offset
                    self._reader.seek(tp, place.offset)
            self._since = since

    async def caught_up(self, partition: int, offset: int) -> None:
        """Returns when a record of the ledger has been read, and of the others all that was there when it was called.

        Raises KafkaError.
        """
        ledger = {TopicPartition(RETARGETING_DELIVERIES, partition): offset + 1}
        if self._next_look is None:
            self._next_look = asyncio.ensure_future(self._looked(self._look))
        await asyncio.shield(self._next_look)
        await self._reach(ledger)

    async def entry_changed(self, message_id: str, entry: Entry, timing: Timing, seconds: float) -> None:
        """Returns when the ledger has another entry of a message than this, or after so many seconds."""
        until = timing.monotonic() + seconds
        while self.entry(message_id) == entry and (left := until - timing.monotonic()) > 0:
            await timing.wait(self._moved, left)

    def prune(self, now: int, oldest: int) -> None:
        """Forget what no unfinished message needs; `oldest`: the time of the first unfinished one (epoch milliseconds).

        Should an older message come after all, `cover` reads its suppressions again.
        """
        self.ledger.prune(now)
        if oldest - SLACK > self._since:
            self._since = oldest - SLACK
            self.suppressions.prune(self._since)

    def _take_own(self, tp: TopicPartition) -> None:
        own = self._own[tp]
        while own and own[0][0] <= self._at[tp]:
            offset, message_id, entry = heappop(own)
            if offset == self._at[tp]:
                self.ledger.take(message_id, entry)
                self._at[tp] = offset + 1

    def _tell(self) -> None:
        """Wake the tasks that wait for a record to be read."""
        self._moved.set()
        self._moved = asyncio.Event()

    async def _looked(self, before: asyncio.Task[None] | None) -> None:
        """One look at the ends, shared by all callers that have asked before it begins."""
        if before is not None and not before.done():
            await asyncio.wait({before})
        self._look, self._next_look = self._next_look, None
        await self._reach(await self._asker.end_offsets([*self._others, *self._addresses]))

    async def _reach(self, ends: dict[TopicPartition, int]) -> None:
        while not self._reached(ends):
            await self._moved.wait()

    def _reached(self, ends: dict[TopicPartition, int]) -> bool:
        return all(self._at[tp] >= end for tp, end in ends.items())

    def _apply(self, tp: TopicPartition, record: Any) -> None:
        """Take in a record; an unreadable record is skipped."""
        try:
            if tp.topic == RETARGETING_DELIVERIES:
                self._take_own(tp)
                if record.offset >= self._at[tp]:
                    self._at[tp] = record.offset + 1
                    self.ledger.apply(record.key.decode(), record.value, old=record.offset < self._olds[tp])
            elif tp.topic == CONTACT_SUPPRESSIONS:
                self.suppressions.address(record.key, record.value)
            elif tp.topic == RETARGETING_DECISIONS:
                self.suppressions.decision(record.key, record.value, record.timestamp)
            else:
                self.suppressions.conversion(record.key, record.value, record.timestamp)
        except (ValueError, AttributeError):
            return
