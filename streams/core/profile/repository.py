"""The profiles of one partition: decoded on demand, written back once a unit; and the index of what is due when."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator
from typing import Final

from streams.core.profile.pending import Pending
from streams.core.profile.state import Profile, decode, encode
from streams.core.protocol.order_key import NOTHING
from streams.core.protocol.ports import Store
from streams.core.protocol.state_keys import PROFILE

_MERGING, _CART, _ABANDONED, _INTERESTED = 1, 2, 4, 8
_HEAD: Final = 9
_TIMER: Final = 8


class Profiles:
    """`s` + profile id -> flags (1 byte), its next timer (8 bytes), the profile as MessagePack.

    The head lets a restart rebuild the due index and count the carts without decoding anything. Flags: 1 while it waits
    in another for its merge, 2 with a cart, 4 when that is abandoned, 8 when it is interested in products.
    `most_cached`: how many profiles are kept decoded.
    """

    def __init__(self, store: Store, most_cached: int = 50_000) -> None:
        self._store = store
        self._most_cached = most_cached
        self.pending = Pending(store)
        """The events that wait in them."""
        self._cache: dict[bytes, Profile] = {}
        self._touched: dict[bytes, int | None] = {}
        self._carts: dict[bytes, str] = {}
        self.carts: Counter[str] = Counter()
        self.count = 0
        self.holders: set[bytes] = set()
        """Profiles that hold others which wait for their merge."""
        self.held: set[bytes] = set()
        """Those that wait."""

    def get(self, profile_id: bytes) -> Profile | None:
        """The profile, or None if nothing has happened to it."""
        profile = self._cache.get(profile_id)
        if profile is None:
            stored = self._store.get(PROFILE + profile_id)
            if stored is None:
                return None
            profile = self._cache[profile_id] = decode(stored[_HEAD:])
        return profile

    def has(self, profile_id: bytes) -> bool:
        """Whether anything has happened to the profile."""
        return profile_id in self._cache or self._store.get(PROFILE + profile_id) is not None

    def ids(self) -> list[bytes]:
        """The ids of all profiles."""
        return sorted({*self._cache, *(key[1:] for key, _ in self._store.scan(PROFILE))})

    def peek(self, profile_id: bytes) -> Profile | None:
        """The profile, to look at and not to keep."""
        stored = None if profile_id in self._cache else self._store.get(PROFILE + profile_id)
        return self._cache.get(profile_id) if stored is None else decode(stored[_HEAD:])

    def timer(self, profile_id: bytes) -> int | None:
        """The profile's next timer, as it was said last."""
        if profile_id in self._touched:
            return self._touched[profile_id]
        head = self._store.get(PROFILE + profile_id)
        return None if head is None or head[1:_HEAD] == NOTHING else int.from_bytes(head[1:_HEAD], "big")

    def everybody(self) -> Iterator[Profile]:
        """All profiles, but perhaps some that are interested in nothing."""
        for key, value in self._store.scan(PROFILE):
            if key[1:] not in self._cache and value[0] & _INTERESTED:
                yield decode(value[_HEAD:])
        yield from list(self._cache.values())

    def ensure(self, profile_id: bytes) -> Profile:
        """The profile, made now if it was not there."""
        profile = self.get(profile_id)
        if profile is None:
            profile = self._cache[profile_id] = Profile(profile_id.hex())
            self.count += 1
        return profile

    def adopt(self, profile: Profile) -> None:
        """Take in a profile that comes from another partition."""
        profile_id = bytes.fromhex(profile.id)
        if self.get(profile_id) is None:
            self.count += 1
        self._cache[profile_id] = profile

    def touch(self, profile_id: bytes, profile: Profile, timer: int | None) -> None:
        """The profile has changed; `timer` is its next one."""
        self._touched[profile_id] = timer
        if profile.merging:
            self.holders.add(profile_id)
        elif self.holders:
            self.holders.discard(profile_id)
        if profile.merging_into is not None:
            self.held.add(profile_id)
        elif self.held:
            self.held.discard(profile_id)
        cart = profile.cart
        if cart is not None:
            self._count_cart(profile_id, "abandoned" if cart.abandoned else "open")
        elif profile_id in self._carts:
            self._count_cart(profile_id, "")

    def drop(self, profile_id: bytes) -> None:
        """The profile has left, or is part of another now."""
        if self.get(profile_id) is not None:
            self.count -= 1
        self._cache.pop(profile_id, None)
        self._touched.pop(profile_id, None)
        self.holders.discard(profile_id)
        self.held.discard(profile_id)
        self._store.delete(PROFILE + profile_id)
        self._count_cart(profile_id, "")

    def flush(self) -> None:
        """Write the profiles that were touched back to the store."""
        cache, put = self._cache, self._store.put
        for profile_id, timer in self._touched.items():
            profile = cache[profile_id]
            put(PROFILE + profile_id, _head(profile, timer) + encode(profile))
        self._touched.clear()
        if len(self._cache) > self._most_cached:
            self._cache.clear()

    def load(self) -> Iterator[tuple[bytes, bytes | None, bool]]:
        """(profile id, next timer as a bound or None, is it a sub-profile) of all that is stored."""
        for key, value in self._store.scan(PROFILE):
            self.count += 1
            timer = value[1:_HEAD]
            flags = value[0]
            if flags & _CART:
                self._count_cart(key[1:], "abandoned" if flags & _ABANDONED else "open")
            yield key[1:], None if timer == NOTHING else timer, bool(flags & _MERGING)

    def _count_cart(self, profile_id: bytes, state: str) -> None:
        before = self._carts.get(profile_id, "")
        if before == state:
            return
        if before:
            self.carts[before] -= 1
        if state:
            self.carts[state] += 1
            self._carts[profile_id] = state
        else:
            del self._carts[profile_id]


