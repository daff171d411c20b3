"""`winback dispatch --dry-run DIR`: what would be sent, as files; nothing is sent, claimed, recorded or committed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.settings import Settings
from schemas.topics import RETARGETING_MESSAGES
from sinks.dispatch import channels as configured
from sinks.dispatch import message as messages
from sinks.dispatch.answers import Kind
from sinks.dispatch.files import Files
from sinks.dispatch.message import CHANNELS
from sinks.dispatch.outcomes import Action, judge
from sinks.dispatch.tail import Tail
from sinks.dispatch.timing import Timing

log = logging.getLogger("winback.dispatch")

POLL_MS: Final = 100


async def dry_run(settings: Settings, chosen: Sequence[str], folder: Path, stopped: asyncio.Event) -> None:
    """Read all messages there are on the `chosen` channels, then those that come, until told to stop.

    A file is written of each that would be sent now: not expired, not cancelled, without any word in the ledger.
    Raises ValueError, OSError, KafkaError.
    """
    for name in chosen:
        if name not in CHANNELS:
            raise ValueError(f"--channel {name}: one of {', '.join(CHANNELS)}")
    sender = configured.sender_of(settings) if settings.dispatch_from else configured.NOBODY
    files, timing, wanted = Files(folder, sender), Timing(), frozenset(chosen or CHANNELS)
    tail = Tail(settings, range(settings.partitions), timing)
    consumer = AIOKafkaConsumer(**settings.aiokafka(), client_id="winback-dispatch-dry-run", enable_auto_commit=False,
                                auto_offset_reset="earliest")  # fmt: skip
    reading: asyncio.Task[None] | None = None
    try:
        await tail.start()
        await consumer.start()
        consumer.assign([TopicPartition(RETARGETING_MESSAGES, p) for p in range(settings.partitions)])
        reading = asyncio.create_task(tail.run())
        await asyncio.wait({reading, asyncio.create_task(tail.loaded.wait())}, return_when=asyncio.FIRST_COMPLETED)
        while not stopped.is_set():
            if reading.done():
                reading.result()
            for records in (await consumer.getmany(timeout_ms=POLL_MS)).values():
                await tail.cover(records[0].timestamp)
                await tail.caught_up(records[0].partition, -1)
                for record in records:
                    _write(record.value, files, tail, timing.now(), wanted)
    finally:
        if reading is not None:
            reading.cancel()
        await consumer.stop()
        await tail.stop()


def _write(value: bytes | None, files: Files, tail: Tail, now: int, wanted: frozenset[str]) -> None:
    if value is None:
        return
    try:
        message = messages.read(value)
    except messages.UnreadableError:
        return
    entry = tail.entry(message.message_id)
    verdict = judge(
        message, entry, owner="", suppressed=tail.suppressions.reason(message), down=False, now=now,
        repeatable=message.channel != messages.EMAIL,
    )  # fmt: skip
    if message.channel in wanted and verdict is Action.SEND:
        answer = files.write(message, now)
        if answer.kind is not Kind.ACCEPTED:
            log.warning("message %s cannot be sent: %s", message.message_id, answer.reason)
