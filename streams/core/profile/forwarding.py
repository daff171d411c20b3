"""Forwarding marks of one partition: which profiles have retired into which, which identifiers have moved away.

And which profiles were divided or erased.

They live 30 days of event time; after that no event is on its way to the old place any more.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from schemas.topics import DAY_MS
from streams.core.protocol.order_key import KEY_SIZE, START_OF_TIME, time_of
from streams.core.protocol.ports import Store

_RETIRED: Final = b"r"
_MOVED: Final = b"m"
_ABSORBED: Final = b"a"
_DIVIDED: Final = b"v"
_ERASED: Final = b"z"
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


class Marks:
    """Kept in the store; which profiles have any is kept in memory, because almost none has."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._retired: dict[bytes, bytes] = {}
        self._moved: dict[tuple[bytes, bytes], list[list[Any]]] = {}
        self._absorbed: set[bytes] = set()
        self._divided: dict[bytes, Divided] = {}
        self._erased: set[bytes] = set()
        self._expiry: list[tuple[int, bytes]] = []

    def load(self) -> None:
        """Read the marks back after a restart."""
        for key, value in self._store.scan(_RETIRED):
            self._retired[key[1:]] = value
            self._expire(value[16:], key)
        for key, value in self._store.scan(_MOVED):
            marks = self._moved[key[1:17], key[17:]] = orjson.loads(value)
            self._expire(bytes.fromhex(marks[-1][0]), key)
        for key, value in self._store.scan(_ABSORBED):
            self._absorbed.add(key[1:])
            self._expire(value, key)
        for key, value in self._store.scan(_DIVIDED):
            reach, at, ids, fresh = orjson.loads(value)
            where = {bytes.fromhex(identifier): to for identifier, to in ids.items()}
            self._divided[key[1:]] = Divided(bytes.fromhex(reach), at, where, set(fresh))
            self._expire(bytes.fromhex(reach), key)
        for key, value in self._store.scan(_ERASED):
            self._erased.add(key[1:])
            self._expire(value, key)

    def retire(self, profile_id: bytes, winner: bytes, key: bytes) -> None:
        """The profile became part of `winner` at the merge key."""
        self._retired[profile_id] = winner + key
        self._store.put(_RETIRED + profile_id, winner + key)
        self._expire(key, _RETIRED + profile_id)

    def retired(self, profile_id: bytes) -> tuple[bytes, bytes] | None:
        """(winner, merge key) of a profile that has retired."""
        mark = self._retired.get(profile_id)
        return None if mark is None else (mark[:16], mark[16:])

    def move(self, profile_id: bytes, identifier: bytes, key: bytes, to: str | None) -> bool:
        """The identifier left the profile for `to` at the key, or came back (None). False for a repeat.

        One that comes back from the beginning of time has never been away.
        """
        if key == START_OF_TIME:
            self._moved.pop((profile_id, identifier), None)
            self._store.delete(_MOVED + profile_id + identifier)
            divided = self._divided.get(profile_id)
            if divided is not None and divided.ids.pop(identifier, None) is not None:
                self._put_divided(profile_id, divided)
            return True
        marks = self._moved.setdefault((profile_id, identifier), [])
        if any(mark[0] == key.hex() for mark in marks):
            return False
        marks.append([key.hex(), to])
        name = _MOVED + profile_id + identifier
        self._store.put(name, orjson.dumps(marks))
        self._expire(key, name)
        return True

    def has_moved(self, profile_id: bytes, identifier: bytes) -> bool:
        """Whether this identifier has ever left this profile."""
        divided = self._divided.get(profile_id)
        return (profile_id, identifier) in self._moved or (divided is not None and identifier in divided.ids)

    def moved(self, profile_id: bytes, identifier: bytes, key: bytes) -> str | None:
        """Where the identifier's event at `key` belongs, if not here."""
        marks = self._moved.get((profile_id, identifier)) if self._moved else None
        if marks is not None:
            to: list[str | None] = [where for at, where in marks if bytes.fromhex(at)[:KEY_SIZE] <= key]
            if to:
                return to[-1]
        divided = self._divided.get(profile_id) if self._divided else None
        return None if divided is None else divided.ids.get(identifier)

    def divide(self, profile_id: bytes, identifiers: list[bytes], to: str, key: bytes, at: int, *, fresh: bool) -> None:
        """The identifiers are of `to` from the beginning of time, whatever they were since they last came here."""
        divided = self._divided.setdefault(profile_id, Divided(key, at))
        divided.key, divided.at = max(key, divided.key), max(at, divided.at)
        divided.ids.update(dict.fromkeys(identifiers, to))
        if fresh:
            divided.fresh.add(to)
        self._put_divided(profile_id, divided)
        for identifier in identifiers:
            marks = self._moved.get((profile_id, identifier))
            if marks is not None:
                marks[:] = [[since, where or to] for since, where in marks]
                self._store.put(_MOVED + profile_id + identifier, orjson.dumps(marks))

    def divided(self, profile_id: bytes, path: list[list[str]]) -> Divided | None:
        """How a profile was divided, for what comes of one that had merged into it before, by way of `path`."""
        divided = self._divided.get(profile_id) if self._divided else None
        if divided is None or bytes.fromhex(path[-1][1]) >= divided.key:
            return None
        # What was lost and has merged in again since is no longer to be sent there.
        return None if any(merged in divided.ids.values() for merged, _ in path) else divided

    def comes_back(self, profile_id: bytes, identifier: bytes) -> bool:
        """Whether an identifier that had left the profile is with it again."""
        return any(where is None for _, where in self._moved.get((profile_id, identifier), ()))

    def erase(self, profile_id: bytes, key: bytes) -> None:
        """The profile was erased; the mark lives on from the key."""
        self._erased.add(profile_id)
        self._store.put(_ERASED + profile_id, key)
        self._expire(key, _ERASED + profile_id)

    def anew(self, profile_id: bytes, identifier: bytes, key: bytes) -> str | None:
        """Whose an event of an erased profile is from after its erasure; None for one of before."""
        marks = self._moved.get((profile_id, identifier))
        if marks is None or bytes.fromhex(marks[-1][0]) > key:
            return None
        to: str | None = marks[-1][1]
        return to

    def erased(self, profile_id: bytes) -> bool:
        """Whether the profile was erased."""
        return profile_id in self._erased

    def _put_divided(self, profile_id: bytes, divided: Divided) -> None:
        ids = {identifier.hex(): to for identifier, to in divided.ids.items()}
        value = (divided.key.hex(), divided.at, ids, sorted(divided.fresh))
        self._store.put(_DIVIDED + profile_id, orjson.dumps(value))
        self._expire(divided.key, _DIVIDED + profile_id)

    def absorb(self, profile_id: bytes, key: bytes) -> None:
        """The profile has become part of another here: a repeat of its transfer is a repeat."""
        self._absorbed.add(profile_id)
        self._store.put(_ABSORBED + profile_id, key)
        self._expire(key, _ABSORBED + profile_id)

    def absorbed(self, profile_id: bytes) -> bool:
        """Whether the profile has become part of another here."""
        return profile_id in self._absorbed

    def prune(self, now: int) -> None:
        """Forget the marks whose time has passed; `now` is the watermark in epoch milliseconds."""
        while self._expiry and self._expiry[0][0] <= now:
            expires, name = heapq.heappop(self._expiry)
            kind, profile_id = name[:1], name[1:17]
            if kind == _MOVED:
                marks = self._moved.get((profile_id, name[17:]))
                if marks is None or time_of(bytes.fromhex(marks[-1][0])) + LIVE_MS > expires:
                    continue
                del self._moved[profile_id, name[17:]]
            elif kind == _RETIRED:
                self._retired.pop(profile_id, None)
            elif kind == _DIVIDED:
                divided = self._divided.get(profile_id)
                if divided is None or time_of(divided.key) + LIVE_MS > expires:
                    continue
                del self._divided[profile_id]
            elif kind == _ERASED:
                self._erased.discard(profile_id)
            else:
                self._absorbed.discard(profile_id)
            self._store.delete(name)

    def _expire(self, key: bytes, name: bytes) -> None:
        heapq.heappush(self._expiry, (time_of(key) + LIVE_MS, name))
