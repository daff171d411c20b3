"""The cart of one profile: its lines, what an event does to them, what they are worth, and how two carts become one."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.oracle.reading import Fact, number, text

ABANDON_AFTER = 30 * 60 * 1000
EXPIRE_AFTER = 30 * 24 * 3600 * 1000
CART_EVENTS = {"Product Added", "Product Removed", "Cart Viewed", "Checkout Started"}
ACTIVE_CHANNELS = {"web", "app", "store", "marketplace", "messenger"}
ACTIVE_NAMES = {
    "Products Searched", "Product List Viewed", "Product List Filtered", "Product Viewed", "Product Clicked",
    "Product Added", "Product Removed", "Product Added to Wishlist", "Cart Viewed", "Checkout Started",
    "Checkout Step Viewed", "Checkout Step Completed", "Payment Info Entered", "Coupon Entered", "Coupon Applied",
    "Coupon Denied", "Coupon Removed",
}  # fmt: skip


def is_activity(event: Fact) -> bool:
    """Whether the event shows the customer at work in a shop (ruling 2)."""
    named = event.type in {"page", "screen"} or (event.type == "track" and event.name in ACTIVE_NAMES)
    return named and event.channel in ACTIVE_CHANNELS


@dataclass
class Line:
    """One line of a cart. A currency of None follows the cart's."""

    quantity: Decimal
    price: Decimal | None = None
    currency: str | None = None
    words: dict[str, str] = field(default_factory=dict)

    def update(self, item: dict[str, Any], currency: str | None) -> None:
        """Newer attributes replace the old ones where they are given."""
        price = number(item.get("price"))
        if price is not None and price >= 0:
            self.price = price
        self.currency = currency or self.currency
        for word in ("product_id", "sku", "name", "url", "image_url"):
            if (given := text(item.get(word))) is not None:
                self.words[word] = given

    def shown(self) -> dict[str, Any]:
        """The line as a transition shows it."""
        words = {word: self.words.get(word) for word in ("product_id", "sku", "name", "url", "image_url")}
        return {**words, "price": plain(self.price), "quantity": plain(self.quantity)}


@dataclass
class Cart:
    """The one cart of a profile. `lines` empty means that it is about to go.

    `started` is when the youngest cart that went into it was opened: a union is as old as its oldest part, but never
    due sooner than its youngest.
    """

    cart_id: str
    opened_at: int
    started: int
    state: str = "none"
    stage: str = "cart"
    lines: dict[str, Line] = field(default_factory=dict)
    currency: str | None = None
    touched: int = 0
    abandonment_no: int = 0
    pending: list[Any] = field(default_factory=list)

    def value(self) -> Decimal:
        """What the lines of the cart's own currency are worth, exact to a millionth."""
        ours = [line for line in self.lines.values() if line.currency in {None, self.currency}]
        return sum((line.quantity * (line.price or 0) for line in ours), Decimal(0)).quantize(Decimal("0.000001"))

    def row(self, to: str, reason: str) -> dict[str, Any]:
        """The cart as a transition shows it."""
        return {
            "cart_id": self.cart_id,
            "from": self.state,
            "to": to,
            "reason": reason,
            "lines": [line.shown() for line in self.lines.values()],
            "value": plain(self.value()),
            "currency": self.currency,
            "stage": self.stage,
            "abandonment_no": self.abandonment_no,
        }

    def apply(self, event: Fact) -> None:
        """Change the lines as a cart event says (rulings 3 and 4)."""
        item = event.properties
        currency = text(item.get("currency"))
        self.touched = event.time
        self.currency = currency or self.currency
        if event.name == "Product Added":
            self.add(item, currency)
        elif event.name == "Product Removed":
            self.remove(item)
        elif isinstance(item.get("products"), list):
            self.lines = {}
            for product in item["products"]:
                if isinstance(product, dict):
                    self.add(product, currency)

    def add(self, item: dict[str, Any], currency: str | None) -> None:
        """One more line, or more of a line."""
        key, quantity = line_key(item), number(item.get("quantity"))
        if quantity is None:
            quantity = Decimal(1)
        if key is None or quantity <= 0:
            return
        line = self.lines.setdefault(key, Line(Decimal(0)))
        line.quantity += quantity
        line.update(item, currency)

    def remove(self, item: dict[str, Any]) -> None:
        """Less of a line, or the whole of it."""
        key, quantity = line_key(item), number(item.get("quantity"))
        if key not in self.lines or (quantity is not None and quantity <= 0):
            return
        if quantity is None or quantity >= self.lines[key].quantity:
            del self.lines[key]
        else:
            self.lines[key].quantity -= quantity


def line_key(item: dict[str, Any]) -> str | None:
    """What makes two items the same line."""
    if sku := text(item.get("sku")):
        return "s:" + sku
    if product := text(item.get("product_id")):
        variant = text(item.get("variant"))
        return f"p:{product}/{variant}" if variant else f"p:{product}"
    return None


def plain(value: Decimal | None) -> int | float | None:
    """A number as JSON shows it: an integer if it is one."""
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def union(winner: Cart, loser: Cart) -> Cart:
    """Two carts of profiles that turn out to be one person's (ruling 11), under the winner's cart id."""
    lines = dict(winner.lines)
    for key, line in loser.lines.items():
        if key not in lines or line.quantity > lines[key].quantity:
            lines[key] = line
    later, earlier = (loser, winner) if loser.touched > winner.touched else (winner, loser)
    both_abandoned = winner.state == loser.state == "abandoned"
    return Cart(
        winner.cart_id,
        min(winner.opened_at, loser.opened_at),
        max(winner.started, loser.started),
        "abandoned" if both_abandoned else "open",
        "checkout" if "checkout" in {winner.stage, loser.stage} else "cart",
        lines,
        later.currency or earlier.currency,
        later.touched,
        max(winner.abandonment_no, loser.abandonment_no),
        winner.pending if both_abandoned else [],
    )
