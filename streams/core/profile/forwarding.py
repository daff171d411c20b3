"""The forwarding table of one partition: where what still arrives at an old place belongs now.

An entry says that a profile has retired into another, was absorbed, divided or erased, or that an identifier has moved
to another profile. Entries live 30 days of event time; after that no event is on its way to the old place any more.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Final, NamedTuple

import orjson

from schemas.topics import DAY_MS
from streams.core.protocol.order_key import KEY_SIZE, START_OF_TIME, time_of
from streams.core.protocol.ports import Store
from streams.core.protocol.profile_log import Path
from streams.core.protocol.state_keys import ABSORBED, DIVIDED, ERASED, MOVED, RETIRED

LIVE_MS: Final = 30 * DAY_MS


@dataclass(slots=True)
class Divided:
    """What a profile has lost in splits: identifier -> profile; `fresh` are those that were made for it.

    `key` is the bound and `at` the time (epoch milliseconds) of the latest split.
    """

    key: bytes
    at: int
    ids: dict[bytes, str] = field(default_factory=dict)
    fresh: set[str] = field(default_factory=set)


class Moved(NamedTuple):
    """From the merge key on, an identifier is with profile `to` (hex); None: it is back."""

    at: bytes
    to: str | None


class ForwardingTable:
    """The entries of one partition, in the store and in memory as well, because almost no profile has any.

    `profile_id` is 16 bytes, `to` 32 hex digits; an identifier is its hash, 16 bytes. A `key` is an order key, a merge
    key or a bound (protocol/order_key.py), from which the entry's 30 days count.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._retired: dict[bytes, bytes] = {}
        self._moved: dict[bytes, dict[bytes, list[Moved]]] = {}
        """By profile and identifier: where it has been since when, in the order in which it was told."""
        self._absorbed: set[bytes] = set()
        self._divided: dict[bytes, Divided] = {}
        self._erased: set[bytes] = set()
        self._expiry: list[tuple[int, bytes]] = []
        """(epoch milliseconds, key in the store) of what is to be forgotten when, sorted."""

    def load(self) -> None:
        """Read the table back after a restart."""
        for key, value in self._store.scan(RETIRED):
            self._retired[key[1:]] = value
            self._expiry.append((time_of(value[16:]) + LIVE_MS, key))
        for key, value in self._store.scan(MOVED):
            moves = [Moved(bytes.fromhex(at), to) for at, to in orjson.loads(value)]
            self._moved.setdefault(key[1:17], {})[key[17:]] = moves
            self._expiry.append((time_of(moves[-1].at) + LIVE_MS, key))
        for key, value in self._store.scan(ABSORBED):
            self._absorbed.add(key[1:])
            self._expiry.append((time_of(value) + LIVE_MS, key))
        for key, value in self._store.scan(DIVIDED):
            reach, at, ids, fresh = orjson.loads(value)
            where = {bytes.fromhex(identifier): to for identifier, to in ids.items()}
            self._divided[key[1:]] = Divided(bytes.fromhex(reach), at, where, set(fresh))
            self._expiry.append((time_of(bytes.fromhex(reach)) + LIVE_MS, key))
        for key, value in self._store.scan(ERASED):
            self._erased.add(key[1:])
            self._expiry.append((time_of(value) + LIVE_MS, key))
        self._expiry.sort()

    def retire(self, profile_id: bytes, winner: bytes, key: bytes) -> None:
        """The profile became part of `winner` at the merge key."""
        self._retired[profile_id] = winner + key
        self._store.put(RETIRED + profile_id, winner + key)
        self._expire(key, RETIRED + profile_id)

    def retired(self, profile_id: bytes) -> tuple[bytes, bytes] | None:
        """(winner, merge key) of a profile that has retired."""
        entry = self._retired.get(profile_id)
        return None if entry is None else (entry[:16], entry[16:])

    def move(self, profile_id: bytes, identifier: bytes, key: bytes, to: str | None) -> bool:
        """An identifier left the profile at the key for the profile `to`, or came back (None). False for a repeat.

        An identifier that comes back from the beginning of time has never been away.
        """
        if key == START_OF_TIME:
            self._forget_moves(profile_id, identifier)
            self._store.delete(MOVED + profile_id + identifier)
            divided = self._divided.get(profile_id)
            if divided is not None and divided.ids.pop(identifier, None) is not None:
                self._put_divided(profile_id, divided)
            return True
        moves = self._moved.setdefault(profile_id, {}).setdefault(identifier, [])
        if any(move.at == key for move in moves):
            return False
        moves.append(Moved(key, to))
        self._expire(key, self._put_moves(profile_id, identifier, moves))
        return True

    def has_moved(self, profile_id: bytes, identifier: bytes) -> bool:
        """Whether this identifier has ever left this profile."""
        divided = self._divided.get(profile_id)
        moved = identifier in self._moved.get(profile_id, ())
        return moved or (divided is not None and identifier in divided.ids)

    def is_home(self, profile_id: bytes) -> bool:
        """Whether all that arrives for the profile belongs here, as it does for most: the table has nothing of it."""
        return (
            profile_id not in self._retired
            and profile_id not in self._moved
            and profile_id not in self._divided
            and profile_id not in self._erased
        )

    def moved(self, profile_id: bytes, identifier: bytes, key: bytes) -> str | None:
        """Where the identifier's event at `key` belongs, if not here."""
        for move in reversed(self._moves(profile_id, identifier)):
            if move.at[:KEY_SIZE] <= key:
                return move.to
        divided = self._divided.get(profile_id)
        return None if divided is None else divided.ids.get(identifier)

    def divide(self, profile_id: bytes, identifiers: list[bytes], to: str, key: bytes, at: int, *, fresh: bool) -> None:
        """A split: the identifiers are of `to` from the beginning of time, wherever they were since they came here.

        `at` is the time of the split in epoch milliseconds; `fresh` says that `to` was made for it.
        """
        divided = self._divided.setdefault(profile_id, Divided(key, at))
        divided.key, divided.at = max(key, divided.key), max(at, divided.at)
        divided.ids.update(dict.fromkeys(identifiers, to))
        if fresh:
            divided.fresh.add(to)
        self._put_divided(profile_id, divided)
        for identifier in identifiers:
            moves = self._moves(profile_id, identifier)
            if moves:
                moves[:] = [Moved(move.at, move.to or to) for move in moves]
                self._put_moves(profile_id, identifier, moves)

    def divided(self, profile_id: bytes, path: Path) -> Divided | None:
        """How a profile was divided, for what belongs to one that had merged into it before, by way of `path`."""
        divided = self._divided.get(profile_id) if self._divided else None
        if divided is None or bytes.fromhex(path[-1][1]) >= divided.key:
            return None
        # What was lost and has merged in again since is no longer to be sent there.
        return None if any(merged in divided.ids.values() for merged, _ in path) else divided

    def comes_back(self, profile_id: bytes, identifier: bytes) -> bool:
        """Whether an identifier that had left the profile is with it again."""
        return any(move.to is None for move in self._moves(profile_id, identifier))

    def erase(self, profile_id: bytes, key: bytes) -> None:
        """The profile was erased; the entry lives on from the key."""
        self._erased.add(profile_id)
        self._store.put(ERASED + profile_id, key)
        self._expire(key, ERASED + profile_id)

    def anew(self, profile_id: bytes, identifier: bytes, key: bytes) -> str | None:
        """The profile (hex) of an event of an erased profile from after its erasure; None for one of before."""
        moves = self._moves(profile_id, identifier)
        return moves[-1].to if moves and moves[-1].at <= key else None

    def erased(self, profile_id: bytes) -> bool:
        """Whether the profile was erased."""
        return profile_id in self._erased

    def _put_divided(self, profile_id: bytes, divided: Divided) -> None:
        ids = {identifier.hex(): to for identifier, to in divided.ids.items()}
        value = (divided.key.hex(), divided.at, ids, sorted(divided.fresh))
        self._store.put(DIVIDED + profile_id, orjson.dumps(value))
        self._expire(divided.key, DIVIDED + profile_id)

    def absorb(self, profile_id: bytes, key: bytes) -> None:
        """The profile has become part of another here: if its transfer comes again, it is a repeat."""
        self._absorbed.add(profile_id)
        self._store.put(ABSORBED + profile_id, key)
        self._expire(key, ABSORBED + profile_id)

    def absorbed(self, profile_id: bytes) -> bool:
        """Whether the profile has become part of another here."""
        return profile_id in self._absorbed

    def prune(self, now: int) -> None:
        """Forget the entries whose time has passed; `now` is the watermark in epoch milliseconds."""
        if not self._expiry or self._expiry[0][0] > now:
            return
        count = bisect_right(self._expiry, now, key=itemgetter(0))
        expired, self._expiry = self._expiry[:count], self._expiry[count:]
        for expires, name in expired:
            kind, profile_id = name[:1], name[1:17]
            if kind == MOVED:
                moves = self._moves(profile_id, name[17:])
                if not moves or time_of(moves[-1].at) + LIVE_MS > expires:
                    continue
                self._forget_moves(profile_id, name[17:])
            elif kind == RETIRED:
                self._retired.pop(profile_id, None)
            elif kind == DIVIDED:
                divided = self._divided.get(profile_id)
                if divided is None or time_of(divided.key) + LIVE_MS > expires:
                    continue
                del self._divided[profile_id]
            elif kind == ERASED:
                self._erased.discard(profile_id)
            else:
                self._absorbed.discard(profile_id)
            self._store.delete(name)

    def _expire(self, key: bytes, name: bytes) -> None:
        insort(self._expiry, (time_of(key) + LIVE_MS, name))

    def _moves(self, profile_id: bytes, identifier: bytes) -> list[Moved]:
        moves = self._moved.get(profile_id)
        return [] if moves is None else moves.get(identifier, [])

    def _put_moves(self, profile_id: bytes, identifier: bytes, moves: list[Moved]) -> bytes:
        name = MOVED + profile_id + identifier
        self._store.put(name, orjson.dumps([(at.hex(), to) for at, to in moves]))
        return name

    def _forget_moves(self, profile_id: bytes, identifier: bytes) -> None:
        moves = self._moved.get(profile_id)
        if moves is not None and moves.pop(identifier, None) is not None and not moves:
            del self._moved[profile_id]
