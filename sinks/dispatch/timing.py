"""The clocks of delivery, in one place, so that tests bring their own."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress


class Timing:
    """Wall clock for records and expiry, a monotonic one for pauses."""

    def now(self) -> int:
        """The wall clock in epoch milliseconds."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """A clock in seconds that never goes back."""
        return time.monotonic()

    async def wait(self, event: asyncio.Event, seconds: float) -> None:
        """Returns when the event is set or so many seconds are over."""
        with suppress(TimeoutError):
            await asyncio.wait_for(event.wait(), seconds)
