"""Hand-over between profiles and partitions: where an event belongs, and how a merged profile's state gets there.

A profile that has merged into another goes on living inside it, as a profile that **waits**, until the time of the
merge is sealed: what comes of before the merge takes effect in the waiting profile, what comes of later in its holder.
Its old place keeps a forwarding entry (profile/forwarding.py), because events are on their way to it still. An event
that arrives there is forwarded: to where its identifier has moved, if it has; else, of a retired profile, to the
holder, as an event of before the merge (`before_out`) or behind it (`event_out`).

The watermark must not pass anything that is forwarded (in_flight.py). Of a merged profile the merge itself holds the
watermark; the events that wait in the profile take effect with the merge, so they hold only a barrier
(watermark/rounds.py).
"""

from __future__ import annotations

from msgspec import UNSET, Raw, UnsetType
from msgspec.structs import replace

from schemas.identifiers import Hasher
from streams.core.contact import points
from streams.core.handover.erasure import Erasure
from streams.core.handover.in_flight import InFlight
from streams.core.handover.order_copies import OrderCopies
from streams.core.handover.split import Division
from streams.core.products.changes import Catalogue
from streams.core.profile.forwarding import ForwardingTable
from streams.core.profile.repository import DueIndex, Profiles
from streams.core.profile.state import Belonging, Profile, of_json, to_json
from streams.core.protocol.link_log import Receipt
from streams.core.protocol.order_key import KEY_SIZE
from streams.core.protocol.ports import Emit, Store
from streams.core.protocol.profile_log import (
    Arrive,
    Belongs,
    Divide,
    Erase,
    Leave,
    Merge,
    Moving,
    Path,
    Sale,
    Share,
    Transfer,
)
from streams.core.protocol.records import HEAD_SIZE, before_out, event_out, links_out, notice_out
from streams.core.protocol.sequence_numbers import SequencedEmitter
from streams.core.sealing.effects import Effects
from streams.core.sealing.sealer import IN_TIME, LATE, Sealer
from streams.core.watermark.partition_clock import PartitionClock


