"""Filters on lists, and those that take anything, each as in Ruby Liquid 5."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cmp_to_key
from typing import Any, Final

from streams.core.messaging.templating.values import fault, integer, items, limited, number, plain_number, same, text

WORD_BYTES: Final = 8
"""What Ruby says is the size of a number."""


def _size(value: Any) -> int:
    """How many characters or items; 0 for what has none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return WORD_BYTES
    return len(value) if isinstance(value, str | list | tuple | Mapping | range) else 0


def _join(value: Any, glue: Any = " ") -> str:
    """The items as one text, with `glue` in between."""
    return limited(text(glue).join(map(text, items(value))))


def _first(value: Any) -> Any:
    """The first item; nil for a text and for an empty list."""
    if isinstance(value, Mapping):
        return next(([key, item] for key, item in value.items()), None)
    return value[0] if isinstance(value, list | tuple | range) and len(value) else None


def _last(value: Any) -> Any:
    """The last item; nil for a text and for an empty list."""
    return value[-1] if isinstance(value, list | tuple | range) and len(value) else None


def _reverse(value: Any) -> list[Any]:
    """The items, the last one first."""
    return items(value)[::-1]


def _concat(value: Any, more: Any) -> list[Any]:
    """The items of both lists."""
    if not isinstance(more, list | tuple):
        raise fault("concat expects a list")
    return items([*items(value), *more])


def _slice_(value: Any, start: Any, length: Any = None) -> Any:
    """So many characters or items (one) from a place on; a negative place counts from the end."""
    begin, count = integer(start), 1 if length is None else integer(length)
    of: Any = list(value) if isinstance(value, list | tuple) else text(value)
    if begin < 0:
        begin += len(of)
    return of[begin : begin + count] if begin >= 0 and count >= 0 else of[:0]


def _sort(value: Any, name: Any = None) -> list[Any] | None:
    """In order, nil at the end; by a property where one is named."""
    return _sorted(value, name, _compare)


def _sort_natural(value: Any, name: Any = None) -> list[Any] | None:
    """In order as texts without case, nil at the end."""
    return _sorted(value, name, lambda a, b: _order(_folded(a), _folded(b)))


def _uniq(value: Any, name: Any = None) -> list[Any]:
    """Each item, or each value of a property, once: the first of them."""
    found: dict[str, Any] = {}
    for item in items(value):
        key = item if name is None else _property(item, name)
        found.setdefault(f"{type(key).__name__}:{key!r}", item)
    return list(found.values())


def _compact(value: Any, name: Any = None) -> list[Any]:
    """Without what is nil, or has nothing under a property."""
    return [item for item in items(value) if (item if name is None else _property(item, name)) is not None]


def _map_(value: Any, name: Any) -> list[Any]:
    """What each item has under a property."""
    return [_property(item, name, else_nil=True) for item in items(value)]


def _where(value: Any, name: Any, target: Any = None) -> list[Any] | None:
    """The items that have this value under a property; without a value, those that have any."""
    return _chosen(value, name, target, wanted=True)


def _reject(value: Any, name: Any, target: Any = None) -> list[Any] | None:
    """The items that `where` leaves out."""
    return _chosen(value, name, target, wanted=False)


def _find(value: Any, name: Any, target: Any = None) -> Any:
    """The first of the items that `where` takes."""
    return _first(_where(value, name, target))


def _find_index(value: Any, name: Any, target: Any = None) -> int | None:
    """The place of the first of the items that `where` takes."""
    return next((n for n, item in enumerate(items(value)) if _fits(item, name, target)), None)


def _has(value: Any, name: Any, target: Any = None) -> bool:
    """Whether `where` takes any."""
    return _find_index(value, name, target) is not None


def _sum_(value: Any, name: Any = None) -> int | float:
    """The sum of the items, or of what they have under a property."""
    total: Any = 0
    for item in items(value):
        total += number(item if name is None else _property(item, name, else_nil=True))
    return plain_number(total)


def otherwise(value: Any, stand_in: Any = "", *, allow_false: Any = False) -> Any:
    """The filter `default`: the `value`, or `stand_in` where it is nil, empty or false (unless `allow_false`)."""
    if value is None or (value is False and not allow_false):
        return stand_in
    return stand_in if isinstance(value, str | list | tuple | Mapping) and not value else value


def _chosen(value: Any, name: Any, target: Any, *, wanted: bool) -> list[Any] | None:
    there = items(value)
    if any(item is None or isinstance(item, bool) for item in there):
        return None
    return [item for item in there if _fits(item, name, target) is wanted]


def _fits(item: Any, name: Any, target: Any) -> bool:
    found = _property(item, name)
    return found not in (None, False) if target is None else same(found, target)


def _property(item: Any, name: Any, *, else_nil: bool = False) -> Any:
    """What an item has under a name; a text has itself as far as the name is part of it."""
    if isinstance(item, Mapping):
        return item.get(name)
    if isinstance(item, str) and isinstance(name, str):
        return name if name in item else None
    if (else_nil and not isinstance(item, str | int)) or item is None:
        return None
    raise fault(f"cannot select the property {text(name)!r}")


def _sorted(value: Any, name: Any, compare: Callable[[Any, Any], int]) -> list[Any] | None:
    there = items(value)
    if name is None:
        return sorted(there, key=cmp_to_key(compare))
    if any(item is None or isinstance(item, bool | float) for item in there):
        return None
    return sorted(there, key=cmp_to_key(lambda a, b: compare(_property(a, name), _property(b, name))))


def _compare(a: Any, b: Any) -> int:
    if a is None or b is None:
        return (a is None) - (b is None)
    numbers = all(isinstance(item, int | float) and not isinstance(item, bool) for item in (a, b))
    if not numbers and not (isinstance(a, str) and isinstance(b, str)):
        if same(a, b):
            return 0
        raise fault("cannot sort values of incompatible types")
    return _order(a, b)


def _order(a: Any, b: Any) -> int:
    if a is None or b is None:
        return (a is None) - (b is None)
    return int(a > b) - int(a < b)


def _folded(value: Any) -> str | None:
    """Ruby's casecmp folds ASCII alone."""
    said: str | None = None if value is None else text(value)
    return said if said is None else "".join(letter.lower() if letter.isascii() else letter for letter in said)


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "size": _size,
    "join": _join,
    "first": _first,
    "last": _last,
    "reverse": _reverse,
    "concat": _concat,
    "slice": _slice_,
    "sort": _sort,
    "sort_natural": _sort_natural,
    "uniq": _uniq,
    "compact": _compact,
    "map": _map_,
    "where": _where,
    "reject": _reject,
    "find": _find,
    "find_index": _find_index,
    "has": _has,
    "sum": _sum_,
}
"""By their names in a template."""
