"""Event time of the whole system: the watermark W, and the rounds that carry it (ARCHITECTURE.md).

A round is a bound told to every journey partition and an acknowledgement from each. Rounds run strictly one after
another. The next bound is the least of

- the sources' watermarks,
- the earliest event time of anything a journey partition has sent on to another since its last acknowledgement,
- the changes of identity that are not **settled**: known to every replica, and one whole round since (of a split more),
- the next **stop**.

So the bound never passes anything in flight. All of it is a function of the log of `identity.links`: a restart that
reads the same records again issues the same rounds again.

**Stops.** What everybody does on a day is known to decisions from the next day on (population.py), so at every UTC
midnight all that comes before it must have taken effect, and have been told, before anything behind it is decided. New
campaigns hold from one point of time on, in the same way. A midnight with nothing before it is passed: an
acknowledgement carries `next`, the earliest thing that waits in its partition, and `moved`, the earliest that it has
sent on; what is not there yet when a round is acknowledged is not earlier than the sources' bound when that round was
issued. The next bound is at most the first midnight at or behind the least of these (of an event exactly at midnight
the next one, as the bound of a time comes before the events of that time, but behind the timers at it).

A bound at a stop does not do by itself. A profile that waits in another for its merge takes effect when that is
sealed, which may be later, and what belongs to it may be in flight while W passes it. So at a stop S rounds go on with
the same bound until a round has been acknowledged in which

- every partition had sent on nothing of before S since its last acknowledgement, and
- identify had announced nothing since it issued that round.

Everything of before S rests then, in the partition where it is going to take effect: it had been emitted before the
round was issued, because the sources' bound was not less than S, so whoever sent it on has said so, now or in a round
before. Links wait meanwhile (`links_bound`): what is announced could set it in motion again. If an acknowledgement
says that something of before S waits all the same, it is in such a profile, and one more round with the same bound
says that all `rests`: they take effect up to S as well. Then the stop is **closed**, and time goes on.

At the end of time nothing is decided any more, so it is no stop.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from schemas.topics import DAY_MS
from streams.core.protocol.order_key import END_OF_TIME, NOTHING, START_OF_TIME, bound, time_of
from streams.core.watermark.sources import Source, Sources

_VERSION, _ROUND, _LASTS = 1, 2, 3
_MANY = 256


class Round(NamedTuple):
    """A round to issue: `now` is the wall clock in ms; `rests` and `closed` as of journey's `_round`."""

    number: int
    bound: bytes
    now: int | None
    rests: bool
    closed: bytes


