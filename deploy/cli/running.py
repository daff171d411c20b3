"""Running asynchronous work from a command: Ctrl-C, SIGTERM and a closed terminal all end it the orderly way."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

from infra.stopping import stop_signals

T = TypeVar("T")


class StoppedError(Exception):
    """The user, or the system, asked the command to stop; the exit code is 128 plus `number`, that of the signal."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.code = 128 + number


def run(work: Coroutine[Any, Any, T]) -> T:
    """The result of some work. On SIGINT, SIGTERM or SIGHUP it is cancelled, cleans up, and StoppedError is raised.

    A second Ctrl-C or SIGTERM does not wait for the cleaning up: what still runs is left to the guardian.
    """
    return asyncio.run(_until_signal(work))


async def _until_signal(work: Coroutine[Any, Any, T]) -> T:
    task, got = asyncio.ensure_future(work), list[int]()

    def stop(number: int) -> None:
        if not got:
            got.append(number)
            task.cancel()
        elif number != signal.SIGHUP:  # a terminal that closes while it stops is no reason to hurry
            os._exit(128 + number)

    for signaled in stop_signals():
        asyncio.get_running_loop().add_signal_handler(signaled, stop, signaled)
    try:
        return await task
    except asyncio.CancelledError:
        if got:
            raise StoppedError(got[0]) from None
        raise
