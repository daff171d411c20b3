"""Rules of segments, each broken (tests/simulation/broken_rules.py)."""

from __future__ import annotations

from contextlib import AbstractContextManager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from streams.core.contact import consent
from streams.core.profile.state import Profile
from streams.core.segments import audiences
from streams.core.segments.machine import SegmentMachine


def windows_do_not_pass() -> AbstractContextManager[Any]:
    """Time alone takes nobody out of a segment."""
    return patch.object(SegmentMachine, "due_at", lambda *_: None)


def members_outlive_their_merge() -> AbstractContextManager[Any]:
    """Who has become part of another customer stays in the segments."""
    real = SegmentMachine.absorb

    def absorb(self: SegmentMachine, winner: Profile, loser: Profile, at: int) -> Any:
        real(self, winner, loser, at)
        return ()

    return patch.object(SegmentMachine, "absorb", absorb)


def segments_wait_for_the_next_event() -> AbstractContextManager[Any]:
    """Other campaigns are applied, and who is in their segments is asked with the next event."""
    return patch.object(SegmentMachine, "on_switch", lambda *_: ())


def memberships_are_handed_over() -> AbstractContextManager[Any]:
    """Of two customers who become one, the one is in all segments of the other."""
    real = SegmentMachine.absorb

    def absorb(self: SegmentMachine, winner: Profile, loser: Profile, at: int) -> Any:
        members = dict(loser.segments.members) if loser.segments is not None else {}
        found = real(self, winner, loser, at)
        if winner.segments is not None:
            winner.segments.members = {**members, **winner.segments.members}
        return found

    return patch.object(SegmentMachine, "absorb", absorb)


def who_says_no_stays_in_audiences() -> AbstractContextManager[Any]:
    """Audiences do not ask for consent to ads."""
    asked_nothing = SimpleNamespace(given=lambda *_, **__: True, own_yes=consent.own_yes)
    return patch.object(audiences, "consent", asked_nothing)


def merged_stay_in_audiences() -> AbstractContextManager[Any]:
    """Who has become part of another customer stays in the audiences."""
    return patch.object(audiences, "leave", lambda *_: [])


OF_SEGMENTS = (
    windows_do_not_pass,
    members_outlive_their_merge,
    segments_wait_for_the_next_event,
    memberships_are_handed_over,
    who_says_no_stays_in_audiences,
    merged_stay_in_audiences,
)
PROMISED_OF_SEGMENTS = (memberships_are_handed_over,)
"""Noticed by the rows of memberships alone."""
