"""The clocks of delivery, in one place, so that tests bring their own."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress


class Timing:
    """Wall clock for records and expiry, a monotonic one for pauses."""

    def now(self) -> int:
        """Epoch milliseconds."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Seconds, never going back."""
        return time.monotonic()

    async def wait(self, event: asyncio.Event, seconds: float) -> None:
        """Returns when the event is set or the time is over."""
        with suppress(TimeoutError):
            await asyncio.wait_for(event.wait(), seconds)
