"""What the engine asks of the partitions of an agent, whatever runs them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from faust.types import TP

from schemas.record import Record


class Pulse(NamedTuple):
    """How a partition does, for the watchdog and the lag metric."""

    steps: int
    """Goes up whenever something was done."""
    waiting: int
    """Records fed and not yet consumed."""
    offset: int
    """The first record not consumed."""


class Partitions(Protocol):
    """The assigned partitions of one agent, which reads `topics`. `tp` names a partition that is open."""

    topics: tuple[str, ...]

    @abstractmethod
    async def open(self, assigned: Sequence[TP], generation: int) -> None:
        """Restore and start the `assigned` partitions, under the group's `generation`; nothing is open before."""

    @abstractmethod
    def feed(self, tp: TP, records: list[Record]) -> None:
        """Take a chunk of an open partition."""

    @abstractmethod
    def full(self, tp: TP) -> bool:
        """Whether a partition takes no more for now."""

    @abstractmethod
    def resume_at(self) -> Mapping[TP, int]:
        """The offset of the first record each open partition has not been fed."""

    @abstractmethod
    def pulses(self) -> Mapping[TP, Pulse]:
        """How each open partition does."""

    @abstractmethod
    async def close(self) -> None:
        """Finish, commit and give back all partitions."""

    @abstractmethod
    async def disconnect(self) -> None:
        """Drop what runs without finishing it."""
