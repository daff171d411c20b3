"""Facts by UTC day (population.py), kept in the store under a prefix: numbers of a day, and what was bought on it.

Of one's own (`Days`): `prefix` + day (4 bytes) -> [sent, responses, responses by hour]; ... + product id -> [time,
facts, others]. Of everybody's (`ReceivedDeltas`): records as they came.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from streams.core.protocol.ports import Store

MOST_OTHERS: Final = 50
"""How many others are remembered of twice as many that are bought with a product: most often first, then by id."""
MOST_TOLD: Final = 5_000
"""Pairs and products that one record carries, about: it has to fit into what a broker takes."""
_DAY_SIZE: Final = 4


def ranked(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """The (name, count) pairs of `counts`, highest count first, of equals by name."""
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))


@dataclass(slots=True)
class Product:
    """What is known of a product that was bought: the newest facts, their time (epoch ms), orders by other product."""

    at: int = -1
    facts: dict[str, Any] | None = None
    others: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, told: list[Any]) -> Product:
        """The inverse of `dump`: `told` is what it returns."""
        return cls(*told)

    def dump(self) -> list[Any]:
        """As JSON."""
        return [self.at, self.facts, self.others]

    def hear(self, at: int, facts: dict[str, Any] | None) -> None:
        """Take in facts of the time `at` (epoch ms): the newest win, of two at one time the greater as text."""
        if at > self.at or (at == self.at and _text(facts) > _text(self.facts)):
            self.at, self.facts = at, facts

    def add(self, other: Product) -> None:
        """Take in what `other` knows of the same product."""
        self.hear(other.at, other.facts)
        others = self.others
        for product_id, count in other.others.items():
            others[product_id] = others.get(product_id, 0) + count

    def keep(self, most: int) -> None:
        """Forget all others but the `most` frequent ones, once there are twice as many."""
        if len(self.others) > 2 * most:
            self.others = dict(ranked(self.others)[:most])


@dataclass(slots=True)
class Day:
    """What everybody has done on one day: by channel, by local hour, by product."""

    sent: Counter[str] = field(default_factory=Counter)
    engaged: Counter[str] = field(default_factory=Counter)
    hours: list[int] = field(default_factory=lambda: [0] * 24)
    products: dict[str, Product] = field(default_factory=dict)

    @classmethod
    def of(cls, numbers: list[Any]) -> Day:
        """The inverse of `numbers`."""
        return cls(Counter(numbers[0]), Counter(numbers[1]), numbers[2])

    def numbers(self) -> list[Any]:
        """All but the products, as JSON."""
        return [self.sent, self.engaged, self.hours]

    def add_numbers(self, other: Day) -> None:
        """Count another's in."""
        self.sent.update(other.sent)
        self.engaged.update(other.engaged)
        self.hours = [a + b for a, b in zip(self.hours, other.hours, strict=True)]

    def product(self, product_id: str) -> Product:
        """What is known of the product `product_id`, made now if nothing was."""
        return self.products.setdefault(product_id, Product())


class Days:
    """Days by their number since 1970, kept in the store under `prefix`. Without a store they are in memory alone.

    A product id is that of the events: `product_id`, else `sku`.
    """

    def __init__(self, store: Store | None, prefix: bytes) -> None:
        self._store = store
        self._prefix = prefix
        self._touched: set[tuple[int, str]] = set()
        self.days: dict[int, Day] = {}

    def day(self, number: int) -> Day:
        """A day, made now if it was not there."""
        return self.days.setdefault(number, Day())

    def touch(self, number: int, product_id: str = "") -> None:
        """A product of a day has changed, or (empty) its numbers."""
        self._touched.add((number, product_id))

    def load(self) -> None:
        """Read them back after a restart."""
        for name, value in self._store.scan(self._prefix) if self._store is not None else ():
            number, product_id = int.from_bytes(name[1:][:_DAY_SIZE], "big"), name[1 + _DAY_SIZE :].decode()
            if product_id:
                self.day(number).products[product_id] = Product.of(orjson.loads(value))
            else:
                self.day(number).add_numbers(Day.of(orjson.loads(value)))

    def flush(self) -> None:
        """Write the days and products that were touched to the store."""
        if self._store is not None:
            for number, product_id in self._touched:
                day = self.days[number]
                value = day.products[product_id].dump() if product_id else day.numbers()
                self._store.put(self._name(number, product_id), orjson.dumps(value))
        self._touched.clear()

    def told(self, most: int) -> Iterator[dict[str, Any]]:
        """All of them, in parts of about `most` pairs and products: {day, numbers or None, products}."""
        for number, day in sorted(self.days.items()):
            numbers: list[Any] | None = day.numbers()
            part: dict[str, Any] = {}
            size = 0
            for product_id, product in sorted(day.products.items()):
                part[product_id] = product.dump()
                size += 1 + len(product.others)
                if size >= most:
                    yield {"day": number, "numbers": numbers, "products": part}
                    numbers, part, size = None, {}, 0
            if numbers is not None or part:
                yield {"day": number, "numbers": numbers, "products": part}

    def drop(self, number: int) -> None:
        """Forget a day."""
        day = self.days.pop(number)
        self._touched = {one for one in self._touched if one[0] != number}
        if self._store is not None:
            for product_id in ("", *day.products):
                self._store.delete(self._name(number, product_id))

    def clear(self) -> None:
        """Forget all days."""
        for number in list(self.days):
            self.drop(number)

    def _name(self, number: int, product_id: str) -> bytes:
        return self._prefix + number.to_bytes(_DAY_SIZE, "big") + product_id.encode()


class ReceivedDeltas:
    """Days as others have told them, kept record by record: `prefix` + day (4 bytes) + number of the record (4)."""

    def __init__(self, store: Store, prefix: bytes) -> None:
        self._store = store
        self._prefix = prefix
        self._records: Counter[int] = Counter()
        self.days: dict[int, Day] = {}

    def load(self) -> None:
        """Read them back after a restart."""
        for name, value in self._store.scan(self._prefix):
            self._count(int.from_bytes(name[1:][:_DAY_SIZE], "big"), orjson.loads(value))

    def hear(self, told: Mapping[str, Any]) -> None:
        """Count in what `told` says: a part of a day ({day, numbers or None, products})."""
        number = told["day"]
        self._store.put(self._name(number, self._records[number]), orjson.dumps(told))
        self._count(number, told)

    def drop(self, number: int) -> None:
        """Forget a day."""
        del self.days[number]
        for nth in range(self._records.pop(number)):
            self._store.delete(self._name(number, nth))

    def _count(self, number: int, told: Mapping[str, Any]) -> None:
        self._records[number] += 1
        day = self.days.setdefault(number, Day())
        if told["numbers"] is not None:
            day.add_numbers(Day.of(told["numbers"]))
        products = day.products
        for product_id, heard in told["products"].items():
            known = products.get(product_id)
            if known is None:
                products[product_id] = Product.of(heard)
            else:
                known.add(Product.of(heard))

    def _name(self, number: int, nth: int) -> bytes:
        return self._prefix + number.to_bytes(_DAY_SIZE, "big") + nth.to_bytes(_DAY_SIZE, "big")


def _text(facts: dict[str, Any] | None) -> str:
    return json.dumps(facts or {}, sort_keys=True)
