"""What happens to a product: its price changes, it is there again. It concerns everybody who is interested in it.

The same way goes what happens to a code of an offer, which anybody may redeem: it concerns whoever was given it.

Every partition gets every change and keeps it. One **waits** until the watermark passes it; then it takes effect, at
its key, in each profile that is interested at that time. It is kept for another day: a profile that comes from
elsewhere may not have had it yet, and it may be repeated. One that comes late starts nothing (contract 8.89).

In the store: `k` + order key -> the record; `u` + profile id -> the bound up to which a profile has had its changes,
where that is not the same for all (`since`).
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Any, Final, NamedTuple

import orjson

from schemas.names import PRODUCT_PRICE_CHANGED, PRODUCT_RESTOCKED
from schemas.products import names, product_key
from schemas.topics import DAY_MS
from streams.core.profile.repository import Profiles
from streams.core.profile.state import Profile
from streams.core.protocol.order_key import NOTHING, START_OF_TIME, time_of
from streams.core.protocol.ports import Store
from streams.core.protocol.profile_log import ProductChanged
from streams.core.protocol.records import encode
from streams.core.protocol.state_keys import CHANGES_UPTO, PRODUCT_CHANGE
from streams.core.watermark.partition_clock import PartitionClock

CODE_SPENT: Final = "code_spent"
"""The kind of a change that says a code was redeemed or refused."""
_CODE: Final = "code\0"
"""How the id of a code begins, where those of products are asked for."""
KINDS: Final = {PRODUCT_PRICE_CHANGED: "price_dropped", PRODUCT_RESTOCKED: "back_in_stock"}
"""The trigger that an event of the catalogue may be, by the event's name."""
SHOWN: Final = frozenset({*KINDS.values(), "browse_abandoned", "product_added"})
"""Triggers whose messages show what a product is now: a cart is as its events say, an order as it was paid."""
_MOST_CACHED: Final = 1_000
_MOST_KNOWN: Final = 20_000
_MOST_IDS: Final = 200


class ProductChange(NamedTuple):
    """One event of the catalogue. `time` in epoch milliseconds, `kind` one of `KINDS`, `properties` as they came.

    `product_id` is the id that the event names, else its sku. Of a code `kind` is `CODE_SPENT` and `product_id` the
    code's `id_of_code`.
    """

    time: int
    kind: str
    product_id: str
    message_id: str
    properties: dict[str, Any]

    @property
    def key(self) -> str:
        """The product key of the product."""
        return product_key(self.properties) or self.product_id


@lru_cache(maxsize=4_096)
def shared_names(key: str) -> tuple[str, ...]:
    """The names of a product key by which a change finds those whom it may concern: its id and its sku.

    The id of a code is its only name.
    """
    if key.startswith(_CODE):
        return (key,)
    named = names(key)
    return tuple(f"{kind}{name}" for kind, name in (("p", named.product_id), ("s", named.sku)) if name)


def id_of_code(code: str) -> str:
    """What a `code` of an offer is asked for under, beside the ids of products."""
    return _CODE + code.upper()


def code_of(code_id: str) -> str:
    """The inverse of `id_of_code`, which has made the `code_id`."""
    return code_id.removeprefix(_CODE)


def concerns(profile: Profile) -> AbstractSet[str]:
    """The ids of what a profile is to hear of.

    They are products of interest, those that waiting messages show, and codes it was given that are not spent.
    """
    waiting = awaited(profile) if profile.enrollments else ()
    if not profile.offers and not waiting:
        return profile.interests.keys()
    return {
        *profile.interests,
        *waiting,
        *(id_of_code(kept.code) for kept in profile.offers.values() if not kept.spent),
    }


def awaited(profile: Profile) -> list[str]:
    """The product keys of what waiting messages show (`SHOWN`)."""
    found: list[str] = []
    for waiting in profile.enrollments:
        if waiting.trigger in SHOWN:
            found += [key for one in waiting.products if (key := product_key(one)) is not None]
    return found


class Known(NamedTuple):
    """What is remembered of what a profile is to hear of: ids (of `concerns`), and the names of these."""

    ids: set[str]
    names: set[str]


