"""A cap on the messages a minute to one recipient domain: large mailbox providers slow down who sends too fast."""

from __future__ import annotations

from collections import deque
from typing import Final

MINUTE: Final = 60.0
MANY: Final = 10_000
"""So many domains are remembered before those that nothing was sent to for a minute are forgotten."""


class DomainCaps:
    """At most `limit` messages of one domain in any minute; 0 is no limit. Ask `wait`, and `take` when it says 0.

    Every `now` is in seconds, of any clock that does not go back.
    """

    def __init__(self, limit: int = 0) -> None:
        self._limit = limit
        self._sent: dict[str, deque[float]] = {}

    def wait(self, domain: str, now: float) -> float:
        """The seconds until a message to `domain` may go, by those that have gone until `now`: 0 is at once."""
        sent = self._sent.get(domain)
        if sent is None or len(sent) < self._limit:
            return 0.0
        return max(0.0, sent[0] + MINUTE - now)

    def take(self, domain: str, now: float) -> None:
        """A message to `domain` goes `now`."""
        if not self._limit:
            return
        sent = self._sent.get(domain)
        if sent is None:
            if len(self._sent) >= MANY:
                self._sent = {name: times for name, times in self._sent.items() if times[-1] > now - MINUTE}
            sent = self._sent[domain] = deque(maxlen=self._limit)
        sent.append(now)
