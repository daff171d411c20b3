"""Event time of the whole system: the watermark W, and the rounds that carry it (ARCHITECTURE.md).

A **round** is a bound told to every journey partition, and an acknowledgement from each. Rounds run strictly one after
another. The bound of the next round is the least of

- the sources' bound: no source that holds time can bring anything of before it,
- the earliest key that a journey partition has forwarded to another since its last acknowledgement,
- the changes of identity that are not settled. A change is **settled** when every ingest worker knows its assignments
  and one whole round (of a split more) has been acknowledged since,
- the next barrier.

So W never passes anything in flight. Everything here is a function of the log of `identity.links`: a restart that reads
the same records again issues the same rounds again.

**Barriers.** A barrier is a bound at which time stands until everything of before it has taken effect, and has been
told, everywhere. Two things need one. What customers do on a day counts for decisions from the next day on
(population.py), and so does, for others, what a profile tells of its addresses (contact/telling.py): every UTC midnight
with something before it is a barrier. And new campaigns hold from one point of time on. A midnight with nothing before
it is passed without standing: an acknowledgement carries the earliest key that waits in the partition and the
earliest that it has forwarded, and whatever had not come by then cannot be earlier than the sources' bound at the time
the round was issued. So the next bound is at most the first midnight at or behind the least of these three. (An event
exactly at midnight belongs to the day that begins: the bound of a time comes before the events of that time, but behind
the timers at it.) At the end of time nothing is decided any more: it is no barrier.

One round with the barrier's bound is not enough to close it, for two reasons. A profile that waits in another for its
merge takes effect when that one is sealed, perhaps later; and what belongs to it may be in flight while W passes it.
Therefore rounds with the same bound follow until one is **quiescent**: nothing of before the barrier was forwarded in
the round before, nothing was announced by identify since that round was issued, and the sources' bound was at or behind
the barrier by then. What is of before the barrier had then been emitted before the round was issued, and whoever
forwarded it had said so in this round or in an earlier one; so it is in the partition where it takes effect. A
quiescent round tells the partitions to seal waiting profiles too. Links wait while time stands (`links_bound`), as
applying them could set things in motion again; a split or an erasure does not wait (`release_links`).

The protocol as states and events. `ack` is the last acknowledgement of a round, the one that makes it complete.

    state      event                  next state, and what happens
    ---------  ---------------------  ------------------------------------------------------------------------------
    idle       report, end, declared  idle: the sources' bound and the links' bound rise
               change                 idle: the change holds the bound until it is settled
               add_barrier            idle; standing if the barrier is at W
               next                   idle if there is no reason (1), else a round is issued: standing if its bound is
                                      a barrier, running if not
    running    report, end, declared  running: both bounds rise
               change                 running, as above
               add_barrier            running; standing if the barrier is at W
               next                   running: one round at a time
               ack                    idle
    standing   report, end, declared  standing: the sources' bound rises, the links' bound does not
               change                 standing: the next round cannot be quiescent
               add_barrier            standing
               next                   standing: when the round is complete, another with its bound, quiescent if (2)
               ack                    idle, and the barrier is closed, if (3); else standing

(1) A reason is: the bound can rise, something was forwarded, or a change waits for its rounds.
(2) A round is quiescent when, since the last one was issued, nothing of before the barrier was forwarded and nothing
    was announced, and when that one was issued the sources' bound was not less than the barrier.
(3) A barrier closes when, since the round was issued, nothing of before it was forwarded and nothing was announced,
    and the round was quiescent or nothing of before the barrier waits anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from schemas.topics import DAY_MS
from streams.core.protocol.link_log import Ack, Source, SourceReport
from streams.core.protocol.order_key import END_OF_TIME, NOTHING, START_OF_TIME, bound, time_of
from streams.core.protocol.profile_log import Round
from streams.core.watermark.sources import Sources

_VERSION, _ROUND, _LASTS = 1, 2, 3
_MANY = 256


class Rounds:
    """What the next bound depends on: the sources, the acknowledgements, the unsettled changes, the barriers.

    `partitions` is how many journey partitions acknowledge a round.
    """

    def __init__(self, sources: Iterable[Source], partitions: int) -> None:
        self.sources = Sources(sources)
        self._partitions = partitions
        self._acknowledged: set[int] = set()
        self._min_in_flight = NOTHING
        self._min_forwarded = NOTHING
        self._min_waiting = NOTHING
        self._unsettled: list[list[Any]] = []
        self._number = 0
        self._bound = START_OF_TIME
        self._issued_at = START_OF_TIME
        """The sources' bound when the last round was issued."""
        self._quiescent = False
        """Whether the last round was."""
        self._barrier_closed = START_OF_TIME
        """The last barrier that was closed."""
        self._standing = False
        """Whether time stands at the bound."""
        self._announced = False
        """Whether identify has announced anything since it issued the last round."""
        self._barriers: list[bytes] = []
        self.now: int | None = None
        """The wall clock in epoch milliseconds, as the reports have brought it."""
        self._drained = False
        self._sources_bound = START_OF_TIME
        self._links_bound = START_OF_TIME

    # -- what is learned

    def report(self, sources: Sequence[SourceReport], version: int, now: int | None) -> None:
        """One ingest worker's report on its sources (streams/core/watermark/sources.py).

        `version` is that of the assignments it knows, `now` its wall clock in epoch milliseconds, None under the event
        clock.
        """
        self.sources.report(sources, version)
        if now is not None:
            self.now = max(now, self.now or 0)
        self.refresh()

    def refresh(self) -> None:
        """Something has been learned of the sources."""
        time = self.sources.time
        if time is not None:
            self._sources_bound = max(self._sources_bound, bound(time))
        if not self._standing:
            self._links_bound = self._sources_bound

    def acknowledge(self, ack: Ack) -> None:
        """A journey partition has applied a round."""
        # Whatever the round, what was forwarded was forwarded: a repeat after a restart still counts.
        self._min_in_flight = min(self._min_in_flight, _key(ack.min_in_flight))
        self._min_forwarded = min(self._min_forwarded, _key(ack.min_forwarded))
        if ack.number == self._number:
            self._acknowledged.add(ack.partition)
            self._min_waiting = min(self._min_waiting, _key(ack.next))
            if self._standing and self._all_have():
                self._close()

    def change(self, key: bytes, version: int, rounds: int = 1) -> None:
        """A change of identity at `key`, told by the assignments up to `version`; settled `rounds` rounds after."""
        self._announced = True
        last = self._unsettled[-1] if self._unsettled else None
        if len(self._unsettled) > _MANY and last is not None and last[_ROUND] is None:
            # In a backlog the earliest key and the latest version of many stand for all of them: patience, never haste.
            last[0], last[_VERSION], last[_LASTS] = min(last[0], key), version, max(last[_LASTS], rounds)
        else:
            self._unsettled.append([key, version, None, rounds])

    def release_links(self) -> None:
        """Links are to be applied up to the sources' bound even at a barrier, which takes longer for it."""
        self._links_bound = self._sources_bound

    def add_barrier(self, at: bytes) -> bool:
        """Stand at a bound that is not less than W; True when nothing has taken effect yet, so that nobody has to."""
        if self._sources_bound == START_OF_TIME:
            return True
        self._barriers.append(at)
        if at <= self._bound:
            self._standing = True
        return False

    def barrier_passed(self) -> bool:
        """True once for each added barrier: everything before it has taken effect, and nothing behind it."""
        if self._barriers and not self._standing and self._barriers[0] <= self._barrier_closed:
            del self._barriers[0]
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
        """The bound before which no source that holds time can bring anything."""
        return self._sources_bound

    @property
    def links_bound(self) -> bytes:
        """Links before this bound are complete, and are to be applied; at a barrier they wait until that is closed."""
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
        reach = min([self._sources_bound, self._min_in_flight, *(c[0] for c in self._unsettled), self._next_barrier()])
        nothing_forwarded = self._min_in_flight == NOTHING
        if self._number and reach <= self._bound and not waiting and nothing_forwarded and not self._standing:
            return None
        self._number += 1
        if reach > self._bound:
            self._bound = reach
            self._standing = is_midnight(reach) or reach in self._barriers
        # Nothing of before the bound has moved since a round that was issued when all of it was there.
        still = self._min_forwarded >= self._bound and not self._announced
        self._quiescent = self._standing and still and self._issued_at >= self._bound
        self._acknowledged.clear()
        self._min_in_flight = self._min_forwarded = self._min_waiting = NOTHING
        self._announced = False
        self._issued_at = self._sources_bound
        return Round(self._number, self._bound.hex(), self.now, self._quiescent, self._barrier_closed.hex())

    def drained(self) -> bool:
        """True once: when the end of time has been acknowledged everywhere."""
        done = not self._drained and self._bound == END_OF_TIME and self._all_have()
        self._drained = self._drained or done
        return done

    def _all_have(self) -> bool:
        return len(self._acknowledged) == self._partitions

    def _next_barrier(self) -> bytes:
        """The latest bound that leaves nothing before a midnight behind it."""
        if self._standing or not self._number:
            # The first round moves nothing: it only asks what there is.
            return self._bound
        earliest = max(min(self._min_waiting, self._min_forwarded, self._issued_at), self._bound)
        midnight = END_OF_TIME
        if earliest < END_OF_TIME:
            midnight = bound(-(-time_of(earliest) // DAY_MS) * DAY_MS)
            if midnight < earliest or midnight <= self._bound:
                midnight = bound(time_of(midnight) + DAY_MS)
        return min([midnight, *self._barriers[:1]])

    def _close(self) -> None:
        """All have acknowledged a round at a barrier: close it, if everything before it has taken effect."""
        at = self._bound
        still = self._min_forwarded >= at and not self._announced
        if still and (self._quiescent or self._min_waiting > at):
            self._standing = False
            self._barrier_closed = at
            self._links_bound = self._sources_bound

    # -- kept over restarts

    def dump(self) -> dict[str, Any]:
        """All of it as JSON."""
        return {
            **self.sources.dump(),
            "acknowledged": sorted(self._acknowledged),
            "low": [self._min_in_flight.hex(), self._min_forwarded.hex(), self._min_waiting.hex()],
            "unsettled": [[k.hex(), *rest] for k, *rest in self._unsettled],
            "round": [self._number, self._bound.hex(), self.now, self._issued_at.hex(), self._quiescent],
            "stops": [self._barrier_closed.hex(), self._standing, self._announced, [at.hex() for at in self._barriers]],
            "bounds": [self._sources_bound.hex(), self._links_bound.hex()],
            "drained": self._drained,
        }

    def restore(self, data: dict[str, Any]) -> None:
        """The inverse of `dump`: `data` is what it returns."""
        self.sources.restore(data)
        self._acknowledged = set(data["acknowledged"])
        self._min_in_flight, self._min_forwarded, self._min_waiting = (bytes.fromhex(key) for key in data["low"])
        self._unsettled = [[bytes.fromhex(k), *rest] for k, *rest in data["unsettled"]]
        self._number, reached, self.now, issued, self._quiescent = data["round"]
        self._bound, self._issued_at = bytes.fromhex(reached), bytes.fromhex(issued)
        closed, self._standing, self._announced, barriers = data["stops"]
        self._barrier_closed, self._barriers = bytes.fromhex(closed), [bytes.fromhex(at) for at in barriers]
        self._sources_bound, self._links_bound = (bytes.fromhex(one) for one in data["bounds"])
        self._drained = data["drained"]


_MIDNIGHT_SIZE: Final = 8


def is_midnight(reach: bytes) -> bool:
    """Whether a bound, `reach`, is a UTC midnight."""
    return len(reach) == _MIDNIGHT_SIZE and time_of(reach) % DAY_MS == 0


def midnight_after(reach: bytes) -> bytes:
    """The first UTC midnight behind the bound `reach`, as a bound; behind the last midnight the end of time."""
    return bound(min((time_of(reach) // DAY_MS + 1) * DAY_MS, time_of(END_OF_TIME)))


def _key(told: str | None) -> bytes:
    return NOTHING if told is None else bytes.fromhex(told)
