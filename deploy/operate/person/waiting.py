"""Waiting for ClickHouse to show something, with an end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

POLL: Final = 0.2
"""Seconds between looks at a table; nothing tells when a row has come or gone."""


def wait_until(look: Callable[[], bool], seconds: float) -> bool:
    """Whether `look` returned True before the seconds were over; it is called at least once."""
    end = time.monotonic() + seconds
    while not look():
        if time.monotonic() >= end:
            return False
        time.sleep(POLL)
    return True


class Deadline:
    """The end of a time of so many `seconds`, counted from its making."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """The seconds that remain, never less than one."""
        return max(1.0, self._end - time.monotonic())
