"""Which property of another vocabulary stands for which of ours: the rows of the table by squashed path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from schemas.aliases.table import NO_NAMES, Names, of_kind, squash
from schemas.caches import LONGEST
from schemas.money import MICRO, micros, to_number

Meaning = tuple[int, str, str]
"""Rank (the lower comes first), our name, and the group of events it is for (blank: all)."""
NO_GROUPS: Final[frozenset[str]] = frozenset()

MONEY: Final = frozenset({"price", "revenue", "total", "value", "worth", "line_total"})
_SCALES: Final = (("cents", 100), ("minor", 0), ("micros", MICRO))
"""Endings of a name that say that an amount is not in major units; 0: by the currency."""
_IN: Final = "in"
"""`price_in_cents` is `price_cents`."""
_AMOUNTS: Final = {"amount": "worth", "amounttotal": "worth"}
"""Names whose unit nobody knows without such an ending."""
_DIGITS: Final = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF",
                     "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}  # fmt: skip
"""Digits after the point where they are not two (ISO 4217)."""
_SILENT: Final = frozenset({bool, dict})
_HEARD: Final = frozenset({"hardbounce", "coupons", "discountcodes", "discountapplications", "discounts"})
"""Paths whose value may be a boolean, or a list that is written as an object with numbered keys."""
_LAST: Final = 10_000
_MOST_PATHS: Final = 200
_MOST_REMEMBERED: Final = 2_000


class Index:
    """The properties of one kind of rows. What a set of names stands for is remembered, as producers repeat theirs."""

    def __init__(self, kind: str, own: Names = NO_NAMES) -> None:
        """`kind` is that of the rows; the names of the shop (`own`) come first."""
        rows = [(row.alias, row.canonical, row.when) for row in of_kind(kind)]
        ours = {canonical for _, canonical, _ in rows}
        mine = [(alias, canonical, "") for alias, canonical in own.properties.items() if canonical in ours]
        self.meanings: dict[str, tuple[Meaning, ...]] = {}
        for rank, (alias, canonical, when) in enumerate(mine + rows):
            path = ".".join(map(squash, alias.split(".")))
            self.meanings[path] = (*self.meanings.get(path, ()), (rank, canonical, when))
        self._best: dict[tuple[frozenset[str], tuple[str, ...]], Mapping[str, str]] = {}
        self._every: dict[tuple[str, ...], Mapping[str, tuple[str, ...]]] = {}

    def __contains__(self, path: object) -> bool:
        """Whether a squashed path stands for anything, its unit aside."""
        return path in self.meanings

    def best(self, flat: Mapping[str, Any], groups: frozenset[str] = NO_GROUPS) -> Mapping[str, str]:
        """The path among `flat` that says each of our names, by that name.

        `groups` are those that the event belongs to. Blank texts and booleans say nothing, nor does an object: its
        fields have paths of their own.
        """
        paths = tuple(flat)
        for path, value in flat.items():
            if value == "" or (type(value) in _SILENT and path not in _HEARD):
                told = [p for p, v in flat.items() if v != "" and (type(v) not in _SILENT or p in _HEARD)]
                paths = tuple(told)
                break
        found = self._best.get((groups, paths))
        if found is None:
            found = self._chosen(paths, groups)
            _remember(self._best, (groups, paths), found, paths)
        return found

    def every(self, flat: Mapping[str, Any]) -> Mapping[str, tuple[str, ...]]:
        """All paths among `flat` that say one of our names, by that name, the best first."""
        paths = tuple(flat)
        found = self._every.get(paths)
        if found is None:
            ranked = sorted((rank, field, path) for path in paths for rank, field, _ in self.meanings.get(path, ()))
            found = {field: tuple(path for _, one, path in ranked if one == field) for _, field, _ in ranked}
            _remember(self._every, paths, found, paths)
        return found

    def scaled(self, key: str) -> tuple[Meaning, ...]:
        """What a name (`key`) that ends in a unit stands for, such as `price_cents`: what it does without, if money.

        Names without such an ending come first.
        """
        for ending, _ in _SCALES:
            if key.endswith(ending):
                base = key[: -len(ending)]
                if base not in self.meanings and base.endswith(_IN):
                    base = base[: -len(_IN)]
                if base in _AMOUNTS:
                    return ((_LAST, _AMOUNTS[base], ""),)
                known = self.meanings.get(base, ())
                return tuple((rank + _LAST, field, when) for rank, field, when in known if field in MONEY)
        return ()

    def _chosen(self, paths: tuple[str, ...], groups: frozenset[str]) -> dict[str, str]:
        found: dict[str, tuple[int, str]] = {}
        for path in paths:
            for rank, field, when in self.meanings.get(path) or self.scaled(path):
                if (not when or when in groups) and (field not in found or rank < found[field][0]):
                    found[field] = rank, path
        return {field: path for field, (_, path) in found.items()}


def _remember(memory: dict[Any, Any], key: Any, found: Any, paths: tuple[str, ...]) -> None:
    if len(paths) <= _MOST_PATHS and all(len(path) <= LONGEST for path in paths):
        if len(memory) >= _MOST_REMEMBERED:
            memory.clear()
        memory[key] = found


def amount(key: str, value: Any, currency: Any) -> Any:
    """An amount (`value`) in major units, by the ending of its name (`key`); as it is without one.

    `currency` says how large a minor unit is. None when the amount cannot be read.
    """
    for ending, scale in _SCALES:
        if key.endswith(ending):
            digits = _DIGITS.get(currency.strip().upper(), 2) if type(currency) is str else 2
            divisor = scale or 10**digits
            given = micros(value)
            return None if given is None else to_number((2 * given + divisor) // (2 * divisor))
    return value
