"""Delivers one message: waits for its turn, claims it, checks once more, tries, writes the outcome to the ledger.

1. Wait for its turn in its profile's queue, for its channel's breaker and for a free slot.
2. Claim the message in the ledger.
3. Read the ledger up to the claim, decisions and conversions up to their ends, and judge once more: only the owner of
   the first claim goes on, and only when nothing suppresses the message by then.
4. Try. 5. Write the outcome; or, when the message has surely not been sent, release the claim and try again later.

A crash before 2 leaves the message to the next start. A crash between 2 and 5 leaves a claim without an outcome: by
SMTP such a message may have been sent, is not sent again, and ends `unknown`; to a webhook it is sent again under the
same key. Steps 2 to 5 are never cancelled, so that an orderly stop leaves no such claim.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from schemas.record import Out
from schemas.settings import Settings
from schemas.topics import DAY_MS
from sinks.dispatch import ledger, metrics, results
from sinks.dispatch.answers import Answer, Kind
from sinks.dispatch.backoff import pause
from sinks.dispatch.breaker import OPEN
from sinks.dispatch.channels import Channel
from sinks.dispatch.ledger import Entry
from sinks.dispatch.message import Message
from sinks.dispatch.outcomes import Action, Outcome, Recorded, Verdict, judge
from sinks.dispatch.profile_queues import Place, ProfileQueues
from sinks.dispatch.suppressions import Suppressions
from sinks.dispatch.timing import Timing

log = logging.getLogger("winback.dispatch")


class Facts(Protocol):
    """What has been read of ledger, decisions and conversions (`tail.Tail`).

    `message_id` names a message; `partition` and `offset` are those of an entry in the ledger.
    """

    suppressions: Suppressions

    def entry(self, message_id: str) -> Entry | None:
        """What the ledger says of a message."""

    def wrote(self, message_id: str, partition: int, offset: int, entry: Entry) -> None:
        """Take note of an entry that has been written."""

    async def cover(self, at: int) -> None:
        """Read suppressions from the time `at` (epoch milliseconds) on."""

    async def caught_up(self, partition: int, offset: int) -> None:
        """Returns when the ledger is read up to an offset, and the rest up to its present end."""

    async def entry_changed(self, message_id: str, entry: Entry, timing: Timing, seconds: float) -> None:
        """Returns when the ledger has another entry than this, or after so many seconds."""


class Writer(Protocol):
    """What writes to the ledger (`ledger_writer`)."""

    async def write(self, message_id: str, partition: int, entry: Entry, beside: Sequence[Out] = ()) -> int:
        """Write the entry of `message_id` to a partition, and records beside it; returns the entry's offset."""

    async def repeat(self, outs: Sequence[Out]) -> None:
        """Write records once more."""


@dataclass(eq=False)
class Item:
    """A message that is being delivered. `at`: the time of its record in epoch milliseconds."""

    message: Message
    partition: int
    offset: int
    at: int
    place: Place
    turn: asyncio.Event = field(default_factory=asyncio.Event)
    failures: int = 0
    down: bool = False
    rest_until: float = 0.0
    deferred: bool = False
    """Its own mailbox has deferred it, and it rests."""
    waited_for: str = ""
    """The owner whose claim has been waited for in vain."""


