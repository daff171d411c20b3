"""Forwarding marks of one partition: which profiles have retired into which, which identifiers have moved away.

They live 30 days of event time; after that no event is on its way to the old place any more.
"""

from __future__ import annotations

import heapq
from typing import Any, Final

import orjson

from schemas.topics import DAY_MS
from streams.core.order import KEY_SIZE, time_of
from streams.core.task import Store

_RETIRED: Final = b"r"
_MOVED: Final = b"m"
_ABSORBED: Final = b"a"
LIVE_MS: Final = 30 * DAY_MS


class Marks:
    """Kept in the store; which profiles have any is kept in memory, because almost none has."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._retired: dict[bytes, bytes] = {}
        self._moved: dict[tuple[bytes, bytes], list[list[Any]]] = {}
        self._absorbed: set[bytes] = set()
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
        """The identifier left the profile for `to` at the key, or came back (None). False for a repeat."""
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
        return (profile_id, identifier) in self._moved

    def moved(self, profile_id: bytes, identifier: bytes, key: bytes) -> str | None:
        """Where the identifier's event at `key` belongs, if not here."""
        marks = self._moved.get((profile_id, identifier)) if self._moved else None
        if marks is None:
            return None
        to = [where for at, where in marks if bytes.fromhex(at)[:KEY_SIZE] <= key]
        return to[-1] if to else None

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
            else:
                self._absorbed.discard(profile_id)
            self._store.delete(name)

    def _expire(self, key: bytes, name: bytes) -> None:
        heapq.heappush(self._expiry, (time_of(key) + LIVE_MS, name))
