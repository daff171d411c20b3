"""Two campaigns files over one history, in step: what both decide alike is played once, for both of them.

They differ in caps alone (`fits`). A `Lockstep` plays one partition by the first file, and asks of each answer that may
be another one by the other file whether it is: of caps, and of what is known of others (responses, addresses). Of a
customer of whom all answers were the same, all is the same. One of whom an answer is not gets a copy, as of before what
was just played, with a `Second`, which plays the other file for these customers alone from there on. Between customers
there is nothing but the log, on which the second has a partition of its own (the first's, and `partitions` more), and
what it is told of the others is told to both.

A profile goes its way together with those that wait in it for their merge.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from msgspec.structs import replace as replaced

from schemas.message_ids import MessageIds
from schemas.record import Out, Record
from schemas.referrers import NoReferrers
from schemas.topics import (
    CART_TRANSITIONS,
    DEAD_LETTERS,
    RETARGETING_DECISIONS,
    RETARGETING_MESSAGES,
    STITCHED_EVENTS,
)  # fmt: skip
from schemas.unsubscribe_links import UnsubscribeLinks
from streams.core.aggregates.population import Population, StatsDelta
from streams.core.campaigns import Campaigns
from streams.core.contact.telling import Told
from streams.core.journey import Journey
from streams.core.lockstep.comparing import Addresses, Comparing, Noted, Watch
from streams.core.messaging.decide import Decider
from streams.core.messaging.experiments import ExperimentAssignment
from streams.core.profile.pending import Pending
from streams.core.profile.state import decode, encode
from streams.core.protocol.link_log import Ack
from streams.core.protocol.ports import Emit, Store
from streams.core.protocol.profile_log import AddressTold, DayLearned, ProductChanged, ProfileLogRecord, Round
from streams.core.protocol.records import BEFORE, EVENT, links_out
from streams.core.sealing.effects import Effects

_MOVING: Final = frozenset({EVENT, BEFORE})
_WANTED: Final = frozenset({CART_TRANSITIONS, RETARGETING_DECISIONS, RETARGETING_MESSAGES})
_ONCE: Final = frozenset({STITCHED_EVENTS, DEAD_LETTERS})
"""What the first file says of every event."""
_AT_ONCE: Final = b""
_ALL: Final = 1 << 60
"""Events that one call seals: there is no heartbeat to keep up, and both files are to be in the same round."""


class OutOfStepError(Exception):
    """Something came in after customers had gone apart, or out of its time: the files have to be played one by one."""


class Member(NamedTuple):
    """A profile before it was sealed: its `state` (None: nothing has happened to it), and what takes effect in it now.

    `upto` is the bound up to which it has had what changed of products.
    """

    id: bytes
    state: bytes | None
    upto: bytes
    waiting: Sequence[tuple[bytes, bytes]]


Members = Sequence[Member]


class Shifted:
    """Sends what the second file's partitions send, to partitions `by` more; not which events have taken effect."""

    def __init__(self, emit: Emit, by: int) -> None:
        self._emit, self._by = emit, by

    def send(self, out: Out) -> None:
        """As of `ports.Emit`."""
        if out.topic not in _ONCE:
            self._emit.send(out._replace(partition=out.partition + self._by))

    def after(self, out: Out) -> None:
        """As of `ports.Emit`."""
        self._emit.after(out._replace(partition=out.partition + self._by))


