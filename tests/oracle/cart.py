"""The cart of one profile: its lines, what an event does to them, what they are worth, and how two carts become one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.oracle.names import Names, names_of, nearest
from tests.oracle.outcome import iso
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
    """One line of a cart. A currency of None follows the cart's.

    `at`: when it was named last; `added`: when a Product Added put it in last.
    """

    names: Names
    quantity: Decimal
    price: Decimal | None = None
    currency: str | None = None
    words: dict[str, str] = field(default_factory=dict)
    at: int = 0
    added: int = 0

    def update(self, item: dict[str, Any], currency: str | None) -> None:
        """Newer attributes replace the old ones where they are given."""
        price = number(item.get("price"))
        if price is not None and (price >= 0 or self.price is None or self.price < 0):
            self.price = price
        self.currency = currency or self.currency
        for word in ("product_id", "sku", "name", "url", "image_url"):
            if (given := text(item.get(word))) is not None and len(given) <= 2_000:
                self.words[word] = given

    def fill(self, other: Line) -> None:
        """What the other line says and this one does not."""
        self.price = other.price if self.price is None else self.price
        self.currency = self.currency or other.currency
        self.words = other.words | self.words
        self.at, self.added = max(self.at, other.at), max(self.added, other.added)

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
    lines: list[Line] = field(default_factory=list)
    currency: str | None = None
    touched: int = 0
    abandonment_no: int = 0
    pending: list[Any] = field(default_factory=list)

    def value(self) -> Decimal | None:
        """What all lines are worth, exact to a millionth; None where they are in several currencies."""
        priced = [line for line in self.lines if line.price is not None]
        if len({line.currency for line in priced if line.currency} | ({self.currency} if self.currency else set())) > 1:
            return None
        return sum((line.quantity * line.price for line in priced), Decimal(0)).quantize(Decimal("0.000001"))

    def worth(self, rates: Mapping[str, Any], at: int) -> tuple[Decimal | None, str | None]:
        """The same with its currency, by `rates` (the rates file) where there are several currencies at `at` (ms)."""
        known = self.value()
        days = {str(day): table for day, table in rates.get("rates", {}).items() if str(day) <= iso(at)[:10]}
        if known is not None or not days:
            return known, self.currency
        table = {**days[max(days)], rates["base"]: 1}
        into = self.currency or [line.currency for line in self.lines if line.currency][-1]
        total = Fraction(0)
        for line in (line for line in self.lines if line.price is not None):
            other = line.currency or into
            if other != into and not {other, into} <= set(table):
                return None, self.currency
            rate = Fraction(str(table[into])) / Fraction(str(table[other])) if other != into else 1
            total += Fraction(line.quantity) * Fraction(line.price) * rate
        return Decimal(round(total * 1_000_000)).scaleb(-6), into

    def row(self, to: str, reason: str, rates: Mapping[str, Any], at: int) -> dict[str, Any]:
        """The cart as a transition shows it."""
        value, currency = self.worth(rates, at)
        return {
            "cart_id": self.cart_id,
            "from": self.state,
            "to": to,
            "reason": reason,
            "lines": [line.shown() for line in self.lines],
            "value": plain(value),
            "currency": currency,
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
            for added in items_of(item):
                self.add(added, text(added.get("currency")) or currency, event.time, event.time)
        elif event.name == "Product Removed":
            for removed in items_of(item):
                self.remove(removed)
        elif isinstance(item.get("products"), list):
            before, self.lines = self.lines, []
            for product in item["products"]:
                if isinstance(product, dict):
                    own = text(product.get("currency"))
                    self.add(product, own.upper() if own else currency, event.time, 0)
            for line in list(self.lines):
                known = find(before, line.names)
                line.added = next((one.added for one in known), 0)
                if len(known) == 1 and any(line is one for one in self.lines):
                    line.names = known[0].names.also(line.names)
                    self.join(line)

    def add(self, item: dict[str, Any], currency: str | None, at: int, added: int) -> None:
        """One more line, or more of a line."""
        names, quantity = names_of(item), number(item.get("quantity"))
        if quantity is None:
            quantity = Decimal(1)
        if names is None or quantity <= 0:
            return
        found = find(self.lines, names)
        line = found[0] if found else Line(names, Decimal(0))
        if not found:
            self.lines.append(line)
        line.quantity += quantity
        line.update(item, currency)
        line.at, line.added = max(line.at, at), max(line.added, added)
        line.names = line.names.also(names)
        self.join(line)

    def join(self, line: Line) -> None:
        """Lines that prove to be the same as a line are part of it."""
        while others := [other for other in find(self.lines, line.names) if other is not line]:
            line.quantity += others[0].quantity
            line.fill(others[0])
            line.names = others[0].names.also(line.names)
            self.lines = [other for other in self.lines if other is not others[0]]

    def remove(self, item: dict[str, Any]) -> None:
        """Less of what the item names, or the whole of it."""
        names, quantity = names_of(item), number(item.get("quantity"))
        if names is None or (quantity is not None and quantity <= 0):
            return
        for line in find(self.lines, names):
            taken = line.quantity if quantity is None else min(quantity, line.quantity)
            line.quantity -= taken
            quantity = None if quantity is None else quantity - taken
        self.lines = [line for line in self.lines if line.quantity > 0]


def products(lines: list[Line]) -> list[Line]:
    """The lines that are no discounts."""
    return [line for line in lines if line.price is None or line.price >= 0]


def find(lines: list[Line], names: Names) -> list[Line]:
    """The lines that are a product, the one that shares the most names with it first."""
    return [line for near in nearest((line.names for line in lines), names) for line in lines if line.names == near]


def larger(mine: Line, theirs: Line, names: Names) -> Line:
    """The line of more pieces; what the product is called is known from both."""
    first, second = (theirs, mine) if theirs.quantity > mine.quantity else (mine, theirs)
    called = {word: said for word, said in second.words.items() if word in {"product_id", "sku"}}
    at, added = max(mine.at, theirs.at), max(mine.added, theirs.added)
    return replace(first, names=names, words=called | first.words, at=at, added=added)


def united(winner: list[Line], loser: list[Line]) -> list[Line]:
    """The lines of two carts, each product once."""
    lines = [replace(line) for line in winner]
    for theirs in loser:
        found = find(lines, theirs.names)
        if not found:
            lines.append(replace(theirs))
            continue
        mine = found[0]
        old, new = (mine, theirs) if theirs.quantity > mine.quantity else (theirs, mine)
        line = larger(mine, theirs, old.names.also(new.names))
        lines = [line if other is mine else other for other in lines]
        while others := [other for other in find(lines, line.names) if other is not line]:
            more = larger(line, others[0], others[0].names.also(line.names))
            lines = [more if other is line else other for other in lines if other is not others[0]]
            line = more
    return lines


def items_of(properties: dict[str, Any]) -> list[dict[str, Any]]:
    """What an event of a product is about: the event itself, or the products it lists where it names none."""
    listed = properties.get("products")
    if isinstance(listed, list) and names_of(properties) is None:
        return [product for product in listed if isinstance(product, dict)]
    return [properties]


def plain(value: Decimal | None) -> int | float | None:
    """A number as JSON shows it: an integer if it is one."""
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def union(winner: Cart, loser: Cart) -> Cart:
    """Two carts of profiles that turn out to be one person's (ruling 11), under the winner's cart id."""
    later, earlier = (loser, winner) if loser.touched > winner.touched else (winner, loser)
    both_abandoned = winner.state == loser.state == "abandoned"
    return Cart(
        winner.cart_id,
        min(winner.opened_at, loser.opened_at),
        max(winner.started, loser.started),
        "abandoned" if both_abandoned else "open",
        "checkout" if "checkout" in {winner.stage, loser.stage} else "cart",
        united(winner.lines, loser.lines),
        later.currency or earlier.currency,
        later.touched,
        max(winner.abandonment_no, loser.abandonment_no),
        winner.pending if both_abandoned else [],
    )
