"""Trying again: how long to wait in between, and waiting that a stop ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from itertools import count
from typing import Final

FIRST_PAUSE: Final = 0.25
LONGEST_PAUSE: Final = 30.0
"""Seconds between the first tries of a service that waits for its servers as long as it takes, and between the last."""


def pause_after(failures: int, first: float, longest: float) -> float:
    """The seconds to wait after so many `failures` in a row (1 or more).

    `first` after the first, then twice as many each time, `longest` at most.
    """
    return min(longest, first * 2.0 ** min(failures - 1, 60))


def pauses(first: float = FIRST_PAUSE, longest: float = LONGEST_PAUSE) -> Iterator[float]:
    """The seconds to wait after each failure in a row, for ever: `first`, doubled each time, `longest` at most."""
    return (pause_after(failures, first, longest) for failures in count(1))


async def set_within(event: asyncio.Event, seconds: float) -> bool:
    """Whether the `event` is set, waited for for so many `seconds` at most."""
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    return event.is_set()


async def until_connected(
    start: Callable[[], Awaitable[None]],
    *,
    address: str,
    stopped: Callable[[float], Awaitable[bool]],
    say: Callable[[str], None],
) -> bool:
    """Start Kafka clients, again and again while the broker at `address` is away; False when stopped meanwhile.

    `stopped` waits for so many seconds at most and tells whether the stop has come; `say` is told what is wrong and
    when it is tried again.
    """
    from aiokafka.errors import KafkaConnectionError  # noqa: PLC0415 - `winback` starts without it

    if await stopped(0.0):
        return False
    for pause in pauses():
        try:
            await start()
        except KafkaConnectionError as error:
            lines = str(error).strip().splitlines() or [type(error).__name__]
            say(f"no broker at {address} ({lines[0]}); again in {pause:.1f} s")
            if await stopped(pause):
                return False
        else:
            break
    return True