def _head(profile: Profile, timer: int | None) -> bytes:
    flags, cart = 0 if profile.merging_into is None else _MERGING, profile.cart
    if cart is not None:
        flags |= _CART | _ABANDONED if cart.abandoned else _CART
    if profile.interests:
        flags |= _INTERESTED
    return flags.to_bytes(1, "big") + (NOTHING if timer is None else timer.to_bytes(_TIMER, "big"))


class DueIndex:
    """Which profile has something to seal when: the earliest pending event, merge or timer of each, in a heap.

    An event or merge is due behind its key; a timer is due at its time, so it is kept as a bound of 8 bytes. A profile
    id is 16 bytes.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[bytes, bytes]] = []
        self._due: dict[bytes, bytes] = {}

    def __len__(self) -> int:
        return len(self._due)

    def __contains__(self, profile_id: bytes) -> bool:
        """Whether anything of the profile is due at any time; if not, and it is no sub-profile, nothing is pending."""
        return profile_id in self._due

    def set(self, profile_id: bytes, due: bytes | None) -> None:
        """The earliest thing of the profile is due at `due` now; None takes it out."""
        if due is None:
            self._due.pop(profile_id, None)
        elif self._due.get(profile_id) != due:
            self._due[profile_id] = due
            heapq.heappush(self._heap, (due, profile_id))

    def sooner(self, profile_id: bytes, due: bytes) -> None:
        """Something came in that may be due earlier than what was there."""
        known = self._due.get(profile_id)
        if known is None or due < known:
            self._due[profile_id] = due
            heapq.heappush(self._heap, (due, profile_id))

    @property
    def earliest(self) -> bytes:
        """When the first of all is due; never (`NOTHING`) if nothing is."""
        heap = self._heap
        while heap and self._due.get(heap[0][1]) != heap[0][0]:
            heapq.heappop(heap)
        return heap[0][0] if heap else NOTHING

    def pop(self, upto: bytes) -> bytes | None:
        """The id of a profile with something due up to the bound `upto`, taken out; None when there is no other."""
        heap = self._heap
        while heap:
            due, profile_id = heap[0]
            if due > upto or (due == upto and len(due) > _TIMER):
                return None
            heapq.heappop(heap)
            if self._due.get(profile_id) == due:
                del self._due[profile_id]
                return profile_id
        return None
