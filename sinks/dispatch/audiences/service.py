"""The lines of all webhooks of audiences, side by side in one process, until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from aiokafka import AIOKafkaProducer

from infra.retry import set_within, until_connected
from schemas.settings import Settings
from schemas.topics import AUDIENCES_MEMBERS, CONTACT_SUPPRESSIONS, RETARGETING_DELIVERIES
from sinks.dispatch.audiences.line import Line
from sinks.dispatch.ledger_writer import LedgerWriter
from sinks.dispatch.missing import check_partitions
from sinks.dispatch.timing import Timing
from sinks.dispatch.webhook import Webhook

log = logging.getLogger("winback.dispatch")


async def run(settings: Settings, webhooks: Mapping[str, Webhook], stopped: asyncio.Event) -> None:
    """Tell the `webhooks`, by name, until `stopped` is set. Raises KafkaError, MissingError."""
    producer = AIOKafkaProducer(
        **settings.aiokafka(), client_id="winback-audiences", acks="all", enable_idempotence=True
    )
    try:
        connected = await until_connected(
            producer.start, address=settings.kafka, say=log.warning,
            stopped=lambda seconds: set_within(stopped, seconds),
        )  # fmt: skip
        if not connected:
            return
        await check_partitions(
            producer, (AUDIENCES_MEMBERS, CONTACT_SUPPRESSIONS, RETARGETING_DELIVERIES), settings.partitions
        )
        timing, writer = Timing(), LedgerWriter(producer)
        lines = [Line(name, webhook, settings, writer, timing).run() for name, webhook in webhooks.items()]
        tasks = [asyncio.create_task(line) for line in lines]
        waiting = asyncio.create_task(stopped.wait())
        try:
            await asyncio.wait({*tasks, waiting}, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            waiting.cancel()
            await asyncio.gather(*tasks, waiting, return_exceptions=True)
    finally:
        await producer.stop()