class Second(Journey):
    """One partition by the second file: customers for whom it decides otherwise, from there on."""

    said: Ack | None = None
    """What it acknowledges of the round that it was given last."""

    @property
    def known(self) -> Population:
        """What everybody does by this file."""
        return self._population

    def refuses(
        self, profile_id: str, channel: str, topic: str | None, address: str, at: int, *, own_yes: tuple[int, int],
        deal: bool, held: bool,
    ) -> bool:  # fmt: skip
        """As of `comparing.AlsoHeld`, for a profile (`profile_id`, hex) that is not here, at `at` (epoch ms).

        `channel`, `topic`, `own_yes` and `deal` as of `ports.Addresses`; `held`: it waits in another.
        """
        # What is known to a profile that waits is what all partitions know.
        if held:
            self._profiles.held.add(bytes.fromhex(profile_id))
        answer = self._suppressions.refuses(profile_id, channel, topic, address, at, own_yes=own_yes, deal=deal)
        if held:
            self._profiles.held.discard(bytes.fromhex(profile_id))
        return answer

    def ready(self, round_: Round) -> None:
        """The first file is about to take a round, and will tell of it."""
        self._clock.barrier_closed = max(self._clock.barrier_closed, bytes.fromhex(round_.barrier_closed))

    def hear(
        self, rows: Sequence[Any], told: Sequence[Told], noted: Sequence[Callable[[StatsDelta], None]]
    ) -> None:  # fmt: skip
        """What follows for customers for whom both files decide alike: `rows`, what is `told`, facts to be `noted`."""
        self._effects.rows += [row for row in rows if row[0] in _WANTED]
        self._effects.told += told
        for note in noted:
            note(self._learned)

    def adopt(self, members: Members, left: Pending) -> None:
        """Customers for whom the files differ in what was just played; `left` is what still waits in them."""
        profiles = [None if member.state is None else decode(member.state) for member in members]
        for member, profile in zip(members, profiles, strict=True):
            if profile is not None:
                self._profiles.adopt(profile)
            for key, value in (*member.waiting, *left.all(member.id)):
                self._profiles.pending.put(member.id, key, value)
        for member, profile in zip(members, profiles, strict=True):
            index = self._due
            if profile is not None:
                self._sealer.refresh(profile)
                self._catalogue.have_had(member.id, member.upto)
                index = self._due if profile.merging_into is None else self._sealer.held_due
            index.sooner(member.id, _AT_ONCE)

    def _acknowledge(self, round_: Round) -> None:
        self.said = self._ack(round_)