class Courier:
    """Delivers messages for one owner, on `channels` by name; `finished` is called when a message has its end."""

    def __init__(
        self, owner: str, channels: Mapping[str, Channel], facts: Facts, writer: Writer, settings: Settings,
        timing: Timing, finished: Callable[[Item], None],
    ) -> None:  # fmt: skip
        self.owner, self.channels, self.facts, self.writer = owner, channels, facts, writer
        self.settings, self.timing, self.finished = settings, timing, finished
        self.queues = ProfileQueues()
        self.trying: set[asyncio.Task[bool]] = set()
        """Tasks that must not be cancelled: from a claim to its result."""
        self.resting = 0
        """How many messages rest because their own mailbox has deferred them or it is night, for hours perhaps."""

    def item(self, message: Message, partition: int, offset: int, at: int) -> Item:
        """A message, read from a partition at an offset, in its profile's queue; call in the order of offsets.

        `at` is the time of its record in epoch milliseconds.
        """
        place = self.queues.enter(message.profile_id, message.channel, deal=message.transactional)
        item = Item(message, partition, offset, at, place)
        item.place.wake = item.turn.set
        return item

    async def deliver(self, item: Item) -> None:
        """Returns when the message has its end. Raises KafkaError."""
        await self.facts.cover(item.at)
        while not self.queues.free(item.place):
            item.turn.clear()
            await item.turn.wait()
        while not await self._step(item):
            pass

    def _judge(self, item: Item) -> Verdict:
        message = item.message
        entry = self.facts.entry(message.message_id)
        return judge(
            message, entry, owner=self.owner, suppressed=self.facts.suppressions.reason(message), down=item.down,
            now=self.timing.now(), repeatable=self.channels[message.channel].sender.repeatable,
            alone=entry is not None and entry.owner == item.waited_for,
        )  # fmt: skip

    async def _step(self, item: Item) -> bool:
        """Do what the rules say next; True when the message has its end."""
        channel = self.channels[item.message.channel]
        match self._judge(item):
            case Action.WAIT:
                entry = self.facts.entry(item.message.message_id)
                if entry is not None:
                    await self.facts.entry_changed(item.message.message_id, entry, self.timing, channel.sender.longest)
                    if self.facts.entry(item.message.message_id) == entry:
                        item.waited_for = entry.owner
                return False
            case Action.SEND:
                if not await self._admitted(item, channel):
                    return False
                return await self._uncancelled(self._try(item, channel))
            case verdict:
                return await self._uncancelled(self._end(item, verdict))

    async def _uncancelled(self, work: Coroutine[Any, Any, bool]) -> bool:
        """Await work that goes on when the task that awaits it is cancelled."""
        task = asyncio.create_task(work)
        self.trying.add(task)
        task.add_done_callback(self.trying.discard)
        return await asyncio.shield(task)

    async def _admitted(self, item: Item, channel: Channel) -> bool:
        """Whether the message may be tried now, with a slot taken; False after a wait: then judge it anew."""
        left = max(0.0, (item.message.expires_at - self.timing.now()) / 1000)
        if await self._rested(item, left):
            return False
        if wait := channel.breaker.wait(self.timing.monotonic()):
            item.down = item.down or channel.breaker.state == OPEN
            self.queues.park(item.place, parked=True)
            await self.timing.wait(channel.changed, min(wait, left))
            self.queues.park(item.place, parked=False)
            return False
        await channel.slots.acquire()
        now = self.timing.now()
        closed = now >= item.message.expires_at or item.message.quiet_for(now)
        if closed or channel.breaker.wait(self.timing.monotonic()):
            channel.slots.release()
            return False
        moment, domain = self.timing.monotonic(), item.message.to.rpartition("@")[2].lower()
        if wait := channel.caps.wait(domain, moment):
            channel.slots.release()
            item.rest_until = moment + wait
            return False
        channel.caps.take(domain, moment)
        channel.breaker.begin()
        return True

    async def _rested(self, item: Item, left: float) -> bool:
        """Whether the message had to rest: after a failure, at night, or for the cap of its domain.

        `left` seconds at most.
        """
        night = item.message.quiet_for(self.timing.now()) / 1000
        rest = max(night, item.rest_until - self.timing.monotonic())
        if rest <= 0:
            return False
        for_hours = item.deferred or night > 0
        self.queues.park(item.place, parked=True, asleep=night > 0)
        self.resting += for_hours
        try:
            await self.timing.wait(asyncio.Event(), min(rest, left))
        finally:
            self.resting -= for_hours
            self.queues.park(item.place, parked=False)
        return True

    async def _try(self, item: Item, channel: Channel) -> bool:
        """Steps 2 to 5; True when the message has its end."""
        message, answer = item.message, None
        try:
            # Another process may have claimed it while it waited for a slot. Nothing is awaited from here to the claim.
            if self._judge(item) is not Action.SEND:
                return False
            known = self.facts.entry(message.message_id)
            offset = await self._write(item, self._claim(item, known))
            await self.facts.caught_up(item.partition, offset)
            claim = self.facts.entry(message.message_id)
            if claim is None or claim.state != ledger.CLAIMED or claim.owner != self.owner:
                return False
            if (verdict := self._judge(item)) is not Action.SEND:
                return await self._end(item, verdict)
            answer = await self._send(message, channel)
            return await self._after(item, channel, claim, answer)
        finally:
            if answer is None:
                channel.breaker.abandon()
            channel.slots.release()
            self._show(channel)

    async def _send(self, message: Message, channel: Channel) -> Answer:
        began = self.timing.monotonic()
        try:
            async with asyncio.timeout(channel.sender.longest):
                answer = await channel.sender.send(message, self.timing.now())
        except TimeoutError:
            answer = Answer(Kind.UNCLEAR, "timeout")
        except Exception as error:  # noqa: BLE001 - whatever happened, the message may have gone
            log.error("sending on %s: %s", channel.name, type(error).__name__)  # noqa: TRY400 - a trace shows values
            answer = Answer(Kind.UNCLEAR, "internal_error")
        metrics.SECONDS.labels(channel.name).observe(self.timing.monotonic() - began)
        if answer.failed:
            channel.breaker.failure(self.timing.monotonic())
            log.warning("%s: %s [breaker=%s]", channel.name, answer.reason, channel.breaker.state)
        else:
            channel.breaker.success()
        return answer

    async def _after(self, item: Item, channel: Channel, claim: Entry, answer: Answer) -> bool:
        """Write the result of a try; True when the message has its end."""
        kind, repeatable = answer.kind, channel.sender.repeatable
        tries = claim.tries + (kind is Kind.DEFERRED)
        ends = {Kind.ACCEPTED: ledger.SENT, Kind.ADDRESS: ledger.BOUNCED, Kind.REFUSED: ledger.FAILED}
        if kind in ends:
            return await self._end(item, Outcome(ends[kind], answer.reason))
        if kind is Kind.UNCLEAR and not repeatable:
            return await self._end(item, Outcome(ledger.UNKNOWN, answer.reason))
        if tries >= self.settings.dispatch_attempts:
            return await self._end(item, Outcome(ledger.FAILED, answer.reason))
        metrics.RETRIES.labels(channel.name, answer.reason).inc()
        item.failures += 1
        item.down = answer.failed
        released = claim._replace(
            state=ledger.RELEASED, at=self.timing.now(), tries=tries, after="",
            unclear=claim.unclear or kind is Kind.UNCLEAR, down=item.down,
        )  # fmt: skip
        await self.facts.caught_up(item.partition, await self._write(item, released))
        item.deferred = kind is Kind.DEFERRED
        item.rest_until = self.timing.monotonic() + max(self._pause(item, tries), answer.wait)
        return False

    def _pause(self, item: Item, tries: int) -> float:
        """Seconds: short where the channel failed, long where its own mailbox deferred it the `tries`-th time."""
        settings, salt = self.settings, item.message.message_id
        if item.deferred:
            longest = settings.dispatch_longest_deferred_pause
            return pause(tries, first=settings.dispatch_deferred_pause, longest=longest, salt=salt)
        return pause(item.failures, first=settings.dispatch_pause, longest=settings.dispatch_longest_pause, salt=salt)

    def _claim(self, item: Item, known: Entry | None) -> Entry:
        foreign = known is not None and known.state == ledger.CLAIMED and known.owner != self.owner
        return Entry(
            ledger.CLAIMED, item.message.channel, self.owner, self.timing.now(), item.message.expires_at,
            tries=known.tries if known else 0, unclear=foreign or bool(known and known.unclear),
            down=bool(known and known.down), after=known.owner if foreign and known else "",
        )  # fmt: skip

    async def _end(self, item: Item, verdict: Verdict) -> bool:
        """Record the outcome and finish the message. Always True."""
        message, outcome = item.message, "repeat"
        if isinstance(verdict, Outcome):
            outcome = verdict.outcome
            entry = Entry(
                ledger.DONE, message.channel, self.owner, self.timing.now(), message.expires_at,
                outcome=outcome, reason=verdict.reason,
            )  # fmt: skip
            await self._write(item, entry, self._beside(message, entry))
        elif isinstance(verdict, Recorded):
            # Its offset was not committed: the records beside the outcome may be missing.
            if self.timing.now() - verdict.entry.at < DAY_MS:
                await self.writer.repeat(self._beside(message, verdict.entry))
        else:
            outcome = ledger.EXPIRED
        metrics.DISPATCHED.labels(message.channel, outcome).inc()
        self.queues.leave(item.place)
        self.finished(item)
        return True

    async def _write(self, item: Item, entry: Entry, beside: Sequence[Out] = ()) -> int:
        message_id = item.message.message_id
        offset = await self.writer.write(message_id, item.partition, entry, beside)
        self.facts.wrote(message_id, item.partition, offset, entry)
        return offset

    def _beside(self, message: Message, entry: Entry) -> list[Out]:
        cancelled = self.facts.suppressions.is_cancelled(message)
        return results.records(message, entry, self.settings.partitions, cancelled=cancelled)

    def _show(self, channel: Channel) -> None:
        metrics.BREAKER.labels(channel.name).set(metrics.STATES[channel.breaker.state])
        channel.tell()
