"""What a worker says to its group coordinator besides what aiokafka says for it.

aiokafka takes a commit that is refused because the group is rebalancing for the end of its membership: it forgets its
member id and joins as a stranger, and the group waits for the member it was. Here a commit decides nothing: it says
that the group has moved on, and the next heartbeat tells why.
"""

from __future__ import annotations

import asyncio
import fcntl
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

import structlog
from aiokafka import errors as kafka
from aiokafka.client import AIOKafkaClient, ConnectionGroup, CoordinationType
from aiokafka.protocol.commit import OffsetCommitRequest
from aiokafka.protocol.group import LeaveGroupRequest
from faust.types import TP

from schemas.settings import Settings
from streams.runtime.errors import CommitFailedError, GroupMovedError
from streams.runtime.membership import Membership

log = structlog.get_logger("winback.group")

_MOVED = (kafka.IllegalGenerationError, kafka.RebalanceInProgressError, kafka.UnknownMemberIdError)
_AGAIN = 0.2


def watch_heartbeats(coordinator: Any, membership: Membership) -> None:
    """Tell the membership of every heartbeat that was answered, and when the answer was that it is over."""
    send_heartbeat = coordinator._do_heartbeat  # noqa: SLF001 - guarded by the contract test

    async def heartbeat() -> bool:
        answered: bool = await send_heartbeat()
        if answered:
            membership.beat()
        elif coordinator.generation < 0:
            membership.move()
        return answered

    coordinator._do_heartbeat = heartbeat  # noqa: SLF001


async def commit(coordinator: Any, offsets: Mapping[TP, int], guard: Callable[[], None]) -> None:
    """Commit offsets as the member and generation we are; tries again while the coordinator cannot be reached.

    Raises GroupMovedError when the group is in another generation, CommitFailedError for anything trying again will not
    mend, and whatever `guard` raises.
    """
    while True:
        guard()
        await coordinator.ensure_coordinator_known()
        try:
            refused = await _send_commit(coordinator, offsets)
        except kafka.KafkaError as error:
            refused = error
        if refused is None:
            return
        if isinstance(refused, _MOVED):
            coordinator.request_rejoin()
            raise GroupMovedError(f"offsets not committed: the group has moved on ({type(refused).__name__})")
        if not refused.retriable:
            where = ", ".join(f"{tp.topic}-{tp.partition}:{offset}" for tp, offset in sorted(offsets.items()))
            raise CommitFailedError(f"the group coordinator refused the offsets {where}: {refused}")
        if isinstance(refused, kafka.NotCoordinatorForGroupError | kafka.GroupCoordinatorNotAvailableError):
            coordinator.coordinator_dead()
        await asyncio.sleep(_AGAIN)


async def _send_commit(coordinator: Any, offsets: Mapping[TP, int]) -> kafka.KafkaError | None:
    """One request; the first error in its answer, None if there is none."""
    topics: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
    for tp, offset in offsets.items():
        topics[tp.topic].append((tp.partition, offset, ""))
    request = OffsetCommitRequest(
        coordinator.group_id,
        coordinator.generation,
        coordinator.member_id,
        OffsetCommitRequest.DEFAULT_RETENTION_TIME,
        list(topics.items()),
    )
    answer = await coordinator._send_req(request)  # noqa: SLF001 - guarded by the contract test
    for _topic, partitions in answer.topics:
        for _partition, code in partitions:
            error = kafka.for_code(code)
            if error is not kafka.NoError:
                return error()
    return None


class LastMember:
    """Remembers, beside the state, which member of the group this worker is, so that after a crash it can leave for it.

    A group waits for a member that was killed until its session ends; a worker that is started again at once says
    goodbye for the one it was, and waits for nobody. A lock on the file keeps a second worker that was given the same
    state directory from doing that to one that lives: it remembers nothing.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._path = Path(settings.state_dir) / f"member-{settings.group}"
        self._file: IO[str] | None = None

    async def leave(self) -> None:
        """Leave the group for the member this worker was before it was killed, if any. Else the group waits."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return
        self._file = file
        file.seek(0)
        member = file.read().strip()
        if not member:
            return
        try:
            await _leave(self._settings, member)
            log.info("left the group for the member this worker was")
        except (kafka.KafkaError, OSError) as error:
            log.warning("could not leave the group for the member this worker was", error=str(error))
        self.remember("")

    def remember(self, member: str) -> None:
        """This worker is that member now; empty: it has left."""
        if self._file is not None:
            self._file.seek(0)
            self._file.truncate()
            self._file.write(member)
            self._file.flush()


async def _leave(settings: Settings, member: str) -> None:
    client = AIOKafkaClient(**settings.aiokafka(), client_id=f"{settings.group}-leave")
    try:
        await client.bootstrap()
        node = await client.coordinator_lookup(CoordinationType.GROUP, settings.group)
        await client.ready(node, group=ConnectionGroup.COORDINATION)
        await client.send(node, LeaveGroupRequest(settings.group, member), group=ConnectionGroup.COORDINATION)
    finally:
        await client.close()