class Lockstep(Journey):
    """One partition, of `partitions` that there are, by two files: `campaigns`, and `other`.

    `hear` is called before a round, so that what was sent to `second`, whose state is in `seconds_store`, has come to
    it. The `secret`, `unsubscribe` and the rest are as of `Journey`. Raises
    OutOfStepError in `process` when an event or a profile comes in after customers have gone apart.
    """

    def __init__(
        self, store: Store, emit: Emit, *, seconds_store: Store, partition: int, partitions: int,
        campaigns: Campaigns, other: Campaigns, secret: str, no_referrers: NoReferrers | None = None,
        unsubscribe: str = "",
    ) -> None:  # fmt: skip
        self._watch = watch = Watch()
        self.second = second = Second(
            seconds_store, Shifted(emit, partitions), partition=partition, partitions=partitions,
            campaigns=other, secret=secret, no_referrers=no_referrers, events_a_call=_ALL, totals=False,
            unsubscribe=unsubscribe,
        )  # fmt: skip

        def decider(
            mine: Campaigns, draws: ExperimentAssignment, message_ids: MessageIds, links: UnsubscribeLinks | None
        ) -> Decider:
            return Comparing(mine, draws, message_ids, links, other=other, known=second.known, watch=watch)

        super().__init__(
            store, emit, partition=partition, partitions=partitions, campaigns=campaigns, secret=secret,
            no_referrers=no_referrers, events_a_call=_ALL, totals=False, unsubscribe=unsubscribe, decider=decider,
        )  # fmt: skip
        self._noted = self._effects.learned = Noted(self._learned)
        self._effects.addresses = Addresses(self._suppressions, second, watch, self._profiles.held)
        self._apart: set[bytes] = set()
        self._began = False
        """Whether time has moved."""
        self._at = self._parted_at = 0
        """Offsets of the record that is taken, and of the one at which the first customers went apart."""
        self._sealed = 0
        self._said: Ack | None = None
        self.hear: Callable[[], None] = lambda: None

    def process(self, records: Sequence[Record]) -> int:
        """As of `Journey`."""
        done = super().process(records)
        if self._apart and any(
            record.offset > self._parted_at and record.value and record.value[0] in _MOVING for record in records
        ):
            raise OutOfStepError("an event came in after customers had gone apart")
        return done

    def _take(self, record: Record, notice: ProfileLogRecord | None) -> bool:
        self._at = record.offset
        if isinstance(notice, Round):
            self.hear()
            self._began = self._began or bytes.fromhex(notice.bound) > self._clock.reached
            self.second.ready(notice)
        elif self._apart and not isinstance(notice, ProductChanged | AddressTold | DayLearned):
            raise OutOfStepError(f"{type(notice).__name__} came after customers had gone apart")
        done = super()._take(record, notice)
        # What is told of addresses before time moves, events tell that name nobody; later on, each file's customers do.
        if isinstance(notice, Round | ProductChanged) or (isinstance(notice, AddressTold) and not self._began):
            self.second.process([record])
        if self._said is not None:
            self._emit.after(links_out(_both(self._said, self.second.said)))
            self._said = None
        return done

    def _acknowledge(self, round_: Round) -> None:
        self._said = self._ack(round_)

    def _seal(self, profile_id: bytes, upto: bytes) -> None:
        self._in_step(profile_id, upto, self._sealer.seal)

    def _rest(self, profile_id: bytes, upto: bytes) -> None:
        self._in_step(profile_id, upto, self._sealer.rest)

    def _in_step(self, profile_id: bytes, upto: bytes, seal: Callable[[bytes, bytes, Effects], None]) -> None:
        if self._sealer.sealed != self._sealed:
            raise OutOfStepError("an event had no time to wait")
        self._play(profile_id, upto, seal)
        self._sealed = self._sealer.sealed

    def _play(self, profile_id: bytes, upto: bytes, seal: Callable[[bytes, bytes, Effects], None]) -> None:
        family, effects, noted = self._root(profile_id), self._effects, self._noted.noted
        if family in self._apart:
            seal(profile_id, upto, effects)
            noted.clear()
            return
        members = self._members(family, upto)
        rows, told = len(effects.rows), len(effects.told)
        self._watch.differs = False
        seal(profile_id, upto, effects)
        if self._watch.differs:
            if not self._apart:
                self._parted_at = self._at
            self._apart.add(family)
            self.second.adopt(members, self._profiles.pending)
        else:
            self.second.hear(effects.rows[rows:], effects.told[told:], noted)
        noted.clear()

    def _root(self, profile_id: bytes) -> bytes:
        """The profile that this one waits in, through all in between; itself if it waits in none."""
        held, get = self._profiles.held, self._profiles.get
        while profile_id in held and (profile := get(profile_id)) is not None and profile.merging_into is not None:
            profile_id = bytes.fromhex(profile.merging_into[0])
        return profile_id

    def _members(self, profile_id: bytes, upto: bytes) -> list[Member]:
        """A profile and all that wait in it, as they are."""
        profile, pending = self._profiles.get(profile_id), self._profiles.pending
        keys = pending.keys(profile_id)
        waiting = [(key, pending.get(profile_id, key)) for key in keys[: bisect_left(keys, upto)]]
        state = None if profile is None else encode(profile)
        found = [Member(profile_id, state, self._catalogue.since(profile_id), waiting)]
        for sub_id, _ in () if profile is None else profile.merging:
            found += self._members(bytes.fromhex(sub_id), upto)
        return found


def fits(one: Campaigns, other: Campaigns) -> bool:
    """Whether two files differ in nothing but caps."""
    return (
        one.dump() | {"file": None} == other.dump() | {"file": None}
        and one.file.model_copy(update={"caps": other.file.caps}) == other.file
    )


def _both(one: Ack, other: Ack | None) -> Ack:
    """What two say of one round, as one: the earliest of all."""
    if other is None or other.number != one.number:
        raise RuntimeError("the second file has not taken the round")
    names = ("min_in_flight", "min_forwarded", "next", "due")
    said = {name: [key for key in (getattr(one, name), getattr(other, name)) if key is not None] for name in names}
    return replaced(one, **{name: min(keys, default=None) for name, keys in said.items()})
