"""Events that wait for the watermark, by profile, in their order.

In the store: `e` + profile id (16) + order key (19) -> what the sealer keeps of an event. The keys are kept in memory
besides, so that sealing a profile asks the store for nothing but the events themselves. When too many events wait
altogether, which is when a source lags, further profiles are looked up in the store instead.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

from streams.core.protocol.ports import Store
from streams.core.protocol.state_keys import PENDING

_KEY: Final = 17


class Pending:
    """The events that wait. `most_known`: how many keys, of about 100 bytes each, are kept in memory.

    A profile id is 16 bytes, `key` an order key (19 bytes), `upto` a bound, `value` what the sealer keeps of an event.
    """

    def __init__(self, store: Store, most_known: int = 200_000) -> None:
        self._store = store
        self._most_known = most_known
        self._keys: dict[bytes, list[bytes]] = {}
        """Sorted; a profile that is neither here nor among the unknown has nothing waiting."""
        self._unknown: dict[bytes, int] = {}
        """Profiles whose keys are in the store alone, and about how many those are."""
        self._known = 0

    def load(self) -> Iterator[tuple[bytes, bytes]]:
        """Read the keys back after a restart; yields (profile id, order key) of all that waits."""
        for name, _ in self._store.scan(PENDING):
            profile_id, key = name[1:_KEY], name[_KEY:]
            self._remember(profile_id, key)
            yield profile_id, key

    def put(self, profile_id: bytes, key: bytes, value: bytes) -> None:
        """An event waits; the same event again replaces itself."""
        self._store.put(PENDING + profile_id + key, value)
        self._remember(profile_id, key)

    def has(self, profile_id: bytes, key: bytes) -> bool:
        """Whether this event waits in this profile."""
        keys = self._keys.get(profile_id)
        if keys is not None:
            place = bisect_left(keys, key)
            return place < len(keys) and keys[place] == key
        return profile_id in self._unknown and self._store.get(PENDING + profile_id + key) is not None

    def get(self, profile_id: bytes, key: bytes) -> bytes:
        """What is kept of an event that waits; empty for one that does not."""
        return self._store.get(PENDING + profile_id + key) or b""

    def count(self, profile_id: bytes) -> int:
        """How many events wait in a profile, about."""
        keys = self._keys.get(profile_id)
        return self._unknown.get(profile_id, 0) if keys is None else len(keys)

    def keys(self, profile_id: bytes) -> list[bytes]:
        """The order keys of what waits in a profile, in their order: to look at, not to change."""
        keys = self._keys.get(profile_id)
        if keys is not None:
            return keys
        if profile_id not in self._unknown:
            return _NONE
        found = [name[_KEY:] for name, _ in self._store.scan(PENDING + profile_id)]
        if not found:
            # Repeats were counted, too.
            del self._unknown[profile_id]
        return found

    def first(self, profile_id: bytes) -> bytes | None:
        """The order key of the first event that waits in a profile."""
        keys = self.keys(profile_id)
        return keys[0] if keys else None

    def all(self, profile_id: bytes) -> list[tuple[bytes, bytes]]:
        """(order key, what is kept of it) of all that waits in a profile, in their order."""
        prefix, keys = PENDING + profile_id, self._keys.get(profile_id)
        if keys is not None:
            get = self._store.get
            return [(key, get(prefix + key) or b"") for key in keys]
        if profile_id not in self._unknown:
            return []
        return [(name[_KEY:], value) for name, value in self._store.scan(prefix)]

    def take_before(self, profile_id: bytes, upto: bytes) -> list[tuple[bytes, bytes]]:
        """(order key, what is kept of it) of all before a bound, in their order; they wait no more."""
        keys = self.keys(profile_id)
        if not keys or keys[0] >= upto:
            return []
        take, prefix = self._store.take, PENDING + profile_id
        count = len(keys) if keys[-1] < upto else bisect_left(keys, upto)
        taken = [(key, take(prefix + key)) for key in keys[:count]]
        if profile_id in self._unknown:
            self._fewer(profile_id, count)
        elif count == len(keys):
            del self._keys[profile_id]
            self._known -= count
        else:
            del keys[:count]
            self._known -= count
        return taken

    def drop(self, profile_id: bytes, key: bytes) -> None:
        """An event waits here no more."""
        self._store.delete(PENDING + profile_id + key)
        self._forget(profile_id, key)

    def _remember(self, profile_id: bytes, key: bytes) -> None:
        keys = self._keys.get(profile_id)
        if keys is None:
            if profile_id in self._unknown:
                self._unknown[profile_id] += 1
                return
            if self._known < self._most_known:
                self._keys[profile_id] = [key]
                self._known += 1
            else:
                self._unknown[profile_id] = 1
            return
        if key > keys[-1]:
            keys.append(key)
        else:
            place = bisect_left(keys, key)
            if keys[place] == key:
                return
            keys.insert(place, key)
        self._known += 1

    def _forget(self, profile_id: bytes, key: bytes) -> None:
        keys = self._keys.get(profile_id)
        if keys is None:
            self._fewer(profile_id, 1)
            return
        place = bisect_left(keys, key)
        if place < len(keys) and keys[place] == key:
            del keys[place]
            self._known -= 1
            if not keys:
                del self._keys[profile_id]

    def _fewer(self, profile_id: bytes, count: int) -> None:
        left = self._unknown.get(profile_id, 0) - count
        if left > 0:
            self._unknown[profile_id] = left
        else:
            self._unknown.pop(profile_id, None)


_NONE: Final[list[bytes]] = []