class Rounds:
    """What the next bound depends on: the sources, the acknowledgements, the unsettled changes, the stops."""

    def __init__(self, sources: Iterable[Source], partitions: int) -> None:
        self.sources = Sources(sources)
        self._partitions = partitions
        self._acknowledged: set[int] = set()
        self._low = NOTHING
        self._moved = NOTHING
        self._next = NOTHING
        self._unsettled: list[list[Any]] = []
        self._number = 0
        self._bound = START_OF_TIME
        self._issued_at = START_OF_TIME
        """The sources' bound when the last round was issued."""
        self._rests = False
        self._closed = START_OF_TIME
        self._closing = False
        self._stirred = False
        """Whether identify has announced anything since it issued the last round."""
        self._stops: list[bytes] = []
        self.now: int | None = None
        """The wall clock in epoch milliseconds, as the reports have brought it."""
        self._drained = False
        self._sources_bound = START_OF_TIME
        self._links_bound = START_OF_TIME

    # -- what is learned

    def report(self, sources: Sequence[Sequence[Any]], version: int, now: int | None) -> None:
        """One ingest worker's report on its sources (streams/core/watermark/sources.py)."""
        self.sources.report(sources, version)
        if now is not None:
            self.now = max(now, self.now or 0)
        self.refresh()

    def refresh(self) -> None:
        """Something has been learned of the sources."""
        time = self.sources.time
        if time is not None:
            self._sources_bound = max(self._sources_bound, bound(time))
        if not self._closing:
            self._links_bound = self._sources_bound

    def acknowledge(self, partition: int, number: int, said: dict[str, Any]) -> None:
        """A journey partition has applied round `number`.

        It says (as hex, None for nothing) `low` and `moved`, the earliest key it has sent on since its last, without
        and with what waits for a merge; and `next`, the earliest thing that waits there.
        """
        # Whatever the round, what has moved has moved: a repeat after a restart still counts.
        self._low = min(self._low, _key(said["low"]))
        self._moved = min(self._moved, _key(said["moved"]))
        if number == self._number:
            self._acknowledged.add(partition)
            self._next = min(self._next, _key(said["next"]))
            if self._closing and self._all_have():
                self._close()

    def change(self, key: bytes, version: int, rounds: int = 1) -> None:
        """A change of identity at `key`, told by the assignments up to `version`; settled so many rounds after."""
        self._stirred = True
        last = self._unsettled[-1] if self._unsettled else None
        if len(self._unsettled) > _MANY and last is not None and last[_ROUND] is None:
            # In a backlog the earliest key and the latest version of many stand for all of them: patience, never haste.
            last[0], last[_VERSION], last[_LASTS] = min(last[0], key), version, max(last[_LASTS], rounds)
        else:
            self._unsettled.append([key, version, None, rounds])

    def thaw(self) -> None:
        """Links are to be applied up to the sources' bound even at a stop, which takes the longer for it."""
        self._links_bound = self._sources_bound

    def stop(self, at: bytes) -> bool:
        """Stop at a bound that is not less than W; True when nothing has taken effect, so that nobody has to."""
        if self._sources_bound == START_OF_TIME:
            return True
        self._stops.append(at)
        if at <= self._bound:
            self._closing = True
        return False

    def stopped(self) -> bool:
        """True once for each `stop`: all of before has taken effect, and nothing behind it."""
        if self._stops and not self._closing and self._stops[0] <= self._closed:
            del self._stops[0]
            # The next may be at the same bound.
            return True
        return False

    # -- what is shown

    @property
    def gauges(self) -> dict[tuple[str, ...], float]:
        """What Prometheus is shown of time."""
        return self.sources.gauges(self.now, self._reached_at())

    def listed(self) -> dict[str, Any]:
        """The sources and time, for operators (streams/core/watermark/sources.py)."""
        return self.sources.listed(self.now, self._reached_at())

    def _reached_at(self) -> int | None:
        """W in epoch milliseconds: also held by what is in flight, and by a partition that does not answer."""
        return None if self._bound == START_OF_TIME else time_of(self._bound)

    # -- what follows

    @property
    def sources_bound(self) -> bytes:
        """No source that holds time can bring anything of before this bound."""
        return self._sources_bound

    @property
    def links_bound(self) -> bytes:
        """Links before this bound are complete, and are to be applied; at a stop it waits until that is closed."""
        return self._links_bound

    @property
    def reached(self) -> bytes:
        """W: the bound of the last round."""
        return self._bound

    @property
    def unsettled(self) -> int:
        """How many changes of identity still hold the watermark."""
        return len(self._unsettled)

    def next(self) -> Round | None:
        """The round to issue now; None while one runs or there is no reason."""
        if self._sources_bound == START_OF_TIME or (self._number and not self._all_have()):
            return None
        known = self.sources.version
        self._unsettled = [c for c in self._unsettled if c[_ROUND] is None or c[_ROUND] > self._number]
        waiting = False
        for change in self._unsettled:
            if change[_ROUND] is None and known >= change[_VERSION]:
                change[_ROUND] = self._number + change[_LASTS]
            waiting = waiting or change[_ROUND] is not None
        reach = min([self._sources_bound, self._low, *(c[0] for c in self._unsettled), self._next_stop()])
        if self._number and reach <= self._bound and not waiting and self._low == NOTHING and not self._closing:
            return None
        self._number += 1
        if reach > self._bound:
            self._bound = reach
            self._closing = is_midnight(reach) or reach in self._stops
        # Nothing of before the bound has moved since a round that was issued when all of it was there.
        self._rests = (
            self._closing and self._moved >= self._bound and self._issued_at >= self._bound and not self._stirred
        )
        self._acknowledged.clear()
        self._low = self._moved = self._next = NOTHING
        self._stirred = False
        self._issued_at = self._sources_bound
        return Round(self._number, self._bound, self.now, self._rests, self._closed)

    def drained(self) -> bool:
        """True once: when the end of time has been acknowledged everywhere."""
        done = not self._drained and self._bound == END_OF_TIME and self._all_have()
        self._drained = self._drained or done
        return done

    def _all_have(self) -> bool:
        return len(self._acknowledged) == self._partitions

    def _next_stop(self) -> bytes:
        """The latest bound that leaves nothing before a midnight behind it."""
        if self._closing or not self._number:
            # The first round moves nothing: it only asks what there is.
            return self._bound
        earliest = max(min(self._next, self._moved, self._issued_at), self._bound)
        stop = END_OF_TIME
        if earliest < END_OF_TIME:
            stop = bound(-(-time_of(earliest) // DAY_MS) * DAY_MS)
            if stop < earliest or stop <= self._bound:
                stop = bound(time_of(stop) + DAY_MS)
        return min(self._stops[0], stop) if self._stops else stop

    def _close(self) -> None:
        """All have acknowledged a round at a stop: close it, if all of before has taken effect."""
        at = self._bound
        still = self._moved >= at and not self._stirred
        if still and (self._rests or self._next > at):
            self._closing = False
            self._closed = at
            self._links_bound = self._sources_bound

    # -- kept over restarts

    def dump(self) -> dict[str, Any]:
        """All of it as JSON."""
        return {
            **self.sources.dump(),
            "acknowledged": sorted(self._acknowledged),
            "low": [self._low.hex(), self._moved.hex(), self._next.hex()],
            "unsettled": [[k.hex(), *rest] for k, *rest in self._unsettled],
            "round": [self._number, self._bound.hex(), self.now, self._issued_at.hex(), self._rests],
            "stops": [self._closed.hex(), self._closing, self._stirred, [stop.hex() for stop in self._stops]],
            "bounds": [self._sources_bound.hex(), self._links_bound.hex()],
            "drained": self._drained,
        }

    def restore(self, data: dict[str, Any]) -> None:
        """The inverse of `dump`."""
        self.sources.restore(data)
        self._acknowledged = set(data["acknowledged"])
        self._low, self._moved, self._next = (bytes.fromhex(key) for key in data["low"])
        self._unsettled = [[bytes.fromhex(k), *rest] for k, *rest in data["unsettled"]]
        self._number, reached, self.now, issued, self._rests = data["round"]
        self._bound, self._issued_at = bytes.fromhex(reached), bytes.fromhex(issued)
        closed, self._closing, self._stirred, stops = data["stops"]
        self._closed, self._stops = bytes.fromhex(closed), [bytes.fromhex(stop) for stop in stops]
        self._sources_bound, self._links_bound = (bytes.fromhex(one) for one in data["bounds"])
        self._drained = data["drained"]


_MIDNIGHT_SIZE: Final = 8


def is_midnight(reach: bytes) -> bool:
    """Whether a bound is a UTC midnight."""
    return len(reach) == _MIDNIGHT_SIZE and time_of(reach) % DAY_MS == 0


def midnight_after(reach: bytes) -> bytes:
    """The first UTC midnight behind a bound, as a bound; the end of time behind the last."""
    return bound(min((time_of(reach) // DAY_MS + 1) * DAY_MS, time_of(END_OF_TIME)))


def _key(told: str | None) -> bytes:
    return NOTHING if told is None else bytes.fromhex(told)
