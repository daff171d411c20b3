"""Trying again, with growing pauses and an end: how every command waits for a server that is not there yet."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from deploy.console import note
from deploy.errors import UnavailableError
from infra.retry import pauses

FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 2.0

T = TypeVar("T")


async def retry(
    what: str, attempt: Callable[[], Awaitable[T]], *, wait: float, hint: str, on: tuple[type[Exception], ...]
) -> T:
    """The attempt's result, tried again on these errors (`on`) for up to `wait` seconds.

    `what` names the server with its address, `hint` says what to do. Notes once that it waits. Raises UnavailableError
    when time is up.
    """
    until, said, growing = time.monotonic() + wait, False, pauses(FIRST_PAUSE, LONGEST_PAUSE)
    while True:
        try:
            return await attempt()
        except on as problem:
            left = until - time.monotonic()
            if left <= 0:
                lines = str(problem).strip().splitlines()
                reason = lines[0][:300] if lines else type(problem).__name__
                told = reason if "does not answer" in reason else f"{what} does not answer ({reason})"
                raise UnavailableError(f"{told}. {hint}") from None
            if not said:
                note(f"{what} does not answer yet; trying again for {wait:g} s")
                said = True
            await asyncio.sleep(min(next(growing), left))
