"""The table of aliases that ships (`table.csv`), and the shop's own names on top of it.

A name is compared whole, without case, blanks, `_` and `-`, so `order_completed`, `orderCompleted` and
`Order Completed` are one. Kinds of rows: `event` and `never` (names of events), `source` (words that name a
vocabulary), `inside` (objects whose fields are the event's), and properties: `field` (of an event), `item` (of a
product), `list` (where products are), `feedback` (of what became of a message).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Final, NamedTuple

from schemas.names import EVENTS

PAGE: Final = "page"
SCREEN: Final = "screen"
"""Canonical for a track call that says that a page or a screen was opened: it is read as a call of that type."""

_SEPARATORS: Final = str.maketrans("", "", "_-")


class Row(NamedTuple):
    """A row of the file. `when` is a condition (`conditions.py`), `also` what else the name says, blank if nothing."""

    kind: str
    alias: str
    canonical: str
    when: str
    also: str
    vocabulary: str
    source: str


class Alias(NamedTuple):
    """One meaning of a name: the canonical `name`, or `page` or `screen`; `also` as single words."""

    name: str
    when: str = ""
    also: frozenset[str] = frozenset()
    vocabulary: str = "winback"


class Names(NamedTuple):
    """The shop's own names: events and properties to their canonical ones, and shipped aliases that are off."""

    events: Mapping[str, str] = {}
    properties: Mapping[str, str] = {}
    off: tuple[str, ...] = ()


NO_NAMES: Final = Names()


def squash(name: str) -> str:
    """What a `name` is compared by: lower case, without blanks, `_` and `-`."""
    return "".join(name.lower().translate(_SEPARATORS).split())


@lru_cache(maxsize=1)
def shipped() -> tuple[Row, ...]:
    """The rows of `table.csv`, in its order: of two that hold the first counts."""
    text = (files("schemas.aliases") / "table.csv").read_text(encoding="utf-8")
    return tuple(Row(*row) for row in csv.reader(text.splitlines()[1:]))


class Table:
    """All names of events. `meanings` are those of a name (squashed), in the order in which they are asked.

    `never` are names that resemble others and mean nothing here. `canonical` are our own names, squashed.
    """

    def __init__(self, own: Names = NO_NAMES) -> None:
        """`own`: the names of the shop, which come first."""
        self.canonical: dict[str, str] = {squash(name): name for name in sorted(EVENTS)}
        self.never: set[str] = {squash(row.alias) for row in of_kind("never")}
        self.meanings: dict[str, tuple[Alias, ...]] = {}
        off = {squash(name) for name in own.off}
        for row in of_kind("event"):
            key = squash(row.alias)
            if key not in off:
                alias = Alias(row.canonical, row.when, frozenset(row.also.split()), row.vocabulary)
                self.meanings[key] = (*self.meanings.get(key, ()), alias)
        for name, canonical in own.events.items():
            self.meanings[squash(name)] = (Alias(canonical),)
            self.never.discard(squash(name))
        for key, canonical in self.canonical.items():
            self.meanings[key] = (*self.meanings.get(key, ()), Alias(canonical))

    def acting(self) -> Iterable[str]:
        """Every name that acts by itself, without a source that says so; squashed."""
        return (key for key, meanings in self.meanings.items() if any(not alias.when for alias in meanings))


def canonical(name: str) -> str:
    """What an event called `name` is by itself; a name that is not known with its blanks collapsed."""
    meanings = shipped_table().meanings.get(squash(name), ())
    return next((alias.name for alias in meanings if not alias.when), " ".join(name.split()))


@lru_cache(maxsize=1)
def shipped_table() -> Table:
    """The table without names of a shop."""
    return Table()


def of_kind(*kinds: str) -> Iterable[Row]:
    """The shipped rows of some `kinds`."""
    return (row for row in shipped() if row.kind in kinds)
