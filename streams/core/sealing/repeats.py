"""The slice of a profile that says which events it has had: one message id takes effect once within 24 hours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from streams.core.profile.event import DEDUPLICATION_MS, Sealed
from streams.core.profile.machine import Leaving, Machine
from streams.core.profile.state import Profile

_PRUNE_SEEN: Final = 64
_FEW: Final = 512
"""So few ids are never too much: they have 1,024 characters each, and some more of an order's."""
MOST_BYTES: Final = 1_000_000
"""The ids that one profile remembers, together: its state has to fit into one record of the changelog. Of UUIDs that is
some 27,000, which nobody comes to who is a person; if there are more, the latest 20,000 stay."""
OVERTAKEN_MS: Final = 3_600_000
"""How far the wall clock is ahead of an event that takes effect in a backlog, at least."""


class Repeats(Machine[None, None]):
    """Which message ids have taken effect in a profile; asked before all other machines."""

    fields: ClassVar = frozenset({"seen", "late_seen", "overtaken"})

    def is_repeat(self, profile: Profile, event: Sealed) -> bool:
        """Whether the event has taken effect here within 24 h of event time; it is remembered if not.

        What is older than 24 h is not asked, though it may not have been thrown away yet: whether a retry counts must
        not depend on how many other events there were.
        """
        seen, time, known_by = profile.seen, event.time, event.known_by
        first = seen.get(known_by)
        if first is not None and abs(time - first) < DEDUPLICATION_MS:
            since = event.clock - DEDUPLICATION_MS
            if (
                not event.late
                or first > since
                or profile.late_seen.get(known_by, since) > since
                or profile.overtaken.get(known_by, since) > since
            ):
                return True
        seen[known_by] = time
        if event.late:
            # A history that is read in again comes late, too: what is remembered of it must last a day from now.
            profile.late_seen[known_by] = event.clock
        elif event.wall is not None and event.wall - time >= OVERTAKEN_MS:
            # The first input of a new system may be a history, and a worker that was away has a backlog: the watermark
            # passes months in a moment. Kept apart from what came late, which a profile's relatives are asked for.
            profile.overtaken[known_by] = event.wall
        if len(seen) % _PRUNE_SEEN == 0 or profile.late_seen or profile.overtaken:
            since = event.clock - DEDUPLICATION_MS
            if _may_forget(profile, since):
                _forget(profile, since)
        return False

    def absorb(self, winner: Profile, loser: Profile, _at: int, /) -> Sequence[None]:
        """What either side has had; of an id that both know the later time."""
        for message_id, seen in loser.seen.items():
            winner.seen[message_id] = max(seen, winner.seen.get(message_id, seen))
        for message_id, clock in loser.late_seen.items():
            winner.late_seen[message_id] = max(clock, winner.late_seen.get(message_id, clock))
        for message_id, wall in loser.overtaken.items():
            winner.overtaken[message_id] = max(wall, winner.overtaken.get(message_id, wall))
        if len(winner.seen) > _FEW:
            _keep_latest(winner)
        return ()

    def divide(self, profile: Profile, share: Profile, _leaving: Leaving, /) -> Sequence[None]:
        """What the profile has had, both have had."""
        share.seen, share.late_seen, share.overtaken = profile.seen, profile.late_seen, profile.overtaken
        return ()


def _may_forget(profile: Profile, since: int) -> bool:
    """Whether it is worth looking through all that is remembered, now that what is not younger than `since` may go.

    It is when there is an eighth more of it or so, and on the first event a day after a history was read in, which
    may be the only one for long.
    """
    count = len(profile.seen)
    if count % _PRUNE_SEEN == 0 and count % (1 << (count.bit_length() - 3)) == 0:
        return True
    late, overtaken = profile.late_seen, profile.overtaken
    # What was put in last is the youngest, or goes with the others before long.
    return bool(
        (late and next(reversed(late.values())) <= since)
        or (overtaken and next(reversed(overtaken.values())) <= since)
    )  # fmt: skip


def _forget(profile: Profile, since: int) -> None:
    seen, late, overtaken = profile.seen, profile.late_seen, profile.overtaken
    profile.seen = {
        m: t for m, t in seen.items() if t > since or late.get(m, 0) > since or overtaken.get(m, 0) > since
    }  # fmt: skip
    profile.late_seen = {m: t for m, t in late.items() if t > since}
    profile.overtaken = {m: t for m, t in overtaken.items() if t > since}
    if len(profile.seen) > _FEW:
        _keep_latest(profile)


def _keep_latest(profile: Profile) -> None:
    """Forget, where it is too much, what would be forgotten first, and of equals the oldest."""
    seen, late, overtaken = profile.seen, profile.late_seen, profile.overtaken
    if sum(map(len, seen)) * 4 <= MOST_BYTES or sum(len(m.encode()) for m in seen) <= MOST_BYTES:
        return
    left, kept = MOST_BYTES * 3 // 4, set[str]()
    for m in sorted(seen, key=lambda m: (max(seen[m], late.get(m, 0), overtaken.get(m, 0)), seen[m], m), reverse=True):
        left -= len(m.encode())
        if left < 0:
            break
        kept.add(m)
    profile.seen, profile.late_seen, profile.overtaken = (
        {m: t for m, t in of.items() if m in kept} for of in (seen, late, overtaken)
    )  # fmt: skip
