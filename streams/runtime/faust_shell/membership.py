"""Membership: may this worker still write? While the group coordinator has answered within the session timeout.

A worker that was stopped, swapped out or cut off comes back believing that its partitions are its own. Kafka tells it
with the next heartbeat; whatever it writes before is a zombie's. So every write asks here first.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import NamedTuple

from streams.runtime.errors import GroupMovedError, LostMembershipError


class GroupTiming(NamedTuple):
    """How a member and its group wait for one another, all in seconds."""

    session: float = 10.0
    """A member that has not been heard of for so long is taken for dead."""
    heartbeat: float = 2.0
    """Between two heartbeats of a member."""
    rebalance: float = 15.0
    """How long the group waits for a member to finish and commit what it has at hand."""


class Membership:
    """Fed from the consumer's thread at every heartbeat that was answered, asked from anywhere.

    `session_timeout` and `clock` are in seconds; the clock never goes back.
    """

    def __init__(self, session_timeout: float, clock: Callable[[], float] = monotonic) -> None:
        self._timeout = session_timeout
        self._clock = clock
        self._heard = clock()
        self._held = False
        self._moved = False

    def beat(self) -> None:
        """The coordinator has answered as to a member."""
        self._heard = self._clock()

    def hold(self) -> None:
        """Partitions have been assigned: from here on silence counts."""
        self._heard = self._clock()
        self._held = True
        self._moved = False

    def move(self) -> None:
        """The coordinator has said that the generation is over: nothing may be written until the next assignment."""
        self._moved = True

    def release(self) -> None:
        """Nothing is assigned: nothing can be lost."""
        self._held = False

    def guard(self) -> None:
        """Raises LostMembershipError or GroupMovedError when this worker may not write what it is about to."""
        if self._moved:
            raise GroupMovedError("the group has moved on to another generation")
        silent = self._clock() - self._heard
        if self._held and silent > self._timeout:
            raise LostMembershipError(
                f"the group coordinator has not answered for {silent:.1f} s (session timeout {self._timeout:g} s): "
                "this worker's partitions may be another's, it stops"
            )
