"""The state that every part of the shop shares: products, customers, publisher, order book and agenda.

Times are epoch milliseconds.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from random import Random
from typing import Any

from deploy.shop.catalogue import Product, stock
from deploy.shop.census import Census
from deploy.shop.delivery import Delivery
from deploy.shop.event_publisher import EventPublisher, Sender
from deploy.shop.people import Group
from deploy.shop.truth_carts import Line

Lines = tuple[tuple[Product, int], ...]


class Floor:
    """The running shop from `start` to `end`, with so many `customers`; all chance comes from `seed`.

    `later(at, act, *args)` has `act(at, *args)` called when the simulation reaches the time `at`.
    """

    def __init__(self, customers: int, seed: int, start: int, end: int) -> None:
        self.rng = Random(seed)  # noqa: S311 - a simulation is to be repeatable
        self.start, self.end = start, end
        self.products = stock(self.rng, 120)
        self.shelves: dict[str, list[dict[str, Any]]] = {}
        """The first products of each category, as a list of it shows them."""
        for product in self.products:
            shelf = self.shelves.setdefault(product.category, [])
            if len(shelf) < 4:
                shelf.append({"product_id": product.product_id, "position": len(shelf) + 1})
        self.census = Census(self.rng)
        self.groups = self.census.settle(customers)
        self.customers = [c for g in self.groups for c in g.members]
        self.around = Group(len(self.groups))
        """Producers that are nobody's: ad accounts, broadcasters."""
        self.delivery = Delivery()
        self.publisher = EventPublisher(self.rng, self.delivery)
        self.orders: list[dict[str, Any]] = []
        self.keep_orders = False
        self._agenda: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._entries = 0
        self._now = start
        self._order_no = 0

    def later(self, at: int, act: Callable[..., None], *args: Any) -> None:
        """Put a call on the agenda for the time `at`, now at the earliest; after the simulation's end it is dropped."""
        if at < self.end:
            self._entries += 1
            heapq.heappush(self._agenda, (max(at, self._now), self._entries, act, args))

    def next(self) -> tuple[int, Callable[..., None], tuple[Any, ...]] | None:
        """The next thing on the agenda, taken off it."""
        if not self._agenda:
            return None
        self._now, _, act, args = heapq.heappop(self._agenda)
        return self._now, act, args

    def order_id(self) -> str:
        """A new order number."""
        self._order_no += 1
        return f"O-{1_000_000 + self._order_no}"

    def pick(self) -> Product:
        """A product, the popular ones far more often."""
        x = self.rng.random()
        return self.products[int(x * x * x * len(self.products))]


def facts(product: Product, sender: Sender, currency: str, **more: Any) -> dict[str, Any]:
    """A product, priced in a currency, as this sender writes it in an event's properties; `more` is added."""
    described = {**product.facts(currency), **more}
    if sender.text_money:
        described["price"] = f"{product.cents / 100:.2f}"
    if sender.channel == "marketplace":
        # The marketplace has its own idea of an article: no sku, but a variant.
        del described["sku"]
        described["variant"] = "std"
    return described


def listed(lines: Lines, sender: Sender, currency: str) -> list[dict[str, Any]]:
    """The `products[]` of a cart, a checkout or an order, priced in a currency."""
    return [facts(product, sender, currency, quantity=quantity) for product, quantity in lines]


def line_of(product: Product, quantity: int, sender: Sender) -> Line:
    """The line that a cart event of this sender is about, as the pipeline will key it, with its quantity."""
    key = f"p:{product.product_id}/std" if sender.channel == "marketplace" else f"s:{product.sku}"
    return Line(key, quantity, product.cents)
