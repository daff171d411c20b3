"""Membership: may this worker still write? While the group coordinator has answered within the session timeout.

A worker that was stopped, swapped out or cut off comes back believing that its partitions are its own. Kafka tells it
with the next heartbeat; whatever it writes before is a zombie's. So every write asks here first.
"""

from __future__ import annotations

from time import monotonic

from streams.runtime.errors import GroupMovedError, LostMembershipError


class Membership:
    """Fed from the consumer's thread at every heartbeat that was answered, asked from anywhere."""

    def __init__(self, session_timeout: float) -> None:
        self._timeout = session_timeout
        self._heard = monotonic()
        self._held = False
        self._moved = False

    def beat(self) -> None:
        """The coordinator has answered as to a member."""
        self._heard = monotonic()

    def hold(self) -> None:
        """Partitions have been assigned: from here on silence counts."""
        self._heard = monotonic()
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
        silent = monotonic() - self._heard
        if self._held and silent > self._timeout:
            raise LostMembershipError(
                f"the group coordinator has not answered for {silent:.1f} s (session timeout {self._timeout:g} s): "
                "this worker's partitions may be another's, it stops"
            )
