"""The products of an event in another vocabulary, as ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from schemas.aliases.flat import flat
from schemas.aliases.index import MONEY, Index, amount
from schemas.aliases.table import NO_NAMES, Names, squash
from schemas.money import MICRO, micros, to_number

ITEM_FIELDS: Final = (
    "product_id", "sku", "name", "price", "quantity", "variant", "currency", "url", "image_url", "coupon", "brand",
    "category",
)  # fmt: skip
_SCALARS: Final = frozenset({str, int, float})
_DICT: Final = frozenset({dict})
_MATOMO: Final = ("sku", "name", "category", "price", "quantity")
_MOST_PLAIN: Final = 10_000


class Products:
    """Reads items, and knows from the names of their fields which have nothing to read."""

    def __init__(self, own: Names = NO_NAMES) -> None:
        """`own`: the names of the shop."""
        self.index = Index("item", own)
        self._roots = frozenset(path.partition(".")[0] for path in self.index.meanings if "." in path) - {
            "price",
            "variant",
        }
        self._plain: set[str] = set(ITEM_FIELDS)
        self._plans: dict[tuple[str, ...], tuple[tuple[str, str], ...]] = {}

    def is_odd(self, key: str) -> bool:
        """Whether a field of this name (`key`) may have to be read as another."""
        name = squash(key)
        return (name in self.index or name in self._roots or bool(self.index.scaled(name))) and key not in ITEM_FIELDS

    def are_plain(self, items: Any) -> bool:
        """Whether all items of a list are in our own form: a cheap look at the names of their fields."""
        if type(items) is not list:
            return items is None
        plain = self._plain
        if _DICT.issuperset(map(type, items)) and plain.issuperset(set().union(*items)):
            nested = [1 for item in items if type(item.get("price")) is dict or type(item.get("variant")) is dict]
            return not nested
        for item in items:
            if type(item) is not dict:
                continue
            if not plain.issuperset(item):
                if any(map(self.is_odd, item)):
                    return False
                if len(plain) < _MOST_PLAIN:
                    plain.update(key for key in item if len(key) <= _LONGEST)
            if type(item.get("price")) is dict or type(item.get("variant")) is dict:
                return False
        return True

    def read(self, items: Iterable[Any], line_total: str = "") -> list[Any]:
        """The items in our form; `line_total` is a field (squashed) that is what the whole line costs."""
        return [self.item(item, line_total) for item in items]

    def item(self, given: Any, line_total: str = "") -> Any:
        """An item in our form: what `given` says in other words is added where ours are absent.

        An array is one of Matomo's, a text or number is an id alone; what is no item is returned as it is. `line_total`
        is as for `read`.
        """
        if type(given) is dict and not line_total and (read := self._planned(given)) is not None:
            return read
        if type(given) is list:
            given = dict(zip(_MATOMO, given, strict=False))
        elif type(given) in (str, int) and given != "":
            return {"product_id": given}
        if type(given) is not dict:
            return given
        return {**given, **self.said(given, flat(given), line_total)}

    def _planned(self, given: dict[str, Any]) -> dict[str, Any] | None:
        """An item whose fields are those of others before it; None where its values have to be looked at."""
        names = tuple(given)
        plan = self._plans.get(names)
        if plan is None:
            plan = self._plan(given)
            if len(names) <= _MOST_FIELDS and all(len(name) <= _LONGEST for name in names):
                if len(self._plans) >= _MOST_PLANS:
                    self._plans.clear()
                self._plans[names] = plan
        if _NOT_PLANNED in plan or dict in map(type, given.values()) or None in given.values():
            return None
        read = dict(given)
        for field, name in plan:
            value = read[field] = given[name]
            if type(value) not in _SCALARS or value == "":
                return None
        return read

    def _plan(self, given: dict[str, Any]) -> tuple[tuple[str, str], ...]:
        """Which field of an item each of ours that is absent is taken from."""
        names = {squash(name): name for name in reversed(given)}
        chosen = self.index.best(dict.fromkeys(names))
        if "line_total" in chosen or any(path not in self.index for path in chosen.values()):
            return (_NOT_PLANNED,)
        return tuple(
            (field, names[path]) for field, path in chosen.items() if field in ITEM_FIELDS and field not in given
        )

    def said(self, given: Mapping[str, Any], paths: Mapping[str, Any], line_total: str = "") -> dict[str, Any]:
        """What `given` says in other words, by our names; `paths` are its fields by squashed path.

        `line_total` is as for `read`.
        """
        found: dict[str, Any] = {}
        chosen = self.index.best(paths)
        currency = paths.get(chosen["currency"]) if "currency" in chosen else None
        for field, path in chosen.items():
            if type(paths[path]) in _SCALARS and type(given.get(field)) not in _SCALARS and field in ITEM_FIELDS:
                value = amount(path, paths[path], currency) if field in MONEY else paths[path]
                if value is not None:
                    found[field] = value
        whole = line_total if line_total in paths else chosen.get("line_total")
        if whole is not None and "price" not in found and type(given.get("price")) not in _SCALARS:
            each = part(amount(whole, paths[whole], currency), found.get("quantity", given.get("quantity")))
            if each is not None:
                found["price"] = each
        return found


_LONGEST: Final = 64
_MOST_FIELDS: Final = 50
_MOST_PLANS: Final = 2_000
_NOT_PLANNED: Final = ("", "")


def part(whole: Any, pieces: Any) -> int | float | None:
    """The price of one of several `pieces` (one if that cannot be read) that cost `whole` together."""
    total, count = micros(whole), micros(pieces)
    if total is None:
        return None
    if count is None or count <= 0:
        count = MICRO
    return to_number((2 * total * MICRO + count) // (2 * count))


def listed(value: Any) -> list[Any] | None:
    """A `value` that is a list: as it is, as JSON text, or as an object with numbered keys; None for anything else."""
    if type(value) is list:
        return value
    if type(value) is dict and value and all(key.isdecimal() for key in value):
        return [value[key] for key in sorted(value, key=int)]
    if type(value) is str and value.lstrip().startswith("["):
        try:
            read = orjson.loads(value)
        except orjson.JSONDecodeError:
            return None
        return read if type(read) is list else None
    return None
