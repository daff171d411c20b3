"""Running asynchronous work from a command: Ctrl-C and SIGTERM both end it the orderly way."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class StoppedError(Exception):
    """The user, or the system, asked the command to stop; the exit code is 128 and the signal."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.code = 128 + number


def run(work: Coroutine[Any, Any, T]) -> T:
    """The result of some work. On SIGINT or SIGTERM it is cancelled, cleans up, and StoppedError is raised.

    A second signal does not wait for the cleaning up.
    """
    return asyncio.run(_until_signal(work))


async def _until_signal(work: Coroutine[Any, Any, T]) -> T:
    loop, task, got = asyncio.get_running_loop(), asyncio.ensure_future(work), []

    def stop(number: int) -> None:
        if got:
            os._exit(128 + number)  # asked twice: at once; the kernel ends the children
        got.append(number)
        task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop, number)
    try:
        return await task
    except asyncio.CancelledError:
        if got:
            raise StoppedError(got[0]) from None
        raise
