"""The shop's catalogue: products with a stable identity and a price that may change while the shop runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from deploy.shop.world import HASHTAGS, SITE

KINDS: Final = (
    ("Home", ("Desk Lamp", "Wool Blanket", "Plant Pot", "Candle", "Wall Clock", "Cushion"), (900, 12000)),
    ("Kitchen", ("Coffee Grinder", "Chef's Knife", "Teapot", "Cutting Board", "Mug Set"), (700, 18000)),
    ("Sport", ("Yoga Mat", "Trail Shoes", "Water Bottle", "Rain Jacket", "Bike Light"), (1200, 22000)),
    ("Games", ("Board Game", "Puzzle 1000", "Card Deck", "Chess Set"), (500, 7000)),
    ("Fashion", ("Red Dress", "Wool Socks", "Denim Shirt", "Scarf", "Leather Belt"), (600, 15000)),
    ("Audio", ("Headphones", "Bluetooth Speaker", "Record Player"), (2500, 60000)),
)
BRANDS: Final = ("Norden", "Kite & Co", "Ōmori", "Baltic", "Fjell", "Común", "Atelier 9")


@dataclass(slots=True, eq=False)
class Product:
    """One product. `cents` is the price in hundredths of the customer's currency; `version` counts price changes."""

    sku: str
    product_id: str
    name: str
    category: str
    brand: str
    cents: int
    hashtag: str
    was: int = 0
    version: int = 0
    _facts: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The product's own page."""
        return f"{SITE}/p/{self.product_id}"

    @property
    def image_url(self) -> str:
        """The product's picture."""
        return f"{SITE}/img/{self.product_id}.jpg"

    def facts(self, currency: str) -> dict[str, Any]:
        """The product as events describe it, at today's price. Shared: copy before changing it."""
        known = self._facts.get(currency)
        if known is None:
            known = self._facts[currency] = {
                "product_id": self.product_id,
                "sku": self.sku,
                "name": self.name,
                "category": self.category,
                "brand": self.brand,
                "price": self.cents / 100,
                "currency": currency,
                "url": self.url,
                "image_url": self.image_url,
                "hashtags": [self.hashtag],
            }
        return known

    def reprice(self, cents: int) -> None:
        """Set a new price, remembering the old one."""
        self.was, self.cents, self.version = self.cents, cents, self.version + 1
        self._facts.clear()


def stock(rng: Random, size: int) -> tuple[Product, ...]:
    """So many products (`size` is their number, not bytes); skus and product ids are unique."""
    products = []
    for n in range(size):
        category, names, (low, high) = KINDS[n % len(KINDS)]
        brand = BRANDS[int(rng.random() * len(BRANDS))]
        name = f"{brand} {names[int(rng.random() * len(names))]} {n:03d}"
        cents = int(low + (high - low) * rng.random() ** 3) // 10 * 10 + 9
        hashtag = HASHTAGS[int(rng.random() * len(HASHTAGS))]
        products.append(
            Product(f"{category[:2].upper()}-{10_000 + n}", str(500 + n), name, category, brand, cents, hashtag)
        )
    return tuple(products)
