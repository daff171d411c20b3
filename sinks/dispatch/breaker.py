"""A circuit breaker: a channel that fails repeatedly gets no messages for a while, then a single one to try it."""

from __future__ import annotations

from typing import Final

CLOSED: Final = "closed"
OPEN: Final = "open"
HALF_OPEN: Final = "half_open"
LONGEST: Final = 300.0
"""The most seconds that the breaker stays open before the channel is tried again."""


class Breaker:
    """Opens after `failures` in a row, for `pause` seconds, doubled each time that the one message fails too.

    Every time `now` is in seconds, of any clock that does not go back.
    """

    def __init__(self, failures: int, pause: float) -> None:
        self.state = CLOSED
        self._limit, self._first = failures, pause
        self._failures = 0
        self._pause = pause
        self._until = 0.0

    def wait(self, now: float) -> float:
        """How many seconds until a message may be tried: 0 is now. Half open, another is being tried: ask again then.

        `now` in seconds.
        """
        if self.state == CLOSED:
            return 0.0
        if self.state == HALF_OPEN:
            return self._pause
        return max(0.0, self._until - now)

    def begin(self) -> None:
        """A message is being tried, after `wait` said 0."""
        if self.state == OPEN:
            self.state = HALF_OPEN

    def success(self) -> None:
        """The channel has answered."""
        self.state, self._failures, self._pause = CLOSED, 0, self._first

    def failure(self, now: float) -> None:
        """The channel has failed."""
        self._failures += 1
        if self.state == HALF_OPEN:
            self._pause = min(2 * self._pause, max(LONGEST, self._first))
            self.state, self._until = OPEN, now + self._pause
        elif self.state == CLOSED and self._failures >= self._limit:
            self.state, self._until = OPEN, now + self._pause

    def abandon(self) -> None:
        """The message was not tried after all: the next one may be."""
        if self.state == HALF_OPEN:
            self.state = OPEN
