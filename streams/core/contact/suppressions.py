"""Suppression of addresses: what is said of an address holds for it, whoever has it, now or later.

Every partition keeps all of it, by keyed hash of (channel, address); no address and no profile is in it. Something that
is said counts from a bound on: of an event that names the address from the event's own order key on; of one whose
profile has to tell the addresses (`telling.py`) from the next midnight on, which no decision passes before all know.

In the store: `n` + bound, hash, order key -> what waits for time to pass the bound; `h` + hash -> what has been said,
in the order of the events. The partition that is the hash's own writes each change to `contact.suppressions`.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import orjson

from schemas.consent_words import ALWAYS
from schemas.identifiers import Hasher
from schemas.record import Out
from schemas.times import iso
from schemas.topics import CONTACT_SUPPRESSIONS, partition_of
from streams.core.contact.telling import kept_as
from streams.core.profile.repository import Profiles
from streams.core.protocol.order_key import KEY_SIZE, NOTHING, bound, time_of
from streams.core.protocol.ports import Emit, Store
from streams.core.protocol.profile_log import AddressTold
from streams.core.protocol.state_keys import ADDRESS, ADDRESS_WAITS
from streams.core.watermark.partition_clock import PartitionClock

_HASH: Final = 16
_MOST: Final = 50
"""So many things said of one address are told apart until a midnight has passed them."""


class Said(NamedTuple):
    """One thing said of an address: at the event's order `key`, counting from the bound `upto` on.

    `given` is a yes, which lifts what was said before; else a no with its `reason`, first said at `since` (epoch ms).
    """

    key: bytes
    upto: bytes
    given: bool
    reason: str
    since: int


class Suppressions:
    """What has been said of addresses, as one partition of `partitions` knows it."""

    def __init__(
        self, store: Store, emit: Emit, profiles: Profiles, clock: PartitionClock, hasher: Hasher, *, partition: int,
        partitions: int,
    ) -> None:  # fmt: skip
        self._store = store
        self._emit = emit
        self._profiles = profiles
        self._clock = clock
        self._hasher = hasher
        self._partition = partition
        self._partitions = partitions
        self._waiting: list[bytes] = []
        self._any = False
        """Whether anything has ever been said of an address: if not, no decision looks one up."""

    def load(self) -> None:
        """Read back after a restart what waits."""
        self._waiting = [name[1:] for name, _ in self._store.scan(ADDRESS_WAITS)]
        self._any = next(iter(self._store.scan(ADDRESS)), None) is not None

    @property
    def earliest(self) -> bytes:
        """The bound of the first that waits."""
        return self._waiting[0][:KEY_SIZE] if self._waiting else NOTHING

    def arrive(self, notice: AddressTold) -> None:
        """Something is said of addresses; what time has passed counts at once, and a repeat changes nothing."""
        key, upto = bytes.fromhex(notice.key), bytes.fromhex(notice.upto)
        for channel, topic, hashed in notice.addresses:
            name = upto + bytes.fromhex(hashed) + key
            value = orjson.dumps([notice.given, notice.reason, channel, topic])
            if upto < self._clock.reached:
                self._take(name, value)
                continue
            place = bisect_left(self._waiting, name)
            if place == len(self._waiting) or self._waiting[place] != name:
                insort(self._waiting, name)
            self._store.put(ADDRESS_WAITS + name, value)

    def open(self, upto: bytes) -> None:
        """What comes before the bound `upto` counts from its place on: profiles are about to be sealed up to there."""
        if not self._waiting or self._waiting[0][:KEY_SIZE] >= upto:
            return
        count = bisect_left(self._waiting, upto)
        opened, self._waiting = self._waiting[:count], self._waiting[count:]
        for name in opened:
            self._take(name, self._store.take(ADDRESS_WAITS + name))

    def refuses(
        self, profile_id: str, channel: str, topic: str | None, address: str, at: int, *,
        own_yes: tuple[int, int] = (0, 0), deal: bool = False,
    ) -> bool:  # fmt: skip
        """Whether a message of a `topic` must not go to an address on a channel at `at` (epoch milliseconds).

        `profile_id` (hex) is who would be written to; of a `deal` only a bounce or a complaint counts. What came to
        light late counts from then on. `own_yes` is when the profile itself has said yes of this address, to the
        channel and to the topic (0: never): what was said before that does not hold for it.
        """
        if not self._any:
            return False
        held = bytes.fromhex(profile_id) in self._profiles.held
        floor = self._clock.barrier_closed if held else self._clock.reached
        upto = bound(max(at, time_of(floor)))
        for about, yes in zip((None,) if topic is None else (None, topic), own_yes, strict=False):
            said = self._said(bytes.fromhex(self.hashed(channel, about, address)))
            known = [one for one in said if one.upto < upto]
            last = standing(known)
            if last is None or last.given or time_of(known[-1].key) < yes:
                continue
            if not deal or last.reason in ALWAYS:
                return True
        return False

    def hashed(self, channel: str, topic: str | None, address: str) -> str:
        """The hash (hex) under which it is kept what is said of an address on a channel, or of a topic there."""
        return self._hasher(kept_as(channel, topic), address)

    def _said(self, hashed: bytes) -> list[Said]:
        value = self._store.get(ADDRESS + hashed)
        return [] if value is None else [_unpacked(one) for one in orjson.loads(value)]

    def _take(self, name: bytes, value: bytes) -> None:
        upto, hashed, key = name[:KEY_SIZE], name[KEY_SIZE : KEY_SIZE + _HASH], name[KEY_SIZE + _HASH :]
        given, reason, channel, topic = orjson.loads(value)
        said = self._said(hashed)
        before, closed = standing(said), self._clock.barrier_closed
        if said and ((said[0].upto < closed and key <= said[0].key) or any(one.key == key for one in said)):
            # A repeat, or older than what all decisions to come know.
            return
        last = said[-1] if said else None
        again = last is not None and not last.given and not given and last.key < key and last.upto <= upto
        if last is not None and again and len(said) >= _MOST and (reason not in ALWAYS or last.reason in ALWAYS):
            # Said again and again in one day: when exactly matters to nobody but whoever says yes in between.
            said[-1] = last._replace(key=key)
        else:
            insort(said, Said(key, upto, given, reason, time_of(key)))
        after = standing(said)
        self._any = True
        kept = _settled(said, closed)
        self._store.put(ADDRESS + hashed, orjson.dumps([_packed(one) for one in kept]))
        home = partition_of(hashed.hex(), self._partitions)
        if after != before and home == self._partition and after is not None:
            known = max(time_of(upto), time_of(self._clock.reached) if upto < self._clock.reached else 0)
            row = {
                "address_hash": hashed.hex(), "channel": channel, "topic": topic, "suppressed": not after.given,
                "reason": after.reason, "since": iso(after.since), "known_at": iso(known),
            }  # fmt: skip
            self._emit.send(Out(CONTACT_SUPPRESSIONS, home, hashed.hex().encode(), orjson.dumps(row)))


def standing(said: Sequence[Said]) -> Said | None:
    """What holds after all of this, in the order of the events: the last yes, or the first no since; None for nothing.

    A bounce or a complaint says more than that somebody has unsubscribed. `said` is sorted.
    """
    last: Said | None = None
    for one in said:
        if one.given or last is None or last.given or (one.reason in ALWAYS and last.reason not in ALWAYS):
            last = one
    return last


def _settled(said: list[Said], closed: bytes) -> list[Said]:
    """Less what nobody asks for any more: at the front, what all decisions to come know, as one.

    `closed`: no decision to come is of before this bound.
    """
    count = 0
    while count < len(said) and said[count].upto < closed:
        count += 1
    holds = standing(said[:count])
    if holds is None:
        return said
    # It keeps its place behind all that it stands for.
    return [holds._replace(key=said[count - 1].key), *said[count:]]


def _packed(one: Said) -> list[Any]:
    return [one.key.hex(), one.upto.hex(), one.given, one.reason, one.since]


def _unpacked(one: list[Any]) -> Said:
    key, upto, given, reason, since = one
    return Said(bytes.fromhex(key), bytes.fromhex(upto), given, reason, since)
