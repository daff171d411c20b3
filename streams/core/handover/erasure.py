"""A person is forgotten: state, what waits, and the rows written, which a record without a value takes back.

The old place keeps a forwarding entry for as long as anything can be on its way to it. An event from before the erasure
is dropped; a later event is somebody else's, and goes on to the id that they have from then on. Contract 8.27 to 8.32.
"""

from __future__ import annotations

from schemas.record import Out
from schemas.topics import AUDIENCES_MEMBERS, PROFILE_EVENTS, TOMBSTONED, partition_of
from streams.core.handover.in_flight import InFlight
from streams.core.profile.forwarding import ForwardingTable
from streams.core.profile.repository import DueIndex, Profiles
from streams.core.protocol.order_key import bound, time_of
from streams.core.protocol.ports import Emit, Store
from streams.core.protocol.profile_log import Erase
from streams.core.protocol.records import HEAD_SIZE, event_out
from streams.core.protocol.state_keys import PENDING, PROFILE
from streams.core.sealing.effects import Effects
from streams.core.segments.audiences import keys_of


class Erasure:
    """Erases profiles of one partition. `forward` emits what is sent on to other partitions.

    A `profile_id` is 32 hex digits as text and their 16 bytes as bytes.
    """

    def __init__(
        self, store: Store, emit: Emit, forward: Emit, *, profiles: Profiles, due: DueIndex,
        forwarding: ForwardingTable, in_flight: InFlight, partitions: int,
    ) -> None:  # fmt: skip
        self._store = store
        self._emit = emit
        self._forward = forward
        self._profiles = profiles
        self._due = due
        self._forwarding = forwarding
        self._partitions = partitions
        self._in_flight = in_flight

    def erase(self, notice: Erase, reached: bytes) -> dict[str, int]:
        """Forget a profile and all that it holds; returns what there was, counted. `reached`: how far time has come."""
        profile_id, cut = bytes.fromhex(notice.profile), bytes.fromhex(notice.key)
        later = bound(time_of(cut) + 1)
        self._forwarding.erase(profile_id, max(cut, reached))
        removed = {"state": 0, "pending": 0, "marks": 0}
        for identifier, anew in notice.next.items():
            removed["marks"] += self._forwarding.has_moved(profile_id, bytes.fromhex(identifier))
            self._forwarding.move(profile_id, bytes.fromhex(identifier), later, anew)
        # What merged in here was written from here, under its own name, and is again when a restart reads it anew.
        here = [known for known in notice.former if notice.current or self._was_here(bytes.fromhex(known))]
        self._forget(profile_id, profile_id, removed)
        self._due.set(profile_id, None)
        # Former ids, too: those that merged in here have been here under their own name.
        places = [bytes.fromhex(known) for known in (notice.profile, *notice.former)]
        self._store.purge([kind + place for place in places for kind in (PENDING, PROFILE)])
        for erased in (notice.profile, *here):
            self.take_back(erased)
        return removed

    def _was_here(self, profile_id: bytes) -> bool:
        return self._forwarding.absorbed(profile_id) or self._profiles.get(profile_id) is not None

    def take_back(self, profile_id: str) -> None:
        """Void what was written of a profile: a record without a value under its id on each of `TOMBSTONED`."""
        for topic in TOMBSTONED:
            self._emit.send(Out(topic, partition_of(profile_id, self._partitions), profile_id.encode(), None))

    def drop(self, profile_id: bytes, effects: Effects) -> None:
        """An event of an erased profile has come after its erasure: it must not stay on the log either."""
        effects.counts["winback_erased_events_total",] += 1
        key = profile_id.hex()
        self._emit.send(Out(PROFILE_EVENTS, partition_of(key, self._partitions), key.encode(), None))

    def _forget(self, profile_id: bytes, place: bytes, removed: dict[str, int]) -> None:
        for key, value in self._profiles.pending.all(profile_id):
            to = self._forwarding.anew(place, value[1 : 1 + HEAD_SIZE], key)
            if to is None:
                removed["pending"] += 1
            else:
                self._in_flight.moves(key)
                self._forward.send(event_out(bytes.fromhex(to), key, value[1:], self._partitions))
            self._profiles.pending.drop(profile_id, key)
        profile = self._profiles.get(profile_id)
        if profile is None:
            return
        removed["state"] += 1
        for sub_id, _ in profile.merging:
            self._forget(bytes.fromhex(sub_id), place, removed)
        for member in keys_of(profile):
            # The key alone says which hash is to leave which audience: the addresses are forgotten.
            self._emit.send(Out(AUDIENCES_MEMBERS, partition_of(member, self._partitions), member.encode(), None))
        self._profiles.drop(profile_id)
