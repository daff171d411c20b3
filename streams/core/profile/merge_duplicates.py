"""A profile and those that wait in it for their merge are about to be one: an event counts once among them.

An ingest worker that is killed before it has committed reads its last records again, and sends each where its replica
says by then. Of an event that came later than the lateness allows, the first copy may wait, or have taken effect, in a
profile that has been merged since, and the second goes to the survivor: their ids differ, so neither profile alone can
tell that it is a repeat.
"""

from __future__ import annotations

from collections.abc import Iterator

from streams.core.profile.repository import Profiles
from streams.core.profile.state import Profile


class MergeDuplicates:
    """What the relatives of a profile know: those it waits in, up to the holder, and those that wait in it."""

    def __init__(self, profiles: Profiles) -> None:
        self._profiles = profiles

    def takes(self, profile_id: bytes, key: bytes) -> bool:
        """Whether the event of this order key is to wait in this profile: it belongs to the innermost it came to.

        `profile_id` is 16 bytes.
        """
        profiles = self._profiles
        if profile_id not in profiles.holders and profile_id not in profiles.held:
            return True
        profile = profiles.get(profile_id)
        if profile is None:
            return True
        pending = profiles.pending
        if any(pending.has(bytes.fromhex(below.id), key) for below in self._below(profile)):
            return False
        for above in self._above(profile):
            if pending.has(bytes.fromhex(above.id), key):
                pending.drop(bytes.fromhex(above.id), key)
        return True

    def has_had(self, profile: Profile, known_by: str, time: int, *, late: bool) -> bool:
        """Whether the event that is `known_by` this, of `time` (epoch milliseconds), has taken effect in a relative.

        Only if it came late, here or there, can it be a repeat: two events in time are told apart by their keys alone:
        producers give one id to several.
        """
        if profile.merging_into is None and not profile.merging:
            return False
        return any(
            relative.seen.get(known_by) == time and (late or known_by in relative.late_seen)
            for of in (self._above, self._below)
            for relative in of(profile)
        )

    def _above(self, profile: Profile) -> Iterator[Profile]:
        while profile.merging_into is not None:
            parent = self._profiles.get(bytes.fromhex(profile.merging_into[0]))
            if parent is None:
                return
            profile = parent
            yield profile

    def _below(self, profile: Profile) -> Iterator[Profile]:
        for sub_id, _ in profile.merging:
            sub = self._profiles.get(bytes.fromhex(sub_id))
            if sub is not None:
                yield sub
                yield from self._below(sub)
