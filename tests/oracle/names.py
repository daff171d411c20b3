"""What a product is called, and whether two items are the same product: compared pair by pair, nothing is looked up."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeVar

from tests.oracle.reading import text

Thing = TypeVar("Thing")


class Names(NamedTuple):
    """The names of a product, in one case; empty for those that nobody said."""

    product_id: str
    sku: str
    variant: str

    def same(self, other: Names) -> bool:
        """Whether nothing contradicts and an id or a sku is shared."""
        contradiction = any(mine and their and mine != their for mine, their in zip(self[1:], other[1:], strict=True))
        shared = any(mine and mine == their for mine, their in zip(self[:2], other[:2], strict=True))
        return shared and not contradiction

    def also(self, newer: Names) -> Names:
        """The product under the names of both."""
        return Names(*(new or old for old, new in zip(self, newer, strict=True)))

    def shared(self, other: Names) -> int:
        """How many names are the same."""
        return sum(bool(mine) and mine == their for mine, their in zip(self, other, strict=True))


def names_of(item: dict[str, Any]) -> Names | None:
    """The names that an item says; None if it names no product."""
    said = Names(*((text(item.get(name)) or "").casefold() for name in ("product_id", "sku", "variant")))
    return said if said.product_id or said.sku else None


def nearest(all_: Iterable[Names], wanted: Names) -> list[Names]:
    """Those that are the same product, those that share the most names first."""
    return sorted((names for names in all_ if names.same(wanted)), key=lambda names: -names.shared(wanted))


def newest(things: dict[Names, Thing], wanted: Names, time: Callable[[Thing], int]) -> Names | None:
    """Of the things that are the same product the newest."""
    return max((n for n in things if n.same(wanted)), key=lambda n: (time(things[n]), n), default=None)


def place(
    things: dict[Names, Thing], wanted: Names, time: Callable[[Thing], int], join: Callable[[Thing, Thing], Thing]
) -> Names | None:
    """Under which names a product is there, after it has learned the wanted ones."""
    known = newest(things, wanted, time)
    if known is None:
        return None
    thing, now = things.pop(known), known.also(wanted)
    while (other := newest(things, now, time)) is not None:
        thing, now = join(thing, things.pop(other)), other.also(now)
    things[now] = thing
    return now
