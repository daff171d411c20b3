"""Fetching at a walking pace: at most a hundred times a second, and less often while there is nothing.

aiokafka asks for more as soon as it has an answer, and each answer costs it half a millisecond for a worker's sixty
partitions, however little is in it. The embedded broker, unlike Kafka, does not even wait for something to answer: a
consumer that has nothing to read would keep half a core busy.
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


def pace(
    consumer: AIOKafkaConsumer,
    clock: Callable[[], float] = monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Let a started consumer rest between fetches that are answered at once. `clock` and `sleep` are in seconds."""
    fetcher = consumer._fetcher  # noqa: SLF001 - tests/unit/infra/test_fetching.py fails when aiokafka changes it
    fetch = fetcher._proc_fetch_request  # noqa: SLF001
    rest, rested = REST, 0.0

    async def paced(*request: Any) -> bool:
        nonlocal rest, rested
        try:
            await sleep(rested - clock())
        except asyncio.CancelledError:  # as in the fetch itself: nobody is interested in the answer any more
            return False
        asked = clock()
        found: bool = await fetch(*request)
        answered = clock()
        rest = REST if found else min(2 * rest, LONGEST_REST)
        rested = answered + rest if answered - asked < REST else answered
        return found

    fetcher._proc_fetch_request = paced  # noqa: SLF001
