"""Hand-over between profiles and partitions: where an event belongs, and how a merged profile's state gets there.

A merged profile goes on living as a sub-profile of the winner until the time of its merge is sealed. Whatever still
arrives at the old place is forwarded by two marks, a moved identifier first, then a merge; `low` remembers the
earliest key that was sent on, so that the watermark never passes it (ARCHITECTURE.md). Of a merged profile that is the
merge: what it has waiting takes effect with that. `moved` is the earliest of all that was sent on, so that nothing is
on its way when time stands at a stop (watermark/rounds.py).
"""

from __future__ import annotations

from typing import Any

import orjson

from schemas.identifiers import Hasher
from streams.core.handover.erasure import Erasure
from streams.core.handover.split import Division
from streams.core.products.changes import Catalogue
from streams.core.profile.forwarding import Marks
from streams.core.profile.repository import DueIndex, Profiles
from streams.core.profile.state import Profile, of_json, to_json
from streams.core.protocol.order_key import KEY_SIZE, NOTHING, START_OF_TIME
from streams.core.protocol.ports import Emit, Store
from streams.core.protocol.records import HEAD_SIZE, before_out, event_out, notice_out, receipt_out
from streams.core.protocol.sequence_numbers import Numbered
from streams.core.sealing.apply import Effects
from streams.core.sealing.sealer import IN_TIME, LATE, Sealer

Path = list[list[str]]
"""From a merged profile up to the one that holds it: [[profile id, merge key], ...], the innermost first."""


