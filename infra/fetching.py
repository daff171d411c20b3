"""Fetching at a walking pace: at most a hundred times a second, twice while there has been nothing for long.

aiokafka asks for more as soon as it has an answer, and each answer costs it half a millisecond for a worker's sixty
partitions, however little is in it. The embedded broker, unlike Kafka, does not even wait for something to answer: a
consumer that has nothing to read would keep half a core busy. Kafka is asked to wait longer instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any, Final

from aiokafka import AIOKafkaConsumer

REST: Final = 0.01
LONGEST_REST: Final = 0.04
"""Seconds between an answer that came at once and the next fetch: after records, and after several with none."""
SHARE: Final = 0.2
IDLE_REST: Final = 0.5
"""After a silence, seconds between fetches: this share of how long it has lasted, and this at most."""
IDLE_WAIT_MS: Final = 500
"""How long a broker may wait for something to answer when the silence is a long one."""


def pace(
    consumer: AIOKafkaConsumer,
    clock: Callable[[], float] = monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Let a started consumer rest between fetches that are answered at once. `clock` and `sleep` are in seconds."""
    fetcher = consumer._fetcher  # noqa: SLF001 - tests/unit/infra/test_fetching.py fails when aiokafka changes it
    fetch = fetcher._proc_fetch_request  # noqa: SLF001
    rest, rested, found_at = REST, 0.0, clock()

    async def paced(assignment: Any, node_id: Any, request: Any) -> bool:
        nonlocal rest, rested, found_at
        try:
            await sleep(rested - clock())
        except asyncio.CancelledError:  # as in the fetch itself: nobody is interested in the answer any more
            return False
        asked = clock()
        silence = SHARE * (asked - found_at)
        if silence >= IDLE_REST:
            request._max_wait_ms = max(request._max_wait_ms, IDLE_WAIT_MS)  # noqa: SLF001
        found: bool = await fetch(assignment, node_id, request)
        answered = clock()
        if found:
            rest, found_at = REST, answered
        else:
            rest = max(min(2 * rest, LONGEST_REST), min(silence, IDLE_REST))
        rested = answered + rest if answered - asked < REST else answered
        return found

    fetcher._proc_fetch_request = paced  # noqa: SLF001
