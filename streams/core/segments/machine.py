"""Which segments a customer is in: asked after all that takes effect, and when a window of time passes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final, NamedTuple

from schemas.identifiers import Hasher
from schemas.times import iso
from streams.core.campaigns import Campaigns
from streams.core.orders.conversions import Conversion
from streams.core.profile.event import Sealed
from streams.core.profile.machine import Leaving, Machine
from streams.core.profile.membership import Segments
from streams.core.profile.state import Profile
from streams.core.protocol.ports import MAX_TIME
from streams.core.segments import audiences, counters
from streams.core.segments.audiences import Addressed, Audiences
from streams.core.segments.conditions import check
from streams.core.segments.counters import Counters
from streams.core.segments.subject import NEVER, Standing, Subject

ENTERED, LEFT = "entered", "left"
BY_EVENT, BY_TIME, BY_MERGE, BY_SPLIT, BY_CAMPAIGNS = "event", "time", "merge", "split", "campaigns"
NOWHERE: Final = "broadcast"
"""A spot that was aired is no customer."""


class Membership(NamedTuple):
    """A profile has entered a segment or left it, at `at` (epoch milliseconds), for a `reason`.

    `nth` tells apart what one profile does in one millisecond, from 0; `since` is when it had entered, if it leaves.
    """

    profile_id: str
    segment: str
    change: str
    at: int
    nth: int
    reason: str
    since: int

    def row(self) -> dict[str, Any]:
        """The record for segments.membership."""
        return {
            "profile_id": self.profile_id,
            "segment": self.segment,
            "change": self.change,
            "at": iso(self.at),
            "nth": self.nth,
            "reason": self.reason,
            "since": iso(self.since),
        }


class SegmentMachine(Machine[None, Membership | Addressed]):
    """The segments of one campaigns file. Without any, it keeps nothing but when a customer was first seen.

    `standing` gives the orders of a profile that count; the secret is that of the settings, which addresses are hashed
    with. Times (`at`, `due`) are epoch milliseconds.
    """

    fields: ClassVar = frozenset({"first_seen", "persons", "segments"})

    def __init__(self, campaigns: Campaigns, standing: Standing, secret: str) -> None:
        file = campaigns.file
        self._standing = standing
        self._checks = [(segment.id, check(segment.rule, file)) for segment in file.segments]
        self._counters = Counters(file.segments)
        self._audiences = Audiences(file, Hasher(secret))
        self.asked: Final = bool(self._checks)
        """Whether the file has segments."""

    def due_at(self, profile: Profile, /) -> int | None:
        """When time alone may change which segments the profile is in; None for never."""
        state = profile.segments
        return None if state is None or state.due < 0 or not self.asked else state.due

    def on_event(self, profile: Profile, event: Sealed, _told: None, /) -> Sequence[Membership]:
        """An event takes effect: what segments count of it."""
        if (profile.first_seen < 0 or event.time < profile.first_seen) and event.channel != NOWHERE:
            profile.first_seen = event.time
        if self.asked:
            self._counters.on_event(profile, _of(profile), event)
        return ()

    def on_order(self, profile: Profile, event: Sealed, conversion: Conversion) -> None:
        """An order has counted, or something else of one: of a purchase it is remembered what was bought."""
        if self.asked and conversion.is_purchase:
            self._counters.on_order(_of(profile), event, conversion.order_id)

    def on_abandoned(self, profile: Profile, at: int) -> None:
        """A cart was left at `at`."""
        if self.asked:
            self._counters.on_abandoned(_of(profile), at)

    def on_switch(self, profile: Profile, at: int) -> Sequence[Membership | Addressed]:
        """Other campaigns hold from `at` on: by their segments, and without those that are gone.

        How far rows of this instant are counted is kept also under a file without segments: others may follow at once.
        At the end of time nothing is decided any more, so nobody is asked.
        """
        state = profile.segments
        if state is not None:
            self._counters.forget(profile, state)
        return self.assess(profile, at, BY_CAMPAIGNS) if at < MAX_TIME else ()

    def assess(self, profile: Profile, at: int, reason: str) -> Sequence[Membership | Addressed]:
        """Which segments the profile is in at `at`: what has changed since it was asked last, for a `reason`.

        First what it leaves, the earliest entered first, then what it enters, in the order of the file, then what
        audiences are to be told of it. Time does not run backwards for a profile: after a merge that is told of late
        it is asked as of when it was asked last.
        """
        if profile.first_seen < 0 or (profile.segments is None and not self.asked):
            return ()
        state = _of(profile)
        at = _reach(state, at)
        subject, until = Subject(profile, state, at, self._standing), NEVER
        holding: dict[str, None] = {}
        for segment, check_ in self._checks:
            holds, changes = check_(subject)
            if changes != NEVER:
                until = min(until, changes)
            if holds:
                holding[segment] = None
        members = state.members
        found: list[Membership | Addressed] = []
        if members.keys() != holding.keys():
            found += self._move(profile, state, holding, reason)
        told, ends = self._audiences.assess(profile, state, at)
        until = min(until, ends)
        state.due = until if until < NEVER else -1
        return found + told

    def _move(
        self, profile: Profile, state: Segments, holding: dict[str, None], reason: str
    ) -> list[Membership | Addressed]:
        """From the segments that the profile was in to those that hold now."""
        members, at = state.members, state.at
        found: list[Membership | Addressed] = [
            self._leave(profile, state, segment, reason) for segment in list(members) if segment not in holding
        ]
        for segment in holding:
            if segment not in members:
                members[segment] = at
                found.append(_change(profile, state, segment, ENTERED, reason, at))
        return found

    def ask_after(self, profile: Profile, at: int) -> None:
        """Ask with the next event or, without one, right after `at`."""
        if profile.first_seen >= 0:
            _of(profile).due = at + 1

    def absorb(self, winner: Profile, loser: Profile, at: int, /) -> Sequence[Membership | Addressed]:
        """A merge at `at`: what was counted of either side is the winner's; the loser leaves all segments."""
        if loser.first_seen >= 0:
            first = winner.first_seen
            winner.first_seen = loser.first_seen if first < 0 else min(first, loser.first_seen)
        winner.persons += [one for one in loser.persons if one not in winner.persons]
        state = loser.segments
        if state is None:
            return ()
        mine = _of(winner)
        counters.absorb(mine, state)
        _reach(mine, state.at)
        if winner.id == loser.id or not state.members:
            return ()
        _reach(state, at)
        left = [self._leave(loser, state, segment, BY_MERGE) for segment in list(state.members)]
        return [*left, *audiences.leave(loser, state)]

    def divide(self, profile: Profile, share: Profile, leaving: Leaving, /) -> Sequence[Membership | Addressed]:
        """Who is a person goes with its identifier; since when both are known, both know. What was counted stays."""
        share.first_seen = profile.first_seen
        share.persons = [one for one in profile.persons if one in leaving.by]
        profile.persons = [one for one in profile.persons if one not in leaving.by]
        return ()

    def _leave(self, profile: Profile, state: Segments, segment: str, reason: str) -> Membership:
        return _change(profile, state, segment, LEFT, reason, state.members.pop(segment))


def _of(profile: Profile) -> Segments:
    """What segments keep of a profile, made now if it was not there."""
    if profile.segments is None:
        profile.segments = Segments()
    return profile.segments


def _reach(state: Segments, at: int) -> int:
    """The moment at which the profile is asked: `at`, or when it was asked last if that is later."""
    if at > state.at:
        state.at, state.changes = at, 0
    return state.at


def _change(
    profile: Profile, state: Segments, segment: str, change: str, reason: str, since: int
) -> Membership:  # fmt: skip
    nth = state.changes
    state.changes += 1
    return Membership(profile.id, segment, change, state.at, nth, reason, since)