class Handover:
    """What arrives on `profile.events` besides rounds, put where it belongs.

    `emit` takes outputs and receipts, `forward` what is sent on to other partitions. Of an event, `key` is its order
    key (19 bytes), `head_and_body` the hash of its strongest identifier (16 bytes) and its body, as `unpack_event`
    gives them.
    """

    def __init__(
        self, store: Store, emit: Emit, forward: SequencedEmitter, *, clock: PartitionClock, in_flight: InFlight,
        profiles: Profiles, due: DueIndex, forwarding: ForwardingTable, sealer: Sealer, catalogue: Catalogue,
        hasher: Hasher, partitions: int,
    ) -> None:  # fmt: skip
        self._store = store
        self._emit = emit
        self._forward = forward
        self._clock = clock
        self._in_flight = in_flight
        self._profiles = profiles
        self._due = due
        self._forwarding = forwarding
        self._sealer = sealer
        self._catalogue = catalogue
        self._partitions = partitions
        self._division = Division(
            store, forward, profiles=profiles, forwarding=forwarding, in_flight=in_flight, sealer=sealer,
            hasher=hasher, partitions=partitions,
        )  # fmt: skip
        self.copies = OrderCopies(
            store, forward, pending=profiles.pending, in_flight=in_flight, clock=clock, partitions=partitions
        )
        self._erasure = Erasure(
            store, emit, forward, profiles=profiles, due=due, forwarding=forwarding, in_flight=in_flight,
            partitions=partitions,
        )  # fmt: skip

    def event(self, profile_id: bytes, key: bytes, head_and_body: bytes, effects: Effects) -> None:
        """An event sent to `profile_id`: forwarded if it belongs elsewhere at its own time, else it waits here."""
        if self.copies.awaited:
            self.copies.arrived(profile_id, key, head_and_body)
        if self._forwarding.is_home(profile_id):
            self._arrived(profile_id, key, head_and_body, effects)
            return
        to = self._forwarding.moved(profile_id, head_and_body[:HEAD_SIZE], key)
        if to is not None:
            self._in_flight.moves(key)
            self._forward.send(event_out(bytes.fromhex(to), key, head_and_body, self._partitions))
            return
        retired = self._forwarding.retired(profile_id)
        if retired is not None:
            winner, merged = retired
            self._in_flight.moves(key)
            if key >= merged[:KEY_SIZE]:
                self._forward.send(event_out(winner, key, head_and_body, self._partitions))
            else:
                path: Path = ((profile_id.hex(), merged.hex()),)
                self._forward.send(before_out(winner.hex(), path, key, head_and_body, self._partitions))
            return
        if self._forwarding.erased(profile_id):
            self._erasure.drop(profile_id, effects)
            return
        self._arrived(profile_id, key, head_and_body, effects)

    def before(self, holder: str, path: Path, key: bytes, head_and_body: bytes, effects: Effects) -> None:
        """An event of a merged profile from before its merge, sent to whoever holds that profile.

        `holder` is the id of that profile (32 hex digits), `path` leads from the merged profile up to it.
        """
        holder_id, head = bytes.fromhex(holder), head_and_body[:HEAD_SIZE]
        # One that time has passed takes effect in the merged profile, as it would have; elsewhere it would come late.
        divided = self._forwarding.divided(holder_id, path) if key >= self._clock.reached else None
        if divided is not None and head in divided.ids and not self._forwarding.comes_back(holder_id, head):
            self._in_flight.moves(key)
            to = bytes.fromhex(divided.ids[head])
            self._forward.send(event_out(to, key, head_and_body, self._partitions))
            return
        retired = self._forwarding.retired(holder_id)
        if retired is not None:
            winner, merged = retired
            self._in_flight.moves(key)
            further = (*path, (holder, merged.hex()))
            self._forward.send(before_out(winner.hex(), further, key, head_and_body, self._partitions))
            return
        if self._forwarding.erased(holder_id):
            anew = self._forwarding.anew(holder_id, head, key)
            if anew is None:
                self._erasure.drop(holder_id, effects)
            else:
                self._in_flight.moves(key)
                self._forward.send(event_out(bytes.fromhex(anew), key, head_and_body, self._partitions))
            return
        inner = self._attach(path, holder_id)
        if inner is None:
            self._arrived(holder_id, key, head_and_body, effects)
        else:
            inner_id = bytes.fromhex(inner.id)
            self._sealer.wait(inner_id, key, head_and_body, LATE if key < self._clock.barrier_closed else IN_TIME)
            self._sealer.held_due.sooner(inner_id, key)
            if key < self._clock.barrier_closed:
                self._sealer.rest(inner_id, self._clock.barrier_closed, effects)
            self._seal_if_late(holder_id, path, effects)

    def notice(self, notice: Moving, effects: Effects) -> None:
        """A merge, a transfer, an identifier that leaves or arrives, or what a split or an erasure does."""
        match notice:
            case Merge():
                self._merge(bytes.fromhex(notice.loser), notice.winner, bytes.fromhex(notice.key))
            case Transfer():
                self._transfer(notice, effects)
            case Leave():
                self._leave(notice)
            case Divide():
                removed = self._division.divide(notice, self._clock.reached, effects)
                self._answer(notice.request, notice.source, removed, to=notice.target)
            case Share():
                self._division.share(notice, effects)
            case Erase():
                self._answer(notice.request, notice.profile, self._erasure.erase(notice, self._clock.reached))
            case Belongs():
                self._belongs(notice)
            case Sale():
                self._belongs(notice)
                if notice.to:
                    self.copies.expect(notice)
            case Arrive():
                profile_id, identifier = bytes.fromhex(notice.target), bytes.fromhex(notice.id)
                if self._forwarding.has_moved(profile_id, identifier):
                    self._forwarding.move(profile_id, identifier, bytes.fromhex(notice.key), None)

    def _arrived(self, profile_id: bytes, key: bytes, head_and_body: bytes, effects: Effects) -> None:
        if key < self._clock.reached:
            self._sealer.wait(profile_id, key, head_and_body, LATE)
            self._sealer.seal(profile_id, self._clock.reached, effects)
        else:
            self._sealer.wait(profile_id, key, head_and_body, IN_TIME)
            self._due.sooner(profile_id, key)
            self._sealer.relieve(profile_id, effects)

    def _merge(self, loser: bytes, winner: str, key: bytes) -> None:
        if self._forwarding.retired(loser) is not None:
            return
        profile = self._profiles.get(loser)
        if profile is None and self._profiles.pending.first(loser) is not None:
            profile = self._profiles.ensure(loser)
        if profile is not None:
            self._in_flight.moves(key)
            # What it has waiting travels with it, whatever its time.
            self._in_flight.moves_waiting(self._clock.reached)
            self._pack(profile, winner, ((loser.hex(), key.hex()),))
        self._due.set(loser, None)
        self._forwarding.retire(loser, bytes.fromhex(winner), key)

    def _pack(self, profile: Profile, winner: str, path: Path) -> None:
        """Send a profile, what it has pending and the profiles it holds to the winner, and forget them here."""
        profile_id = bytes.fromhex(profile.id)
        subs, profile.merging, profile.merging_into = profile.merging, [], None
        upto = self._catalogue.since(profile_id).hex()
        self._forward.send(notice_out(winner, Transfer(winner, path, upto, Raw(to_json(profile))), self._partitions))
        merged = bytes.fromhex(path[0][1])[:KEY_SIZE]
        for key, value in self._profiles.pending.all(profile_id):
            rest = value[1:]
            if key < merged:
                self._forward.send(before_out(winner, path, key, rest, self._partitions))
            else:
                self._forward.send(event_out(bytes.fromhex(winner), key, rest, self._partitions))
            self._profiles.pending.drop(profile_id, key)
        for sub_id, sub_key in subs:
            sub = self._profiles.get(bytes.fromhex(sub_id))
            if sub is not None:
                self._pack(sub, winner, ((sub_id, sub_key), *path))
        self._sealer.forget(profile_id)

    def _transfer(self, notice: Transfer, effects: Effects) -> None:
        holder, path = notice.holder, notice.path
        holder_id = bytes.fromhex(holder)
        divided = self._forwarding.divided(holder_id, path)
        if divided is not None:
            notice = replace(notice, state=self._division.of_transfer(divided, notice.state, effects))
        retired = self._forwarding.retired(holder_id)
        if retired is not None:
            winner, merged = retired
            self._in_flight.moves(bytes.fromhex(path[0][1]))
            self._in_flight.moves_waiting(bytes.fromhex(notice.upto))
            on = replace(notice, holder=winner.hex(), path=(*path, (holder, merged.hex())))
            self._forward.send(notice_out(winner.hex(), on, self._partitions))
            return
        if self._forwarding.erased(holder_id):
            for erased_id in (holder, *(merged_id for merged_id, _ in path)):
                self._erasure.take_back(erased_id)
            return
        inner_id = bytes.fromhex(path[0][0])
        if self._forwarding.absorbed(inner_id) or self._held(inner_id, path[0][1]):
            return
        inner = self._attach(path, holder_id)
        if inner is None:
            return
        arrived = of_json(notice.state)
        arrived.merging_into, arrived.merging = inner.merging_into, inner.merging
        self._profiles.adopt(arrived)
        self._sealer.refresh(arrived)
        self._catalogue.have_had(inner_id, bytes.fromhex(notice.upto))
        if (missed := self._catalogue.missed(arrived)) is not None:
            self._sealer.held_due.sooner(inner_id, missed)
        self._seal_if_late(holder_id, path, effects)

    def _attach(self, path: Path, holder_id: bytes) -> Profile | None:
        """The innermost profile of the path, held here, made where it was not; None if it has been absorbed already."""
        parent = self._profiles.ensure(holder_id)
        inner: Profile | None = None
        attached = False
        for sub_id, key in reversed(path):
            inner_id = bytes.fromhex(sub_id)
            if self._forwarding.absorbed(inner_id):
                inner = None
                continue
            if not self._held(inner_id, key):
                parent.merging.append([sub_id, key])
                self._profiles.ensure(inner_id).merging_into = [parent.id, key]
                self._sealer.refresh(parent)
                attached = True
            inner = parent = self._profiles.ensure(inner_id)
        if inner is not None and attached:
            self._sealer.refresh(inner)
            self._due.sooner(holder_id, bytes.fromhex(path[-1][1])[:KEY_SIZE])
        return inner

    def _held(self, profile_id: bytes, key: str) -> bool:
        known = self._profiles.get(profile_id)
        return known is not None and known.merging_into is not None and known.merging_into[1] == key

    def _seal_if_late(self, holder_id: bytes, path: Path, effects: Effects) -> None:
        """A merge the watermark has passed already takes effect at once."""
        if bytes.fromhex(path[-1][1])[:KEY_SIZE] < self._clock.reached:
            self._sealer.seal(holder_id, self._clock.reached, effects)

    def _leave(self, notice: Leave) -> None:
        profile_id, identifier = bytes.fromhex(notice.source), bytes.fromhex(notice.id)
        key, to = bytes.fromhex(notice.key), notice.target
        if not self._forwarding.move(profile_id, identifier, key, to):
            return
        for at, value in self._profiles.pending.all(profile_id):
            if at >= key[:KEY_SIZE] and value[1 : 1 + HEAD_SIZE] == identifier:
                self._in_flight.moves(at)
                self._forward.send(event_out(bytes.fromhex(to), at, value[1:], self._partitions))
                self._profiles.pending.drop(profile_id, at)

    def _belongs(self, notice: Belongs | Sale) -> None:
        """Whose an address or an order is waits in the profile until its time."""
        profile_id = bytes.fromhex(notice.profile)
        retired = self._forwarding.retired(profile_id)
        if retired is not None:
            # It came late, or the profile has been asked to merge since.
            winner = retired[0].hex()
            self._forward.send(notice_out(winner, replace(notice, profile=winner), self._partitions))
        elif not self._forwarding.erased(profile_id):
            profile = self._profiles.ensure(profile_id)
            news = Belonging(notice.key, notice.id, notice.theirs, isinstance(notice, Sale))
            points.belongs(profile, news)
            self._sealer.refresh(profile)

    def _answer(self, request: str, profile_id: str, removed: dict[str, int], to: str | UnsetType = UNSET) -> None:
        """Say what was removed, behind all that takes it away."""
        self._emit.after(links_out(Receipt(request, "journey", profile=profile_id, to=to, removed=removed)))
