"""An event's properties as one level: squashed path to value, so that a table of names can be asked about them."""

from __future__ import annotations

from typing import Any, Final

from schemas.aliases.table import of_kind, squash
from schemas.caches import Memo

_DEEPEST: Final = 5
_MOST: Final = 1_000
_keys: Final[Memo[str, str]] = Memo(squash, limit=20_000)
_INSIDE: Final = tuple(sorted(
    {".".join(map(squash, row.alias.split("."))) + "." for row in of_kind("inside")}, key=lambda path: -path.count(".")
))  # fmt: skip
"""Objects whose fields are the event's own, the innermost first."""
_ROOTS: Final = frozenset(path.partition(".")[0] for path in _INSIDE)


def flat(item: dict[str, Any]) -> dict[str, Any]:
    """The fields of an `item` and of the objects in it: `{"variant": {"id": 1}}` is `variant.id`; null is absent."""
    found: dict[str, Any] = {}
    _flatten(item, "", found, _DEEPEST)
    return found


def flat_event(properties: dict[str, Any]) -> dict[str, Any]:
    """`flat` of an event's properties, with what is within an envelope such as `ecommerce` also without it."""
    found = flat(properties)
    if any(_keys[key] in _ROOTS for key in properties):
        for prefix in _INSIDE:
            for key in [key for key in found if key.startswith(prefix)]:
                found.setdefault(key[len(prefix) :], found[key])
    return found


def _flatten(item: dict[str, Any], prefix: str, found: dict[str, Any], depth: int) -> None:
    for key, value in item.items():
        path = prefix + _keys[key]
        if value is None or len(found) >= _MOST:
            continue
        if type(value) is dict:
            if depth:
                # Numbered keys make a list of an object; both forms are found under its path.
                found.setdefault(path, value)
                _flatten(value, path + ".", found, depth - 1)
        else:
            found.setdefault(path, value)
