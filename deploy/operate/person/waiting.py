"""Waiting for ClickHouse to show something, with an end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

POLL: Final = 0.2
"""Seconds between looks at a table; nothing tells when a row has come or gone."""


def wait_until(look: Callable[[], bool], seconds: float) -> bool:
    """Whether a look was true before the seconds were over; there is always one look."""
    end = time.monotonic() + seconds
    while not look():
        if time.monotonic() >= end:
            return False
        time.sleep(POLL)
    return True


class Deadline:
    """`Deadline(seconds)`; `left` are the seconds that remain, never less than one."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds that remain."""
        return max(1.0, self._end - time.monotonic())
