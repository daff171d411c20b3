"""From the moment something happens to its arrival in Kafka: lag, batches, offline hours, retries; and their queue.

Times are epoch milliseconds.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final, NamedTuple

from deploy.shop.clock import HOUR, MINUTE, SECOND

LATE_AFTER: Final = (("minute", MINUTE), ("hour", HOUR))


class Trip(NamedTuple):
    """How one event travels, in epoch milliseconds: when it is sent, and when it arrives in Kafka."""

    sent: int
    arrives: int


@dataclass(slots=True)
class Route:
    """How events of one visit or producer travel. The default is a connection that is up: a fraction of a second.

    `every`: the SDK collects events and sends them at multiples of this many milliseconds from `since`.
    `online_at`: nothing is sent before (a phone in a tunnel, a till that reports at night).
    """

    since: int = 0
    every: int = 0
    online_at: int = 0

    def trip(self, at: int, rng: Random) -> Trip:
        """Send and arrival of an event that happened at `at`: at <= sent <= arrives."""
        x = rng.random()
        sent = at + 5 + int(60 * x)
        if self.every:
            sent = at + self.every - (at - self.since) % self.every
        if sent < self.online_at:
            sent = self.online_at + int(2000 * x)
        # Most take a tenth of a second or two; one in fifty takes seconds, so that neighbours overtake each other.
        lag = 40 + int(160 * x) if x < 0.98 else int((x - 0.98) * 1_000_000)
        return Trip(sent, sent + lag)


@dataclass(slots=True)
class Delivery:
    """A queue of lines that are on their way: handed out in the order of arrival, and counted."""

    counts: Counter[str] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)
    _queue: list[tuple[int, int, dict[str, Any], int, str]] = field(default_factory=list)
    _put: int = 0
    _newest: dict[str, int] = field(default_factory=dict)
    first: int | None = None
    last: int = 0

    def put(self, arrives: int, line: dict[str, Any], happened: int, what: str = "events") -> None:
        """Queue a line about what `happened` then and `arrives` then.

        `what` it is: `events`, `duplicates`, or a dead-letter reason.
        """
        self._put += 1
        heapq.heappush(self._queue, (arrives, self._put, line, happened, what))

    def until(self, at: int | None) -> Iterator[tuple[dict[str, Any], str]]:
        """The lines that arrive at or before `at` (None: all), each with what it is, as in `put`."""
        queue = self._queue
        while queue and (at is None or queue[0][0] <= at):
            arrives, _, line, happened, what = heapq.heappop(queue)
            self._count(arrives, line["topic"], happened, what)
            yield line, what

    def _count(self, arrives: int, topic: str, happened: int, what: str) -> None:
        counts = self.counts
        counts["lines"] += 1
        if self.first is None:
            self.first = arrives
        self.last = arrives
        if what in ("events", "duplicates"):
            counts[what] += 1
        else:
            self.broken[what] += 1
        newest = self._newest.get(topic, 0)
        if happened < newest:
            counts["out_of_order"] += 1
        else:
            self._newest[topic] = happened
        age = arrives - happened
        if age > MINUTE:
            for name, limit in LATE_AFTER:
                if age > limit:
                    counts[f"late_over_a_{name}"] += 1


def retry_delay(rng: Random, *, brief: bool) -> int:
    """How long after the first copy a retried one arrives: mostly seconds, sometimes minutes, rarely hours.

    `brief`: seconds at most.
    """
    x = rng.random()
    if brief or x < 0.6:
        return SECOND + int(x * 4 * SECOND)
    if x < 0.95:
        return int((x - 0.6) * 20 * MINUTE) + SECOND
    return int((x - 0.94) * 60 * HOUR)