class Catalogue:
    """The changes of one partition, and who is interested in which product.

    Before the first change has come nothing is kept, and next to nothing is asked of an event. A profile id is 16
    bytes, a product id that of the events, a key an order key; `upto` and `since` are bounds or order keys
    (protocol/order_key.py).
    """

    def __init__(self, store: Store, profiles: Profiles, clock: PartitionClock) -> None:
        self._store = store
        self._clock = clock
        self._profiles = profiles
        self._waiting: list[bytes] = []
        self._of: dict[str, list[bytes]] = {}
        """Keys of those that do not wait, by each name of the product (`shared_names`)."""
        self._changes: dict[bytes, ProductChange] = {}
        self._news: dict[str, None] = {}
        """Names of products of changes at or behind `reached` that do not wait."""
        self._latest = b""
        self.codes_spent = False
        """Whether any of `_news` is about a code."""
        self._seen: dict[tuple[str, str], int] = {}
        self._expiry: list[tuple[int, bytes, tuple[str, str]]] = []
        self._upto: dict[bytes, bytes] = {}
        self._interested: dict[str, set[bytes]] | None = None
        """By name of a product, all who are interested, and some who were; None until somebody asks."""
        self._known: dict[bytes, Known] = {}
        """Of profiles that have changed lately, so that only what is new to them is looked at."""
        self._opened = START_OF_TIME

    def load(self) -> None:
        """Read the changes back from the store after a restart."""
        reached = self._opened = self._clock.reached
        for name, value in self._store.scan(PRODUCT_CHANGE):
            if name[1:] >= reached:
                self._waiting.append(name[1:])
            else:
                self._keep(name[1:], *_known_by(orjson.loads(value)))
        self._upto = {name[1:]: value for name, value in self._store.scan(CHANGES_UPTO)}

    @property
    def earliest(self) -> bytes:
        """The key of the first change that waits."""
        return self._waiting[0] if self._waiting else NOTHING

    def has_news(self, profile_id: bytes, profile: Profile) -> bool:
        """Whether anything may have happened that concerns the profile and that it may not have had yet."""
        news = self._news if profile.merging_into is None else self._of
        if not news:
            return False
        known = self._known.get(profile_id)
        if known is None or len(known.ids) > _MOST_IDS or not known.ids.issuperset(concerns(profile)):
            known = self._known_of(profile_id, profile)
        # A dict's keys look through the smaller of the two.
        return not news.keys().isdisjoint(known.names)

    # -- changes come

    def arrive(self, notice: ProductChanged) -> None:
        """A change; it replaces its repeat. One that time has passed is a repeat, or late."""
        key = bytes.fromhex(notice.key)
        if key < self._clock.reached:
            return
        if self._store.get(PRODUCT_CHANGE + key) is None:
            insort(self._waiting, key)
        self._store.put(PRODUCT_CHANGE + key, encode(notice))

    def open(self, upto: bytes) -> Iterator[tuple[bytes, bytes]]:
        """What waits and comes before `upto` takes effect now; (profile id, first key) of all whom it may concern.

        A messageId counts once within 24 h for one product. The second time for one bound there is nothing.
        """
        if upto <= self._opened:
            return
        self._opened = upto
        count = bisect_left(self._waiting, upto)
        opened, self._waiting = self._waiting[:count], self._waiting[count:]
        woken: set[bytes] = set()
        for key in opened:
            told = orjson.loads(self._store.get(PRODUCT_CHANGE + key) or b"")
            product, message_id = _known_by(told)
            first = self._seen.get((product, message_id))
            if first is not None and time_of(key) - first < DAY_MS:
                self._store.delete(PRODUCT_CHANGE + key)
                continue
            self._keep(key, product, message_id)
            self._news.update(dict.fromkeys(shared_names(product)))
            self.codes_spent = self.codes_spent or product.startswith(_CODE)
            for profile_id in self._who(product, woken):
                if key >= self.since(profile_id):
                    woken.add(profile_id)
                    yield profile_id, key

    def sealed(self) -> None:
        """Everything before the clock's bounds has taken effect; forget what nobody will ask for."""
        self._news.clear()
        self.codes_spent = False
        if self._upto:
            for profile_id in [p for p, upto in self._upto.items() if upto <= self._floor(p)]:
                self.gone(profile_id)
        while self._expiry and self._expiry[0][0] <= time_of(self._clock.barrier_closed):
            _, key, known_by = heapq.heappop(self._expiry)
            if self._seen.get(known_by) == time_of(key):
                del self._seen[known_by]
            for name in shared_names(known_by[0]):
                keys = self._of[name]
                keys.remove(key)
                if not keys:
                    del self._of[name]
            self._store.delete(PRODUCT_CHANGE + key)
        if not self._of:
            self._latest = b""

    # -- and take effect

    def follow(self, profile_id: bytes, upto: bytes) -> Following | None:
        """What takes effect in a profile before `upto`; None if nothing has changed."""
        if not self._latest:
            return None
        since = self.since(profile_id)
        return Following(self, since, min(upto, self._opened)) if self._latest >= since else None

    def change(self, key: bytes) -> ProductChange:
        """The change of this key."""
        change = self._changes.get(key)
        if change is None:
            told = orjson.loads(self._store.get(PRODUCT_CHANGE + key) or b"")
            change = ProductChange(time_of(key), *(told[name] for name in ProductChange._fields[1:]))
            if len(self._changes) >= _MOST_CACHED:
                self._changes.clear()
            self._changes[key] = change
        return change

    def between(self, product: str, since: bytes, upto: bytes) -> list[bytes]:
        """The keys, sorted, of what may have happened to the product of a product key from `since` on, before `upto`.

        They share a name with it; whether they are about it, whoever has the interest asks.
        """
        found: list[bytes] = []
        for name in shared_names(product):
            keys = self._of.get(name)
            if keys is not None:
                some = keys[bisect_left(keys, since) : bisect_left(keys, upto)]
                if not found:
                    found = some
                elif some != found:  # Most changes name both.
                    found = sorted({*found, *some})
        return found

    # -- in profiles that come and go

    def since(self, profile_id: bytes) -> bytes:
        """The bound up to which a profile of this partition has had its changes."""
        return max(self._floor(profile_id), self._upto.get(profile_id, START_OF_TIME))

    def have_had(self, profile_id: bytes, upto: bytes) -> None:
        """A profile has had its changes up to `upto`."""
        if upto > self.since(profile_id):
            self._upto[profile_id] = upto
            self._store.put(CHANGES_UPTO + profile_id, upto)

    def gone(self, profile_id: bytes) -> None:
        """The profile's own bound is forgotten: the common one holds for it, or the profile is not here any more."""
        self._known.pop(profile_id, None)
        if self._upto.pop(profile_id, None) is not None:
            self._store.delete(CHANGES_UPTO + profile_id)

    def notice(self, profile_id: bytes, profile: Profile) -> None:
        """The profile has changed, so it may be interested in something else."""
        if self._interested is not None and (profile.interests or profile.offers or profile.enrollments):
            self._known_of(profile_id, profile)

    def missed(self, profile: Profile) -> bytes | None:
        """The first change that a profile which has come from elsewhere has not had, and should have."""
        since = self.since(bytes.fromhex(profile.id))
        return min((k for p in concerns(profile) for k in self.between(p, since, self._clock.reached)), default=None)

    def _keep(self, key: bytes, product: str, message_id: str) -> None:
        for name in shared_names(product):
            insort(self._of.setdefault(name, []), key)
        self._latest = max(self._latest, key)
        self._seen[product, message_id] = time_of(key)
        heapq.heappush(self._expiry, (time_of(key) + DAY_MS, key, (product, message_id)))

    def _floor(self, profile_id: bytes) -> bytes:
        return self._clock.barrier_closed if profile_id in self._profiles.held else self._clock.reached

    def _who(self, product: str, woken: set[bytes]) -> list[bytes]:
        """Who is interested in a product (by its key), less those who have been `woken`."""
        if self._interested is None:
            self._interested = {}
            self._known.clear()
            for profile in self._profiles.everybody():
                self._known_of(bytes.fromhex(profile.id), profile)
        found: set[bytes] = set()
        for name in shared_names(product):
            known = self._interested.get(name)
            if known is not None:
                asked = known - woken
                gone = {one for one in asked if not self._profiles.has(one)}
                known -= gone
                found |= asked - gone
        return sorted(found)

    def _known_of(self, profile_id: bytes, profile: Profile) -> Known:
        """What the profile is to hear of, and perhaps more that it was to hear of."""
        known = self._known.get(profile_id)
        if known is None or len(known.ids) > _MOST_IDS:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            known = self._known[profile_id] = Known(set(), set())
        ids, interested = known.ids, self._interested
        for one in concerns(profile):
            if one in ids:
                continue
            names = shared_names(one)
            ids.add(one)
            known.names.update(names)
            if interested is not None:
                for name in names:
                    who = interested.get(name)
                    if who is None:
                        interested[name] = {profile_id}
                    else:
                        who.add(profile_id)
        return known


