"""What everybody does: written down when it happens, known from the day after (UTC)."""

from __future__ import annotations

import json
from collections import Counter
from itertools import combinations
from typing import Any

from tests.oracle.campaigns import DAY
from tests.oracle.reading import number, text

TOLD = True
FACTS = ("name", "url", "image_url", "price", "currency")


class Everybody:
    """All facts, with their times; each question is answered from those of the days before.

    What is overdue by other campaigns is decided when these took over: at `floor`.
    """

    def __init__(self) -> None:
        self.floor = 0
        self._sent: list[tuple[int, str]] = []
        self._engaged: list[tuple[int, str, int, int]] = []
        self._together: list[tuple[int, str, str]] = []
        self._products: list[tuple[int, str, str]] = []

    def _told(self, happened: int, at: int) -> bool:
        """Whether a decision at `at` knows of it."""
        return happened // DAY < (max(at, self.floor) - 1) // DAY

    def sent(self, channel: str, at: int) -> None:
        """A message went out."""
        self._sent.append((at, channel))

    def engaged(self, channel: str, hour: int, at: int, count: int = 1) -> None:
        """Somebody responded, at this hour of their day; or it was a machine after all (-1)."""
        self._engaged.append((at, channel, hour, count))

    def bought(self, products: list[Any], at: int) -> None:
        """What was in an order that counts: the first 10 products, in pairs."""
        known: dict[str, dict[str, Any]] = {}
        for product in [p for p in products if isinstance(p, dict)][:10]:
            if (key := product_id(product)) is None:
                continue
            known.setdefault(key, product)
            self._products.append((at, key, json.dumps(facts(product), sort_keys=True)))
        self._together += [(at, a, b) for a, b in combinations(sorted(known), 2)]

    def rate(self, channel: str, at: int) -> tuple[int, int]:
        """(messages, responses) on a channel."""
        return (
            sum(c == channel for t, c in self._sent if self._told(t, at)),
            sum(count for t, c, _, count in self._engaged if c == channel and self._told(t, at)),
        )

    def hours(self, at: int) -> Counter[int]:
        """Responses by hour of the day."""
        hours: Counter[int] = Counter()
        for t, _, hour, count in self._engaged:
            if self._told(t, at):
                hours[hour] += count
        return hours

    def recommended(self, products: list[str], at: int, bought: set[str]) -> list[str]:
        """What was bought with these (under any name) most often, at most four."""
        counts: Counter[str] = Counter()
        own = {name.casefold() for name in products} | bought
        for t, a, b in self._together:
            if self._told(t, at):
                counts.update(
                    other for mine, other in ((a, b), (b, a)) if mine in products and other.casefold() not in own
                )
        return sorted(counts, key=lambda product: (-counts[product], product))[:4]

    def product(self, key: str, at: int) -> dict[str, Any]:
        """The newest facts about a product."""
        found = [(t, shown) for t, product, shown in self._products if product == key and self._told(t, at)]
        return json.loads(max(found)[1]) if found else {}


def product_id(item: dict[str, Any]) -> str | None:
    """What a product is known by where it is not a line of a cart."""
    return text(item.get("product_id")) or text(item.get("sku"))


def facts(item: dict[str, Any]) -> dict[str, Any]:
    """What is said about a product."""
    price = number(item.get("price"))
    said = {**{name: text(item.get(name)) for name in FACTS}, "price": None if price is None else float(price)}
    return {name: value for name, value in said.items() if value is not None}