class Handover:
    """What arrives on `profile.events` besides rounds, put where it belongs."""

    def __init__(
        self, store: Store, emit: Emit, forward: Numbered, profiles: Profiles, due: DueIndex, marks: Marks,
        sealer: Sealer, catalogue: Catalogue, hasher: Hasher, partitions: int,
    ) -> None:  # fmt: skip
        self._store = store
        self._answers = emit
        self._catalogue = catalogue
        self._emit = forward
        self._profiles = profiles
        self._due = due
        self._marks = marks
        self._sealer = sealer
        self._partitions = partitions
        self.low = NOTHING
        self.moved = NOTHING
        self.reached = START_OF_TIME
        """The bound up to which everything has taken effect,"""
        self.closed = START_OF_TIME
        """and in profiles that wait in others as well."""
        self._division = Division(store, forward, profiles, marks, sealer, hasher, partitions, self.moves)
        self._erasure = Erasure(store, emit, forward, profiles, due, marks, partitions, self.moves)

    def event(self, profile_id: bytes, key: bytes, head_and_body: bytes, effects: Effects) -> None:
        """An event sent to `profile_id`: forwarded if it belongs elsewhere at its own time, else it waits here."""
        to = self._marks.moved(profile_id, head_and_body[:HEAD_SIZE], key)
        if to is not None:
            self.moves(key)
            self._emit.send(event_out(bytes.fromhex(to), key, head_and_body, self._partitions, None))
            return
        mark = self._marks.retired(profile_id)
        if mark is not None:
            winner, merged = mark
            self.moves(key)
            if key >= merged[:KEY_SIZE]:
                self._emit.send(event_out(winner, key, head_and_body, self._partitions, None))
            else:
                path = [[profile_id.hex(), merged.hex()]]
                self._emit.send(before_out(winner.hex(), path, key, head_and_body, self._partitions))
            return
        if self._marks.erased(profile_id):
            self._erasure.drop(profile_id, effects)
            return
        self._arrived(profile_id, key, head_and_body, effects)

    def before(self, holder: str, path: Path, key: bytes, head_and_body: bytes, effects: Effects) -> None:
        """An event of a merged profile from before its merge, sent to whoever holds that profile."""
        holder_id, head = bytes.fromhex(holder), head_and_body[:HEAD_SIZE]
        # One that time has passed takes effect in the merged profile, as it would have; elsewhere it would come late.
        divided = self._marks.divided(holder_id, path) if key >= self.reached else None
        if divided is not None and head in divided.ids and not self._marks.comes_back(holder_id, head):
            self.moves(key)
            to = bytes.fromhex(divided.ids[head])
            self._emit.send(event_out(to, key, head_and_body, self._partitions, None))
            return
        mark = self._marks.retired(holder_id)
        if mark is not None:
            winner, merged = mark
            self.moves(key)
            further = [*path, [holder, merged.hex()]]
            self._emit.send(before_out(winner.hex(), further, key, head_and_body, self._partitions))
            return
        if self._marks.erased(holder_id):
            anew = self._marks.anew(holder_id, head, key)
            if anew is None:
                self._erasure.drop(holder_id, effects)
            else:
                self.moves(key)
                self._emit.send(event_out(bytes.fromhex(anew), key, head_and_body, self._partitions, None))
            return
        inner = self._attach(path, holder_id)
        if inner is None:
            self._arrived(holder_id, key, head_and_body, effects)
        else:
            inner_id = bytes.fromhex(inner.id)
            self._sealer.wait(inner_id, key, head_and_body, LATE if key < self.closed else IN_TIME)
            self._sealer.held_due.sooner(inner_id, key)
            if key < self.closed:
                self._sealer.rest(inner_id, self.closed, effects)
            self._seal_if_late(holder_id, path, effects)

    def notice(self, notice: dict[str, Any], effects: Effects) -> None:
        """A merge, a transfer, an identifier that leaves or arrives, or what a split does."""
        match notice["k"]:
            case "merge":
                self._merge(bytes.fromhex(notice["from"]), notice["to"], bytes.fromhex(notice["key"]))
            case "transfer":
                self._transfer(notice, effects)
            case "leave":
                self._leave(notice)
            case "divide":
                self._answer(notice, notice["from"], self._division.divide(notice, self.reached, effects))
            case "share":
                self._division.share(notice, effects)
            case "erase":
                self._answer(notice, notice["profile"], self._erasure.erase(notice, self.reached))
            case "arrive":
                profile_id, identifier = bytes.fromhex(notice["to"]), bytes.fromhex(notice["id"])
                if self._marks.has_moved(profile_id, identifier):
                    self._marks.move(profile_id, identifier, bytes.fromhex(notice["key"]), None)

    def _arrived(self, profile_id: bytes, key: bytes, head_and_body: bytes, effects: Effects) -> None:
        if key < self.reached:
            self._sealer.wait(profile_id, key, head_and_body, LATE)
            self._sealer.seal(profile_id, self.reached, effects)
        else:
            self._sealer.wait(profile_id, key, head_and_body, IN_TIME)
            self._due.sooner(profile_id, key)
            self._sealer.relieve(profile_id, effects)

    def _merge(self, loser: bytes, winner: str, key: bytes) -> None:
        if self._marks.retired(loser) is not None:
            return
        profile = self._profiles.get(loser)
        if profile is None and self._profiles.pending.first(loser) is not None:
            profile = self._profiles.ensure(loser)
        if profile is not None:
            self.moves(key)
            # What it has waiting travels with it, whatever its time.
            self.moved = min(self.moved, self.reached)
            self._pack(profile, winner, [[loser.hex(), key.hex()]])
        self._due.set(loser, None)
        self._marks.retire(loser, bytes.fromhex(winner), key)

    def _pack(self, profile: Profile, winner: str, path: Path) -> None:
        """Send a profile, what it has pending and the profiles it holds to the winner, and forget them here."""
        profile_id = bytes.fromhex(profile.id)
        subs, profile.merging, profile.merging_into = profile.merging, [], None
        upto = self._catalogue.since(profile_id).hex()
        notice = {"k": "transfer", "to": winner, "path": path, "upto": upto, "state": orjson.Fragment(to_json(profile))}
        self._emit.send(notice_out(winner, notice, self._partitions))
        merged = bytes.fromhex(path[0][1])[:KEY_SIZE]
        for key, value in self._profiles.pending.all(profile_id):
            rest = value[1:]
            if key < merged:
                self._emit.send(before_out(winner, path, key, rest, self._partitions))
            else:
                self._emit.send(event_out(bytes.fromhex(winner), key, rest, self._partitions, None))
            self._profiles.pending.drop(profile_id, key)
        for sub_id, sub_key in subs:
            sub = self._profiles.get(bytes.fromhex(sub_id))
            if sub is not None:
                self._pack(sub, winner, [[sub_id, sub_key], *path])
        self._sealer.forget(profile_id)

    def _transfer(self, notice: dict[str, Any], effects: Effects) -> None:
        holder, path = notice["to"], notice["path"]
        holder_id = bytes.fromhex(holder)
        divided = self._marks.divided(holder_id, path)
        if divided is not None:
            notice = {**notice, "state": self._division.of_transfer(divided, notice["state"], effects)}
        mark = self._marks.retired(holder_id)
        if mark is not None:
            winner, merged = mark
            self.moves(bytes.fromhex(path[0][1]))
            self.moved = min(self.moved, bytes.fromhex(notice["upto"]))
            on = {**notice, "to": winner.hex(), "path": [*path, [holder, merged.hex()]]}
            self._emit.send(notice_out(winner.hex(), on, self._partitions))
            return
        if self._marks.erased(holder_id):
            for erased_id in (holder, *(merged_id for merged_id, _ in path)):
                self._erasure.take_back(erased_id)
            return
        inner_id = bytes.fromhex(path[0][0])
        if self._marks.absorbed(inner_id) or self._held(inner_id, path[0][1]):
            return
        inner = self._attach(path, holder_id)
        if inner is None:
            return
        arrived = of_json(notice["state"])
        arrived.merging_into, arrived.merging = inner.merging_into, inner.merging
        self._profiles.adopt(arrived)
        self._sealer.refresh(arrived)
        self._catalogue.have_had(inner_id, bytes.fromhex(notice["upto"]))
        if (missed := self._catalogue.missed(arrived)) is not None:
            self._sealer.held_due.sooner(inner_id, missed)
        self._seal_if_late(holder_id, path, effects)

    def _attach(self, path: Path, holder_id: bytes) -> Profile | None:
        """The innermost profile of the path, held here, made where it was not; None if it has been absorbed already."""
        parent = self._profiles.ensure(holder_id)
        inner: Profile | None = None
        for sub_id, key in reversed(path):
            inner_id = bytes.fromhex(sub_id)
            if self._marks.absorbed(inner_id):
                inner = None
                continue
            if not self._held(inner_id, key):
                parent.merging.append([sub_id, key])
                self._profiles.ensure(inner_id).merging_into = [parent.id, key]
                self._sealer.refresh(parent)
            inner = parent = self._profiles.ensure(inner_id)
        if inner is not None:
            self._sealer.refresh(inner)
            self._due.sooner(holder_id, bytes.fromhex(path[-1][1])[:KEY_SIZE])
        return inner

    def _held(self, profile_id: bytes, key: str) -> bool:
        known = self._profiles.get(profile_id)
        return known is not None and known.merging_into is not None and known.merging_into[1] == key

    def _seal_if_late(self, holder_id: bytes, path: Path, effects: Effects) -> None:
        """A merge the watermark has passed already takes effect at once."""
        if bytes.fromhex(path[-1][1])[:KEY_SIZE] < self.reached:
            self._sealer.seal(holder_id, self.reached, effects)

    def _leave(self, notice: dict[str, Any]) -> None:
        profile_id, identifier = bytes.fromhex(notice["from"]), bytes.fromhex(notice["id"])
        key, to = bytes.fromhex(notice["key"]), notice["to"]
        if not self._marks.move(profile_id, identifier, key, to):
            return
        for at, value in self._profiles.pending.all(profile_id):
            if at >= key[:KEY_SIZE] and value[1 : 1 + HEAD_SIZE] == identifier:
                self.moves(at)
                self._emit.send(event_out(bytes.fromhex(to), at, value[1:], self._partitions, None))
                self._profiles.pending.drop(profile_id, at)

    def _answer(self, notice: dict[str, Any], profile_id: str, removed: dict[str, int]) -> None:
        """Say what was removed, behind all that takes it away."""
        said = {"request": notice["request"], "agent": "journey", "profile": profile_id, "removed": removed}
        self._answers.after(receipt_out(said))

    def moves(self, key: bytes) -> None:
        """Something of this key was sent on."""
        self.low = min(self.low, key[:KEY_SIZE])
        self.moved = min(self.moved, key[:KEY_SIZE])