_NONE: Final[list[bytes]] = []


def _known_by(told: dict[str, Any]) -> tuple[str, str]:
    """The product key and the messageId of a change as it is kept."""
    return product_key(told["properties"]) or told["product_id"], told["message_id"]


class Following:
    """The changes that a profile is to have from the bound `since` on and before `upto`, as they come to concern it."""

    def __init__(self, catalogue: Catalogue, since: bytes, upto: bytes) -> None:
        self._catalogue = catalogue
        self._since = since
        self._asked: set[str] = set()
        self._given: set[bytes] = set()
        self._found = False
        self.upto = upto

    def __bool__(self) -> bool:
        """Whether it has been interested in anything that has changed."""
        return self._found

    def more(self, profile: Profile, key: bytes) -> list[bytes]:
        """The keys of what happens, from a key on, to products that the profile has become interested in by then."""
        asked, found = self._asked, _NONE
        for product in concerns(profile):
            if product in asked:
                continue
            asked.add(product)
            keys = self._catalogue.between(product, self._since, self.upto)
            if keys:
                self._found = True
                # An interest that becomes known by another name is asked for once more.
                given = self._given
                if keys[-1] >= key:
                    found = [*found, *(one for one in keys if one >= key and one not in given)]
                    given.update(found)
        return found
