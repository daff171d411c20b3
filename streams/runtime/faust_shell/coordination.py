"""What a worker says to its group coordinator besides what aiokafka says for it.

aiokafka takes a commit that is refused because the group is rebalancing for the end of its membership: it forgets its
member id and joins as a stranger, and the group waits for the member it was. Here a commit decides nothing: it says
that the group has moved on, and the next heartbeat tells why.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any, Final

from aiokafka import errors as kafka
from aiokafka.protocol.commit import OffsetCommitRequest
from faust.types import TP

from streams.runtime.errors import CommitFailedError, GroupMovedError, WorkerError
from streams.runtime.faust_shell.membership import Membership

_MOVED = (kafka.IllegalGenerationError, kafka.RebalanceInProgressError, kafka.UnknownMemberIdError)
AGAIN: Final = 0.2
"""Seconds before a commit is tried again."""


def watch_heartbeats(coordinator: Any, membership: Membership) -> None:
    """Tell the membership of each answered heartbeat of a `coordinator`, and when the answer was that it is over."""
    send_heartbeat = coordinator._do_heartbeat  # noqa: SLF001 - guarded by the contract test

    async def heartbeat() -> bool:
        answered: bool = await send_heartbeat()
        if answered:
            membership.beat()
        elif coordinator.generation < 0:
            membership.move()
        return answered

    coordinator._do_heartbeat = heartbeat  # noqa: SLF001


async def watch_errors(coordinator: Any, fail: Callable[[BaseException], None]) -> None:
    """Fail with what the coordinator could not get over (an authorization, a refused setting).

    aiokafka keeps such an error for whoever polls next, and Faust polls past it: the worker would wait for ever.
    """
    while True:
        try:
            coordinator.check_errors()
        except kafka.KafkaError as error:
            fail(WorkerError(f"the consumer group cannot be joined: {type(error).__name__}: {error}"))
            return
        await asyncio.sleep(1.0)


async def commit(coordinator: Any, offsets: Mapping[TP, int], guard: Callable[[], None], again: float = AGAIN) -> None:
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
        await asyncio.sleep(again)


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
