"""The port between whoever reads a request and whoever keeps its events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class RawEvent(NamedTuple):
    """One raw event on its way to a raw topic."""

    channel: str
    """Of schemas/topics.py CHANNELS; its topic is `channels.<channel>`."""
    value: bytes
    """The event as JSON, as docs/contract.md says of raw events."""
    slot: int = 0
    """Events of one channel with the same slot (0 to 2**32 - 1) keep their order: they go to the same partition."""


class IntakeFullError(Exception):
    """Nothing more can be kept now: answer 503 with `Retry-After: retry_after` seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"the queue is full; again in {retry_after} s")
        self.retry_after = retry_after


class Intake(Protocol):
    """Keeps raw events until Kafka has them."""

    async def take(self, events: Sequence[RawEvent]) -> None:
        """Return when Kafka has acknowledged each event or it is safe on disk. IntakeFullError: none was kept."""
