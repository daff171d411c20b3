"""A split as a profile sees it: some of its identifiers are another's from now on, and what they brought goes too.

What goes: cart lines and touches, by the strongest identifier of the event that brought them; contact points whose
identifier goes. What both have from then on: which events and orders have counted, what was sent, consent, zone; so
that nothing counts twice and nobody is written to who may have bought, or who has said no. What stays: the
rest. Each machine says so of its slice (`divide` of streams/core/profile/machine.py). Contract 8.21 to 8.26.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from msgspec import Raw
from msgspec.structs import replace

from schemas.identifiers import Hasher
from streams.core.handover.in_flight import InFlight
from streams.core.profile.forwarding import Divided, ForwardingTable
from streams.core.profile.machine import Leaving
from streams.core.profile.repository import Profiles
from streams.core.profile.state import Profile, of_json, to_json
from streams.core.protocol.order_key import KEY_SIZE
from streams.core.protocol.ports import Emit, Store
from streams.core.protocol.profile_log import Divide, Share
from streams.core.protocol.records import HEAD_SIZE, event_out, notice_out
from streams.core.sealing.effects import Effects
from streams.core.sealing.sealer import Sealer

BY: Final = 16
"""Hex digits of a hash that a line or a touch remembers."""


class Division:
    """Divides profiles of one partition. `forward` emits what is sent on to other partitions."""

    def __init__(
        self, store: Store, forward: Emit, *, profiles: Profiles, forwarding: ForwardingTable, in_flight: InFlight,
        sealer: Sealer, hasher: Hasher, partitions: int,
    ) -> None:  # fmt: skip
        self._store = store
        self._forward = forward
        self._profiles = profiles
        self._forwarding = forwarding
        self._sealer = sealer
        self._hasher = hasher
        self._partitions = partitions
        self._in_flight = in_flight

    def divide(self, notice: Divide, reached: bytes, effects: Effects) -> dict[str, int]:
        """Identifiers leave for another profile, for all time; returns what went with them, counted.

        `reached` is the bound up to which everything has taken effect.
        """
        profile_id, to, key = bytes.fromhex(notice.source), notice.target, bytes.fromhex(notice.key)
        ids = [bytes.fromhex(one) for one in notice.ids]
        self._forwarding.divide(profile_id, ids, to, key, notice.at, fresh=notice.fresh)
        removed = {"state": 0, "pending": 0, "lines": 0, "touches": 0}
        self._divide(profile_id, to, set(ids), key, notice, reached, removed, effects)
        return removed

    def _divide(
        self, profile_id: bytes, to: str, ids: Collection[bytes], key: bytes, notice: Divide, reached: bytes,
        removed: dict[str, int], effects: Effects,
    ) -> None:  # fmt: skip
        profile = self._profiles.get(profile_id)
        if profile is not None and profile.merging_into is not None:
            # What waits in it for its merge has had its time all the same: elsewhere it would come late.
            self._sealer.seal(profile_id, reached, effects)
        for at, value in self._profiles.pending.all(profile_id):
            if value[1 : 1 + HEAD_SIZE] in ids:
                self._in_flight.moves(at)
                self._forward.send(event_out(bytes.fromhex(to), at, value[1:], self._partitions))
                self._profiles.pending.drop(profile_id, at)
                removed["pending"] += 1
        if profile is None:
            return
        if notice.fresh:
            hashes = [one.hex() for one in ids]
            share = self._share(profile, to, hashes, notice.at, removed, effects)
            removed["state"] |= self._send_share(share, notice.at, key)
            self._sealer.refresh(profile)
        for sub_id, _ in profile.merging:
            self._divide(bytes.fromhex(sub_id), to, ids, key, notice, reached, removed, effects)

    def of_transfer(self, divided: Divided, state: Raw, effects: Effects) -> Raw:
        """The state of a profile that merged into another before a split of that one, less what the split gave away."""
        profile = of_json(state)
        removed = {"state": 0, "pending": 0, "lines": 0, "touches": 0}
        for to in sorted(divided.fresh):
            hashes = [identifier.hex() for identifier, where in divided.ids.items() if where == to]
            share = self._share(profile, to, hashes, divided.at, removed, effects)
            self._send_share(share, divided.at, divided.key)
        return Raw(to_json(profile))

    def share(self, notice: Share, effects: Effects) -> None:
        """A part of a divided profile arrives at its new place."""
        profile_id, at = bytes.fromhex(notice.target), notice.at
        retired = self._forwarding.retired(profile_id)
        if retired is not None:
            self._in_flight.moves(bytes.fromhex(notice.key))
            winner = retired[0].hex()
            self._forward.send(notice_out(winner, replace(notice, target=winner), self._partitions))
            return
        if self._forwarding.erased(profile_id):
            return
        arrived = of_json(notice.state)
        arrived.id = notice.target
        self._sealer.logic.arrive(arrived, effects)
        known = self._profiles.get(profile_id)
        if known is None:
            self._profiles.adopt(arrived)
            self._sealer.logic.arrived(arrived, at, effects)
        else:
            self._sealer.logic.absorb(known, arrived, at, effects)
        self._sealer.refresh(known or arrived)

    def _share(
        self, profile: Profile, to: str, hashes: Collection[str], at: int, removed: dict[str, int], effects: Effects
    ) -> Profile:
        leaving = Leaving(
            at, frozenset(hashed[:BY] for hashed in hashes), lambda type_, value: self._hasher(type_, value) in hashes
        )
        share = self._sealer.logic.divide(profile, to, leaving, effects)
        removed["lines"] += len(share.cart.lines) if share.cart is not None else 0
        removed["touches"] += len(share.touches)
        return share

    def _send_share(self, share: Profile, at: int, key: bytes) -> bool:
        if share == Profile(share.id):
            return False
        self._in_flight.moves(key[:KEY_SIZE])
        notice = Share(share.id, at, key.hex(), Raw(to_json(share)))
        self._forward.send(notice_out(share.id, notice, self._partitions))
        return True
