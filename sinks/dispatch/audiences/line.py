"""One webhook's line: reads who is in its audiences, and tells it round by round.

All of both topics is read again at every start, because who holds a hash is kept nowhere else: up to the offsets that
are committed it has been told, from there on it is to be. Reading goes on while the webhook is told, so that the last
look before a request knows of every no.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from infra.fetching import pace
from infra.lost_offsets import beyond, say
from schemas.audiences import read_key
from schemas.settings import Settings
from schemas.topics import AUDIENCES_MEMBERS, CONTACT_SUPPRESSIONS
from sinks.dispatch import metrics
from sinks.dispatch.audiences import rounds
from sinks.dispatch.audiences.assignor import OneHasAll
from sinks.dispatch.audiences.members import Age, Hash, Members
from sinks.dispatch.audiences.rounds import Backlog, Round
from sinks.dispatch.audiences.teller import Teller
from sinks.dispatch.ledger import DONE, FAILED, REMEMBERED, Entry
from sinks.dispatch.ledger_writer import LedgerWriter
from sinks.dispatch.timing import Timing
from sinks.dispatch.webhook import Webhook

log = logging.getLogger("winback.dispatch")

POLL_MS: Final = 100
POLL_RECORDS: Final = 5_000


class Line(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """The audiences of the webhook called `name`. `run()` until it is cancelled."""

    def __init__(self, name: str, webhook: Webhook, settings: Settings, writer: LedgerWriter, timing: Timing) -> None:
        self.name, self.webhook, self.settings, self.writer, self.timing = name, webhook, settings, writer, timing
        self.group = f"{settings.group}-dispatch-audience-{name}"
        self._moved = asyncio.Event()
        self._begin()

    def _begin(self) -> None:
        """Nothing is known yet: as at the beginning, and whenever another process may have gone on meanwhile."""
        self._members = Members()
        self._backlog = Backlog(self.settings.dispatch_audience_batch)
        self._committed: dict[TopicPartition, int] = {}
        """Offsets before which the webhook has been told of everything."""
        self._ends: dict[TopicPartition, int] = {}
        """Offsets before which records may have been followed by others that are gone."""
        self._read: dict[TopicPartition, int] = {}
        self._held: list[tuple[TopicPartition, Any]] = []
        """Records that are to be told, read before all that has been told was."""
        self._settled = False
        self._begun: dict[TopicPartition, int] = {}
        """How far the round reaches that a process before this one has begun."""
        self._done: set[str] = set()
        self._paused = False
        self._fenced = False
        """Another process has the partitions, or is to have them: nothing more is told from here."""
        self._telling: asyncio.Task[None] | None = None
        self._round: Round | None = None

    async def run(self) -> None:
        """Read and tell. Raises KafkaError."""
        options, instance = self.settings.aiokafka(), self.settings.dispatch_instance
        self._consumer = AIOKafkaConsumer(
            **options, group_id=self.group, client_id=f"winback-audience-{self.name}", enable_auto_commit=False,
            auto_offset_reset="earliest", session_timeout_ms=10_000, heartbeat_interval_ms=3_000,
            partition_assignment_strategy=(OneHasAll,),
            group_instance_id=f"{self.group}-{instance}" if instance else None,
        )  # fmt: skip
        # Fetches wait for records; what asks for ends must not wait behind one on the same connection.
        self._asker = AIOKafkaConsumer(**options, client_id=f"winback-audience-{self.name}-ends")
        try:
            await self._asker.start()
            await self._consumer.start()
            pace(self._consumer)
            self._consumer.subscribe([AUDIENCES_MEMBERS, CONTACT_SUPPRESSIONS], listener=self)
            commit_at = 0.0
            while True:
                await self._step()
                if self.timing.monotonic() >= commit_at:
                    await self._commit_read()
                    commit_at = self.timing.monotonic() + self.settings.commit_interval
        finally:
            await self._let_go()
            await self._consumer.stop()
            await self._asker.stop()
            await self.webhook.close()

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:  # noqa: ARG002 - all of them
        """Another process may go on: what is under way is told again by it, under the same key."""
        await self._let_go()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Read everything from its beginning, as far as it is there."""
        self._begin()
        owned = list(assigned)
        if not owned:
            return
        # A read that has begun before must not take records of now: it would drop them as those of nobody.
        self._consumer.pause(*owned)
        lost = await beyond(self._consumer, owned)
        for tp, one in lost.items():
            say(tp, one.committed, one.end, f"webhook {self.name} is told of all members again")
            metrics.BEYOND_END.labels(tp.topic).inc()
        stored = await self._stored()
        self._ends = await self._asker.end_offsets(owned)
        begins = await self._asker.beginning_offsets(owned)
        for tp in owned:
            offset, metadata = (0, "") if tp in lost else stored.get(tp, (0, ""))
            self._committed[tp] = offset
            begun = rounds.read(metadata)
            if begun is not None:
                self._begun[tp] = begun[0]
                self._done |= begun[1]
            self._read[tp] = begins[tp]
            self._consumer.seek(tp, begins[tp])
        self._paused = True
        log.info("telling the audience webhook %s", self.name)

    async def _stored(self) -> dict[TopicPartition, tuple[int, str]]:
        """The group's offsets with their metadata, which the consumer itself does not give."""
        admin = AIOKafkaAdminClient(**self.settings.aiokafka())
        await admin.start()
        try:
            found = await admin.list_consumer_group_offsets(self.group)
        finally:
            await admin.close()
        return {tp: (max(0, one.offset), one.metadata or "") for tp, one in found.items()}

    async def _step(self) -> None:
        """Read once, and begin to tell what is due."""
        members = self._members
        if self._paused:
            self._consumer.resume(*self._consumer.assignment())
            self._paused = False
        got = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=POLL_RECORDS)
        if members is not self._members:
            return  # the records belong to an assignment that is over
        for tp, records in got.items():
            for record in records:
                self._take(tp, record)
        for tp in tuple(self._read):
            if tp in self._consumer.assignment():
                self._read[tp] = max(self._read[tp], await self._consumer.position(tp))
        if members is not self._members:
            return
        if not self._settled and self._read and all(self._read[tp] >= at for tp, at in self._committed.items()):
            self._settle()
        self._moved.set()
        self._moved = asyncio.Event()
        if self._telling is not None and self._telling.done():
            self._telling.result()
            self._telling = None
        if self._telling is None and (found := self._next()) is not None:
            self._round = found
            self._telling = asyncio.create_task(self._tell(found))
        self._show()

    def _take(self, tp: TopicPartition, record: Any) -> None:
        if self._settled:
            self._news(tp, record)
        elif record.offset < self._committed[tp]:
            self._apply(tp, record, Age.TOLD)
        else:
            self._held.append((tp, record))

    def _settle(self) -> None:
        """All that the webhook has been told of is read."""
        self._settled = True
        held, self._held = self._held, []
        for tp, record in held:
            self._news(tp, record)

    def _news(self, tp: TopicPartition, record: Any) -> None:
        """A record that the webhook has not been told of."""
        some = self._apply(tp, record, Age.UNSURE if record.offset < self._ends[tp] else Age.NEW)
        if some:
            self._backlog.add(tp, record.offset, record.timestamp, self.timing.monotonic(), some)

    def _apply(self, tp: TopicPartition, record: Any, age: Age) -> tuple[Hash, ...]:
        """The hashes that a record is about; an unreadable one, and one of another webhook, is about none."""
        try:
            if tp.topic == CONTACT_SUPPRESSIONS:
                return self._members.said(record.key, record.value, age)
            key = read_key(record.key)
            if key is None or key.webhook != self.name:
                return ()
            return (self._members.member(key, record.value, age),)
        except (ValueError, TypeError, KeyError, AttributeError):
            log.warning("record skipped [topic=%s partition=%d offset=%d]", tp.topic, tp.partition, record.offset)
            return ()

    def _next(self) -> Round | None:
        """The round that is due, if one is."""
        if not self._settled or self._fenced:
            return None
        if self._begun:
            if any(self._read[tp] < offset for tp, offset in self._begun.items()):
                return None
            found = self._backlog.again(self._begun, self._done)
            self._begun, self._done = {}, set()
            return found
        now = self.timing.monotonic()
        return self._backlog.take() if self._backlog.due(now, self.settings.dispatch_audience_wait) else None

    async def _tell(self, found: Round) -> None:
        try:
            await self._tell_all(found)
        except (CommitFailedError, IllegalStateError) as error:
            log.warning("audience webhook %s: offsets not committed: %s", self.name, type(error).__name__)
            self._fenced = True

    async def _tell_all(self, found: Round) -> None:
        at = {tp: self._committed[tp] for tp in found.upto}
        place = " ".join(f"{tp.topic} {tp.partition} {offset}" for tp, offset in sorted(at.items()))
        teller = Teller(
            self.name, self.webhook, self._members, self.settings, self.timing, self._looked, self._keep
        )  # fmt: skip
        for audience, some in sorted(found.audiences.items()):
            if rounds.tag(audience) in found.done:
                continue
            await self._commit(found.begun(at))
            await teller.tell(audience, some, f"{self.name} {audience} {place}")
            found.done.add(rounds.tag(audience))
        await self._commit(found.ended())
        self._committed.update(found.upto)
        self._round = None

    async def _looked(self) -> None:
        """Returns when all that was written before is read. Raises KafkaError."""
        ends = await self._asker.end_offsets(list(self._read))
        while any(self._read[tp] < end for tp, end in ends.items()):
            await self._moved.wait()

    async def _keep(self, key: str, reason: str) -> None:
        """A refusal is a row of the ledger: its key, why and when; nothing of the members."""
        now = self.timing.now()
        entry = Entry(DONE, f"audience:{self.name}", self.group, now, now + REMEMBERED, outcome=FAILED, reason=reason)
        await self.writer.write(key, 0, entry)

    async def _commit(self, offsets: Mapping[TopicPartition, tuple[int, str]]) -> None:
        """Commit, as the owner of the partitions. Raises KafkaError."""
        if offsets:
            await self._consumer.commit(dict(offsets))

    async def _commit_read(self) -> None:
        """What is about nobody need not be read as news again."""
        if not self._settled or self._telling is not None or self._backlog.oldest is not None or self._begun:
            return
        moved = {tp: (offset, "") for tp, offset in self._read.items() if offset > self._committed[tp]}
        try:
            await self._commit(moved)
        except KafkaError as error:
            log.warning("offsets not committed: %s", type(error).__name__)
            return
        for tp, (offset, _) in moved.items():
            self._committed[tp] = offset

    async def _let_go(self) -> None:
        telling, self._telling = self._telling, None
        if telling is not None:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)

    def _show(self) -> None:
        found = self._round
        oldest = self._backlog.oldest if found is None else found.oldest
        size = self._backlog.size + (sum(map(len, found.audiences.values())) if found is not None else 0)
        age = 0.0 if oldest is None else max(0.0, (self.timing.now() - oldest) / 1000)
        metrics.AUDIENCE_WAITING.labels(self.name).set(size)
        metrics.AUDIENCE_OLDEST.labels(self.name).set(age)
