"""The dispatch process: one member of a consumer group on `retargeting.messages`, until it is told to stop.

The group is the stream workers' with `-dispatch` behind it, and behind that the channels when some were chosen: two
groups never commit over each other's messages, and the ledger keeps them apart should they read the same.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from infra.bootstrapping import wait_for_brokers
from infra.fetching import pace
from infra.logs import configure_logging
from infra.lost_offsets import beyond, say
from infra.retry import set_within, until_connected
from infra.stopping import stop_signals
from schemas.settings import Settings
from schemas.topics import CONTACT_SUPPRESSIONS, RETARGETING_DELIVERIES, RETARGETING_MESSAGES
from sinks.dispatch import channels as configured
from sinks.dispatch import metrics
from sinks.dispatch.assignment import GRACE, Assignment
from sinks.dispatch.audiences import service as audiences
from sinks.dispatch.audiences import webhooks as audience_webhooks
from sinks.dispatch.channels import Channel
from sinks.dispatch.dryrun import dry_run
from sinks.dispatch.ledger_writer import LedgerWriter
from sinks.dispatch.missing import MissingError, check_partitions
from sinks.dispatch.timing import Timing

log = logging.getLogger("winback.dispatch")
wait_for_brokers()

AUDIENCES: Final = "audiences"
"""Stands beside the channels: who is told of the audiences of advertising."""
POLL_MS: Final = 100
POLL_RECORDS: Final = 500
PRUNE: Final = 60.0
"""Seconds between looks for what can be forgotten."""


def run(settings: Settings, *, chosen: Sequence[str] = (), folder: Path | None = None) -> int:
    """Run until SIGINT, SIGTERM or SIGHUP. Returns the exit code: 0 stopped, 1 failed, 2 a setting that cannot be used.

    `chosen`: channels, or `audiences`; all that are set up when empty. `folder`: write messages there instead of
    sending them.
    """
    configure_logging(settings)
    try:
        return asyncio.run(_main(settings, chosen, folder))
    except ValueError as wrong:
        print(f"winback dispatch: {wrong}", file=sys.stderr)  # noqa: T201 - the one line a user sees
        return 2
    except (KafkaError, OSError, MissingError) as error:
        print(f"winback dispatch: {type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201
        return 1


async def _main(settings: Settings, chosen: Sequence[str], folder: Path | None) -> int:
    stopped = asyncio.Event()
    for number in stop_signals():
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    if folder is not None:
        await dry_run(settings, chosen, folder, stopped)
        return 0
    webhooks = audience_webhooks.of(settings) if not chosen or AUDIENCES in chosen else {}
    if AUDIENCES in chosen and not webhooks:
        raise ValueError(f"--channel {AUDIENCES}: set {audience_webhooks.VARIABLE} to where they are to be told")
    names = tuple(name for name in chosen if name != AUDIENCES)
    # Audiences alone are asked for, or set up: then no message is read.
    alone = bool(webhooks) and not names and (bool(chosen) or not configured.with_address(settings))
    channels = {} if alone else configured.of(settings, names)
    metrics.serve(settings)
    metrics.begin(channels)
    running = [Dispatcher(settings, channels, names, stopped).run()] if channels else []
    if webhooks:
        running.append(audiences.run(settings, webhooks, stopped))
    await _together(running, stopped)
    return 0


async def _together(running: Sequence[Coroutine[Any, Any, None]], stopped: asyncio.Event) -> None:
    """Returns when all have ended; when one fails the others are told to stop. Raises what it has raised."""
    tasks = [asyncio.create_task(one) for one in running]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    stopped.set()
    for one in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(one, BaseException):
            raise one


class Dispatcher(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """One member of the group. `run()` until `stopped` is set.

    `channels` are those with an address, by name; `chosen` those asked for on the command line, which name the group.
    """

    def __init__(
        self, settings: Settings, channels: Mapping[str, Channel], chosen: Sequence[str], stopped: asyncio.Event
    ) -> None:
        self.settings, self.channels, self.stopped = settings, channels, stopped
        self.timing = Timing()
        self.group = "-".join((settings.group, "dispatch", *sorted(set(chosen))))
        self.assignment: Assignment | None = None
        self._paused = True

    async def run(self) -> None:
        """Returns after a clean stop. Raises KafkaError, MissingError."""
        options = self.settings.aiokafka()
        instance = self.settings.dispatch_instance
        self.producer = AIOKafkaProducer(
            **options, client_id="winback-dispatch", acks="all", enable_idempotence=True, linger_ms=0,
        )  # fmt: skip
        self.consumer = AIOKafkaConsumer(
            **options, group_id=self.group, client_id="winback-dispatch", enable_auto_commit=False,
            auto_offset_reset="earliest", session_timeout_ms=10_000, heartbeat_interval_ms=3_000,
            rebalance_timeout_ms=int(2_000 * GRACE), metadata_max_age_ms=30_000,
            group_instance_id=f"{self.group}-{instance}" if instance else None,
        )  # fmt: skip
        self.writer = LedgerWriter(self.producer)
        try:
            if await self._connected():
                topics = (RETARGETING_MESSAGES, RETARGETING_DELIVERIES, CONTACT_SUPPRESSIONS)
                await check_partitions(self.producer, topics, self.settings.partitions)
                self.consumer.subscribe([RETARGETING_MESSAGES], listener=self)
                await self._deliver()
        finally:
            await self._let_go()
            await self.consumer.stop()
            await self.producer.stop()
            for channel in self.channels.values():
                await channel.sender.close()

    async def _deliver(self) -> None:
        loop = asyncio.get_running_loop()
        commit_at, prune_at = 0.0, loop.time() + PRUNE
        while not self.stopped.is_set():
            assignment = self.assignment
            got = await self.consumer.getmany(timeout_ms=POLL_MS, max_records=POLL_RECORDS)
            if assignment is None or assignment is not self.assignment:
                continue  # the records belong to an assignment that is over; the new owner reads them again
            for tp, records in got.items():
                if records[0].offset < assignment.reached.get(tp, 0):
                    # aiokafka begins anew when an offset is beyond the end. The next start says what is lost.
                    raise MissingError(f"the broker has lost records of {tp.topic} partition {tp.partition}")
                assignment.reached[tp] = records[-1].offset + 1
                assignment.take(tp.partition, records)
            assignment.check()
            self._pace(assignment)
            metrics.WAITING.set(assignment.waiting)
            if loop.time() >= commit_at:
                await self._commit(assignment)
                commit_at = loop.time() + self.settings.commit_interval
            if loop.time() >= prune_at:
                assignment.prune()
                prune_at = loop.time() + PRUNE

    def _pace(self, assignment: Assignment) -> None:
        """Fetch messages while the ledger has been read and there is room for more; pause otherwise."""
        wait = not assignment.ready or assignment.waiting >= self.settings.dispatch_waiting
        if wait != self._paused:
            owned = self.consumer.assignment()
            (self.consumer.pause if wait else self.consumer.resume)(*owned)
            self._paused = wait

    async def _commit(self, assignment: Assignment) -> None:
        offsets = assignment.offsets()
        if not offsets:
            return
        if await self._commit_at(offsets):
            assignment.committed(offsets)
            for tp, offset in offsets.items():
                end = self.consumer.highwater(tp) if tp in self.consumer.assignment() else None
                if end is not None:
                    metrics.LAG.labels(tp.topic, str(tp.partition)).set(max(0, end - offset))

    async def _commit_at(self, offsets: Mapping[TopicPartition, int]) -> bool:
        """Whether the broker has taken these offsets."""
        try:
            await self.consumer.commit(offsets)
        except KafkaError as error:
            # Mostly a rebalance: then the partitions have a new owner, who finds the results in the ledger.
            log.warning("offsets not committed: %s", type(error).__name__)
            return False
        return True

    async def _let_go(self) -> None:
        """End the assignment: finish the tries under way, and commit."""
        assignment, self.assignment = self.assignment, None
        if assignment is not None:
            await assignment.close()
            await self._commit(assignment)

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:  # noqa: ARG002 - all of them
        """End the assignment before another process begins with the same partitions."""
        await self._let_go()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Begin an assignment; messages are read only once the ledger has been.

        A committed offset beyond the end means that the broker has lost records, perhaps claims among them. Then all
        records up to the end count as finished: a missing mail is a smaller fault than one that is sent twice.
        """
        owned = list(assigned)
        # Before anything is waited for: records that come without an assignment are for nobody.
        self.consumer.pause(*owned)
        self._paused = True
        for tp, lost in (await beyond(self.consumer, owned)).items():
            say(tp, lost.committed, lost.end, "what comes from now on is delivered")
            metrics.BEYOND_END.labels(tp.topic).inc()
            self.consumer.seek(tp, lost.end)
            await self._commit_at({tp: lost.end})
        self.assignment = Assignment(
            self.settings, self.channels, (tp.partition for tp in owned), self.writer, self.timing
        )
        self.assignment.start()
        log.info("delivering %d partitions: %s", len(owned), ", ".join(self.channels))

    async def _connected(self) -> bool:
        """Start the clients, again and again while the broker is away; False when told to stop meanwhile."""

        async def start() -> None:
            await self.producer.start()
            await self.consumer.start()

        connected = await until_connected(
            start, address=self.settings.kafka, say=log.warning,
            stopped=lambda seconds: set_within(self.stopped, seconds),
        )  # fmt: skip
        if connected:
            pace(self.consumer)
        return connected
