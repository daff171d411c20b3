"""The slice of a profile that says what was sent and what came of it: messages, responses by channel and by hour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from streams.core.engagement import feedback, sent
from streams.core.engagement.feedback import Feedback
from streams.core.profile.event import Sealed
from streams.core.profile.machine import Leaving, Machine
from streams.core.profile.state import Profile


class EngagementMachine(Machine[None, Feedback]):
    """What became of messages. `timezone` (a name of the IANA list) is that of customers who have never said theirs.

    A click within `machine_ms` (milliseconds) of the sending is a machine's.
    """

    fields: ClassVar = frozenset({"sent", "engagement", "hours"})

    def __init__(self, timezone: str, machine_ms: int) -> None:
        self._timezone = timezone
        self._machine_ms = machine_ms

    def on_event(self, profile: Profile, event: Sealed, _told: None, /) -> Sequence[Feedback]:
        """What an event tells of a message, if it does."""
        zone = self._timezone if profile.zone is None else profile.zone.value
        told = feedback.on_event(profile, event, zone, self._machine_ms)
        return () if told is None else (told,)

    def absorb(self, winner: Profile, loser: Profile, _at: int, /) -> Sequence[Feedback]:
        """Messages of both, each once; counters add."""
        sent.absorb(winner, loser)
        feedback.absorb(winner, loser)
        return ()

    def divide(self, profile: Profile, share: Profile, _leaving: Leaving, /) -> Sequence[Feedback]:
        """What was sent is on both sides, so that nobody is written to too often. Counters stay."""
        share.sent = profile.sent
        return ()
