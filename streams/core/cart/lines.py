"""The lines of a cart: what Added, Removed and snapshots do to them, and their worth (docs/contract.md section 3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any, Final

from msgspec.structs import replace

from schemas.money import LIMIT, micros, quantity, to_number
from schemas.products import ProductIndex, grown, product_key, texts_of
from schemas.values import filled_text
from streams.core.campaigns.rates import Rates
from streams.core.profile.state import Cart, Line

Lines = dict[str, Line]
MOST_PIECES: Final = 1_000_000_000
"""Nobody carries more of one thing; beyond it a sum could leave 64 bits."""
MOST_LINES: Final = 1_000
"""Lines of a cart; more are left out, or one event could keep a worker busy for minutes."""


class LineItems:
    """The lines of a cart by product key, no two of which are the same product (schemas/products.py).

    `lines` is changed in place; lines stand in the order in which they came.
    """

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self._index: ProductIndex | None = None

    def add(self, item: Mapping[str, Any], at: int, added: int | None = None) -> None:
        """Product Added: one more of the line of `item`, or as many as its quantity says.

        `item` holds the properties of an event at `at` (epoch milliseconds), or of one of its products. Newer details
        replace older ones; details that are missing leave them. A cart that has `MOST_LINES` gets no new line. `added`
        is when the customer put it in, 0 for nobody knows, as in a snapshot; `at` if not given.
        """
        added = at if added is None else added
        key, count = product_key(item), quantity(item.get("quantity"))
        count = 1 if count is None else min(count, MOST_PIECES)
        if key is None or count <= 0:
            return
        found = self.find(key)
        if found:
            line = self.lines[found[0]]
            line.quantity = min(line.quantity + count, MOST_PIECES)
            _tell(line, line_of(item, count))
            line.at, line.added = max(line.at, at), max(line.added, added)
            self._rename(found[0], grown(found[0], key), _sum)
        else:
            line = line_of(item, count)
            line.at, line.added = at, added
            self._put(key, line)

    def remove(self, item: Mapping[str, Any]) -> None:
        """Product Removed: fewer of what `item` (the event's properties) names; all of it when no quantity is given.

        An item may name several lines, say two variants; the pieces are taken from one after the other.
        """
        key, count = product_key(item), quantity(item.get("quantity"))
        if key is None or (count is not None and count <= 0):
            return
        for found in self.find(key):
            line = self.lines[found]
            if count is not None and count < line.quantity:
                line.quantity -= count
                return
            count = None if count is None else count - line.quantity
            self._drop(found)
            if count == 0:
                return

    def unite(self, key: str, line: Line) -> None:
        """A line of another cart, `key` its product key: of one product the larger quantity, of equals what is here."""
        found = self.find(key)
        if not found:
            self._put(key, line)
            return
        mine = found[0]
        larger = line.quantity > self.lines[mine].quantity
        self.lines[mine] = _larger(self.lines[mine], line)
        self._rename(mine, grown(mine, key) if larger else grown(key, mine), _larger)

    def know(self, key: str, other: str) -> None:
        """The line of `key` is known by the names of the product key `other` as well, where it has none of its own."""
        self._rename(key, grown(other, key), _sum)

    def find(self, key: str) -> list[str]:
        """The keys of the lines that are the product of this key: the one that shares the most names with it first."""
        # No two lines are the same product, so whatever has all of these names and no other is the only one.
        return [key] if key in self.lines else self._by_name().find(key)

    def _rename(self, key: str, now: str, join: Callable[[Line, Line], Line]) -> None:
        """The line of `key` is known by more names, those of the key `now`; lines that prove to be the same are joined.

        `join` is given the line and another one, and returns what they are together.
        """
        if now == key:
            return
        index, lines = self._by_name(), self.lines
        index.add(now, instead=key)
        renamed = {now if known == key else known: line for known, line in lines.items()}
        lines.clear()
        lines.update(renamed)
        other = next((found for found in index.find(now) if found != now), None)
        while other is not None:
            lines[now] = join(lines[now], lines[other])
            self._drop(other)
            if (more := grown(other, now)) != now:
                self._rename(now, more, join)
                return
            other = next((found for found in index.find(now) if found != now), None)

    def _put(self, key: str, line: Line) -> None:
        if len(self.lines) >= MOST_LINES:
            return
        self.lines[key] = line
        if self._index is not None:
            self._index.add(key)

    def _drop(self, key: str) -> None:
        del self.lines[key]
        if self._index is not None:
            self._index.remove(key)

    def _by_name(self) -> ProductIndex:
        if self._index is None:
            self._index = ProductIndex(self.lines)
        return self._index


def snapshot(products: Iterable[Any], currency: str | None, at: int) -> Lines:
    """Cart Viewed and Checkout Started with `products[]`: the lines as they stand at `at` (epoch milliseconds).

    `currency` is the event's own, for products that name none.
    """
    items = LineItems({})
    for item in products:
        if isinstance(item, dict):
            items.add(item if currency is None or item.get("currency") else {**item, "currency": currency}, at, added=0)
    return items.lines


def keep(lines: Lines, before: Lines) -> None:
    """Of what a snapshot names, what was known `before`: who brought it, when it was put in, and its other names.

    An item that may be several of the lines before has no other names than its own.
    """
    if not before:
        return
    items, named = LineItems(before), LineItems(lines)
    for key, line in list(lines.items()):
        if found := items.find(key):
            known = before[found[0]]
            line.by, line.added = known.by, known.added
            if len(found) == 1 and key in lines:
                named.know(key, found[0])


def union(winner: Lines, loser: Lines) -> Lines:
    """Line by line the larger quantity, with its details; of equals the winner's."""
    items = LineItems(dict(winner))
    for key, line in loser.items():
        items.unite(key, line)
    return items.lines


def worth(cart: Cart, rates: Rates | None, at: int) -> tuple[int | None, str | None]:
    """The worth of a cart in micros, with its currency: the sum of price x quantity over all lines.

    A line without a currency is in the cart's. Lines in other currencies are converted by the `rates` of the day of
    `at` (epoch milliseconds); the worth is None without them. A cart that is in no currency is then in that of the last
    line that names one.
    """
    total = _sum_of(cart)
    if total is not None or rates is None:
        return total, cart.currency
    target = cart.currency or next(line.currency for line in reversed(cart.lines.values()) if line.currency)
    sums: dict[str, int] = {}
    for line in cart.lines.values():
        if line.price is not None:
            source = line.currency or target
            sums[source] = sums.get(source, 0) + round(line.price * line.quantity)
    exact = Fraction(0)
    for source, amount in sums.items():
        rate = Fraction(1) if source == target else rates.between(source, target, at)
        if rate is None:
            return None, cart.currency
        exact += amount * rate
    return max(-LIMIT, min(round(exact), LIMIT)), target


def _sum_of(cart: Cart) -> int | None:
    """The sum of price x quantity in micros; None for lines in several currencies."""
    total, currency = 0, cart.currency
    for line in cart.lines.values():
        if line.price is not None:
            if line.currency is not None and line.currency != currency:
                if currency is not None:
                    return None
                currency = line.currency
            total += round(line.price * line.quantity)
    return max(-LIMIT, min(total, LIMIT))


def is_discount(line: Line) -> bool:
    """Whether the line lowers the cart's value: it is no product."""
    return line.price is not None and line.price < 0


def holds_products(lines: Lines) -> bool:
    """Whether any of the lines is no discount."""
    return not all(map(is_discount, lines.values()))


def of_products(lines: Lines) -> Lines:
    """The lines less the discounts."""
    return {key: line for key, line in lines.items() if not is_discount(line)}


def shown(lines: Lines) -> list[dict[str, Any]]:
    """The lines as they stand on `cart.transitions` and in templates."""
    return [shown_line(line) for line in lines.values()]


def shown_line(line: Line) -> dict[str, Any]:
    """A line as records and templates show it."""
    return {
        "product_id": line.product_id,
        "sku": line.sku,
        "name": line.name,
        "price": None if line.price is None else to_number(line.price),
        "quantity": line.quantity,
        "url": line.url,
        "image_url": line.image_url,
    }


def currency_of(properties: Mapping[str, Any]) -> str | None:
    """The currency's ISO code that the `properties` of an event or item name, in upper case; None without one."""
    code = filled_text(properties.get("currency"))
    return code.upper() if code else None


def line_of(item: Mapping[str, Any], count: int | float = 1) -> Line:  # noqa: PYI041 - compiled, `float` makes 1 of it 1.0
    """What an item of an event says about a product, as a line of `count` pieces."""
    product_id, sku, _, name, url, image_url = texts_of(item)
    return Line(
        product_id=product_id,
        sku=sku,
        name=name,
        price=micros(item.get("price")),
        quantity=count,
        url=url,
        image_url=image_url,
        currency=currency_of(item),
    )


def _tell(line: Line, new: Line) -> None:
    """What is newly said of a line; what is not said stays."""
    line.product_id = new.product_id or line.product_id
    line.sku = new.sku or line.sku
    line.name = new.name or line.name
    line.url = new.url or line.url
    line.image_url = new.image_url or line.image_url
    line.currency = new.currency or line.currency
    # A discount has a line of its own: a negative price makes none of a product.
    if new.price is not None and not (new.price < 0 and line.price is not None and line.price >= 0):
        line.price = new.price


def _larger(mine: Line, theirs: Line) -> Line:
    """One product in two carts: the line of more pieces, under the names of both."""
    first, second = (theirs, mine) if theirs.quantity > mine.quantity else (mine, theirs)
    return replace(
        first, product_id=first.product_id or second.product_id, sku=first.sku or second.sku,
        at=max(mine.at, theirs.at), added=max(mine.added, theirs.added),
    )  # fmt: skip


def _sum(mine: Line, theirs: Line) -> Line:
    """Two lines of a cart that prove to be one product: the pieces of both, and the details of `mine`."""
    pieces = min(mine.quantity + theirs.quantity, MOST_PIECES)
    both = replace(
        theirs, quantity=pieces, by=theirs.by or mine.by, at=max(mine.at, theirs.at),
        added=max(mine.added, theirs.added),
    )  # fmt: skip
    _tell(both, mine)
    return both
