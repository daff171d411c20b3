"""The names of a product, and when two items are the same product (contract 3, "Lines").

An item of an event names a product by `product_id`, `sku` and `variant`, or some of them. A **product key** is the text
that holds the three, without case, for a dict and for the store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeVar

from schemas.values import filled_text

LONGEST: Final = 2_000
"""A longer text says nothing of a product."""
TEXTS: Final = ("product_id", "sku", "variant", "name", "url", "image_url")
"""What an item says of a product in words."""
_SEPARATOR: Final = "\x1f"
T = TypeVar("T")


class Names(NamedTuple):
    """What a product is called, without case; empty where nobody said."""

    product_id: str
    sku: str
    variant: str


def short_text(value: object) -> str | None:
    """A `value` as `filled_text` reads it, None where it is too long to say anything of a product."""
    text = filled_text(value)
    return text if text is None or len(text) <= LONGEST else None


def not_too_long(values: Iterable[object]) -> None:
    """Raises TypeError when texts among `values` are together so long that it is better to read them each time.

    For what an lru_cache remembers: it forgets what has failed, so its memory is bounded in bytes as well.
    """
    if sum(len(value) for value in values if type(value) is str) > LONGEST:
        raise TypeError("too long to be remembered")


def texts_of(item: Mapping[str, Any]) -> tuple[str | None, ...]:
    """What an `item` says of a product in words, each as `short_text` reads it, in the order of `TEXTS`."""
    get = item.get
    texts = get("product_id"), get("sku"), get("variant"), get("name"), get("url"), get("image_url")
    try:
        return _texts(*texts)
    except TypeError:  # A list, an object or long texts: they are not remembered.
        return tuple(map(short_text, texts))


@lru_cache(maxsize=4_096, typed=True)
def _texts(*texts: object) -> tuple[str | None, ...]:
    """Remembered: shops have more events than products."""
    not_too_long(texts)
    return tuple(map(short_text, texts))


def product_key(item: Mapping[str, Any]) -> str | None:
    """The product key of `item` (properties of an event, or one of its products); None if it has no id and no sku."""
    get = item.get
    said = get("product_id"), get("sku"), get("variant")
    try:
        return _key_of(*said)
    except TypeError:  # A list or an object names nothing; neither it nor a long text is remembered.
        return _read_key(*said)


def items_of(properties: Mapping[str, Any], currency: str | None = None) -> list[Mapping[str, Any]]:
    """The items that an event of a product is about: its own `properties`, else each of its `products`.

    `currency` is the event's, for products that name none.
    """
    products = properties.get("products")
    if not isinstance(products, list) or product_key(properties) is not None:
        return [properties]
    return [
        item if currency is None or item.get("currency") else {**item, "currency": currency}
        for item in products
        if isinstance(item, dict)
    ]


@lru_cache(maxsize=4_096, typed=True)
def _key_of(product_id: object, sku: object, variant: object) -> str | None:
    not_too_long((product_id, sku, variant))
    return _read_key(product_id, sku, variant)


def _read_key(product_id: object, sku: object, variant: object) -> str | None:
    product_id, sku = _part(product_id), _part(sku)
    return _key(product_id, sku, _part(variant)) if product_id or sku else None


@lru_cache(maxsize=4_096)
def names(key: str) -> Names:
    """The names in a product key."""
    parts = key.split(_SEPARATOR)
    return Names(parts[0], parts[1] if len(parts) > 1 else "", parts[2] if len(parts) > 2 else "")


def same(a: Names, b: Names) -> bool:
    """Whether two items are the same product: nothing contradicts, and they share a sku or a product_id.

    A contradiction is two different skus or two different variants. Two ids of one sku are none.
    """
    if (a.sku and b.sku and a.sku != b.sku) or (a.variant and b.variant and a.variant != b.variant):
        return False
    return bool((a.sku and a.sku == b.sku) or (a.product_id and a.product_id == b.product_id))


def grown(key: str, newer: str) -> str:
    """The product key of one product under the names of both keys; where they differ, those of `newer`."""
    old, new = names(key), names(newer)
    return _key(*(said or known for known, said in zip(old, new, strict=True)))


class ProductIndex:
    """Product keys, found by any name they share; `keys` are the first ones, the oldest first."""

    def __init__(self, keys: Iterable[str] = ()) -> None:
        self._names: dict[str, Names] = {}
        self._by_id: dict[str, list[str]] = {}
        self._by_sku: dict[str, list[str]] = {}
        self._places: dict[str, int] = {}
        self._next = 0
        for key in keys:
            self.add(key)

    def add(self, key: str, instead: str | None = None) -> None:
        """One more product key, in the place of `instead` if that is given."""
        place = self._next if instead is None else self.remove(instead)
        self._next += 1
        named = names(key)
        self._names[key], self._places[key] = named, place
        if named.product_id:
            self._by_id.setdefault(named.product_id, []).append(key)
        if named.sku:
            self._by_sku.setdefault(named.sku, []).append(key)

    def remove(self, key: str) -> int:
        """Take a product key out; returns the place it had."""
        named = self._names.pop(key)
        if named.product_id:
            self._by_id[named.product_id].remove(key)
        if named.sku:
            self._by_sku[named.sku].remove(key)
        return self._places.pop(key)

    def find(self, key: str) -> list[str]:
        """All that are the same product as `key`: first those that share the most names, of equals the oldest."""
        named = names(key)
        near = {*self._by_id.get(named.product_id, ()), *self._by_sku.get(named.sku, ())}
        found = [other for other in near if same(named, self._names[other])]
        if len(found) > 1:
            found.sort(key=lambda other: (-_shared(named, self._names[other]), self._places[other]))
        return found


def find(keys: Iterable[str], key: str) -> list[str]:
    """Those of a few `keys` that are the same product as `key`, in their order."""
    named = names(key)
    product_id, sku = named.product_id, named.sku
    # The first two tests are cheap and leave hardly any key for the third.
    return [
        other for other in keys
        if ((product_id and product_id in other) or (sku and sku in other)) and same(named, names(other))
    ]  # fmt: skip


def known_as(things: dict[str, T], key: str, at: Callable[[T], int], join: Callable[[T, T], T]) -> str | None:
    """Where the product of `key` is in `things` (by product key); None if it is not there.

    It is known by all the names of `key` afterwards. Of several that are the same product it is the one of the latest
    `at`; those that prove to be the same by the new names are joined to it by `join`, which is given it and the other.
    """
    if key in things:
        return key
    found = find(things, key)
    if not found:
        return None
    now = max(found, key=lambda one: (at(things[one]), one))
    more: str | None = grown(now, key)
    while more is not None:
        if more != now:
            things[more] = things.pop(now)
            now = more
        others = [one for one in find(things, now) if one != now]
        other = max(others, key=lambda one: (at(things[one]), one), default=None)
        more = None
        if other is not None:
            things[now] = join(things[now], things.pop(other))
            more = grown(other, now)
    return now


def _shared(a: Names, b: Names) -> int:
    return sum(1 for mine, other in zip(a, b, strict=True) if mine and mine == other)


def _key(product_id: str, sku: str, variant: str) -> str:
    if variant:
        return f"{product_id}{_SEPARATOR}{sku}{_SEPARATOR}{variant}"
    return f"{product_id}{_SEPARATOR}{sku}" if sku else product_id


def _part(value: object) -> str:
    if value is None:
        return ""
    text = short_text(value)
    if text is None:
        return ""
    folded = text.casefold()
    return folded.replace(_SEPARATOR, " ").strip() if _SEPARATOR in folded else folded
