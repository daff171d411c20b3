"""Fetching at a walking pace from a broker that does not wait.

Kafka holds a fetch until there is something to answer or `fetch_max_wait_ms` has passed. The embedded broker answers
at once, and aiokafka then asks again at once: half a core for each consumer that has nothing to read.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from time import monotonic
from typing import Any, Final

from aiokafka import AIOKafkaConsumer

REST: Final = 0.01
LONGEST_REST: Final = 0.04
"""Seconds between two fetches that bring nothing: the first, and after several."""


def pace(consumer: AIOKafkaConsumer) -> None:
    """Let a started consumer rest after an empty answer that came at once. On Kafka none does, and nothing changes."""
    fetcher = consumer._fetcher  # noqa: SLF001 - tests/unit/runtime/test_fetching.py fails when aiokafka changes it
    fetch = fetcher._proc_fetch_request  # noqa: SLF001
    rest = REST

    async def paced(*request: Any) -> bool:
        nonlocal rest
        asked = monotonic()
        found: bool = await fetch(*request)
        if found:
            rest = REST
        elif monotonic() - asked < REST:
            with suppress(asyncio.CancelledError):  # as in the fetch itself: nobody is interested any more
                await asyncio.sleep(rest)
            rest = min(2 * rest, LONGEST_REST)
        return found

    fetcher._proc_fetch_request = paced  # noqa: SLF001
