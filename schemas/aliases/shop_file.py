"""The shop's own names (`WINBACK_ALIASES`): a YAML file, checked whole, with one line for what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from schemas.aliases.table import NO_NAMES, PAGE, SCREEN, Names, Table, of_kind, squash
from schemas.yaml_keys import TextOnly, content

_KEYS: Final = ("events", "properties", "off")
_PROPERTIES: Final = frozenset(
    row.canonical for row in of_kind("field", "item", "list") if row.canonical not in ("worth", "ids", "pieces")
)
_LONGEST: Final = 200


def load(path: Path | None) -> Names:
    """The names in the file at `path`; none when it is None. Raises ValueError: one line with file and place.

    `events` are names of the shop to canonical ones (or `page`, `screen`), `properties` names of fields to ours, `off`
    shipped aliases that mean nothing in this shop.
    """
    if path is None:
        return NO_NAMES
    raw = content(path, TextOnly)
    if not raw and not isinstance(raw, list):
        return NO_NAMES
    if not isinstance(raw, dict):
        raise _wrong(path, f"an aliases file is a mapping with the keys {', '.join(_KEYS)}")
    if unknown := [key for key in raw if key not in _KEYS]:
        raise _wrong(path, f"{unknown[0]}: unknown key; there are {', '.join(_KEYS)}")
    table = Table()
    events: dict[str, str] = {}
    for name, canonical in _pairs(path, raw, "events"):
        known = table.canonical.get(squash(canonical)) or (canonical if canonical in (PAGE, SCREEN) else None)
        if known is None:
            raise _wrong(path, f"events.{name}: {canonical!r} is no canonical event name (docs/contract.md, section 1)")
        if squash(name) in table.canonical:
            raise _wrong(path, f"events.{name}: is a canonical name itself and keeps its meaning")
        if squash(name) in {squash(other) for other in events}:
            raise _wrong(path, f"events.{name}: is there twice (case, blanks, _ and - do not tell names apart)")
        events[name] = known
    properties: dict[str, str] = {}
    for name, canonical in _pairs(path, raw, "properties"):
        if canonical not in _PROPERTIES:
            raise _wrong(path, f"properties.{name}: {canonical!r} is none of {', '.join(sorted(_PROPERTIES))}")
        properties[name] = canonical
    return Names(events, properties, _off(path, raw.get("off"), table))


def _off(path: Path, given: Any, table: Table) -> tuple[str, ...]:
    if given is None or given == "":
        return ()
    if not isinstance(given, list):
        raise _wrong(path, "off: a list of names is needed")
    for name in given:
        if not isinstance(name, str) or squash(name) not in table.meanings or squash(name) in table.canonical:
            raise _wrong(path, f"off: {name!r} is no alias that ships")
    return tuple(given)


def _pairs(path: Path, raw: dict[Any, Any], key: str) -> list[tuple[str, str]]:
    given = raw.get(key)
    if given is None or given == "":
        return []
    if not isinstance(given, dict):
        raise _wrong(path, f"{key}: a mapping of your names to ours is needed")
    for name, ours in given.items():
        if not isinstance(name, str) or not squash(name) or len(name) > _LONGEST:
            raise _wrong(path, f"{key}: {str(name)[:_LONGEST]!r} is no name; a text of up to {_LONGEST} characters is")
        if not isinstance(ours, str):
            raise _wrong(path, f"{key}.{name}: a name of ours is needed")
    return list(given.items())


def _wrong(path: Path, what: str) -> ValueError:
    return ValueError(f"{path}: {what}")
