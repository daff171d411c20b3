"""The lines of a cart: what Added, Removed and snapshots do to them, and their worth (docs/contract.md section 3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from schemas.money import LIMIT, micros, quantity, to_number
from schemas.values import filled_text
from streams.core.profile.state import Cart, Line

Lines = dict[str, Line]
MOST_PIECES: Final = 1_000_000_000
"""Nobody carries more of one thing; beyond it a sum could leave 64 bits."""


def line_key(item: Mapping[str, Any]) -> str | None:
    """`sku`, else `product_id` (+ `variant`); None when the item names neither."""
    if sku := filled_text(item.get("sku")):
        return f"s:{sku}"
    if product := filled_text(item.get("product_id")):
        variant = filled_text(item.get("variant"))
        return f"p:{product}/{variant}" if variant else f"p:{product}"
    return None


def add(lines: Lines, item: Mapping[str, Any]) -> None:
    """Product Added: one more of the line of `item`, or as many as its quantity says.

    `item` holds the properties of an event, or of one of its products. Newer details replace older ones; details that
    are missing leave them.
    """
    key, count = line_key(item), quantity(item.get("quantity"))
    count = 1 if count is None else min(count, MOST_PIECES)
    if key is None or count <= 0:
        return
    line = lines.get(key)
    if line is None:
        lines[key] = line_of(item, count)
        return
    line.quantity = min(line.quantity + count, MOST_PIECES)
    new = line_of(item, count)
    line.product_id = new.product_id or line.product_id
    line.sku = new.sku or line.sku
    line.name = new.name or line.name
    line.url = new.url or line.url
    line.image_url = new.image_url or line.image_url
    line.currency = new.currency or line.currency
    line.price = line.price if new.price is None else new.price


def remove(lines: Lines, item: Mapping[str, Any]) -> None:
    """Product Removed: fewer of the line of `item` (the event's properties); all of it when no quantity is given."""
    key = line_key(item)
    line = lines.get(key) if key is not None else None
    if key is None or line is None:
        return
    count = quantity(item.get("quantity"))
    if count is None or count >= line.quantity:
        del lines[key]
    elif count > 0:
        line.quantity -= count


def snapshot(products: Iterable[Any], currency: str | None) -> Lines:
    """Cart Viewed and Checkout Started with `products[]`: the lines as they stand now.

    `currency` is the event's own, for products that name none.
    """
    lines: Lines = {}
    for item in products:
        if isinstance(item, dict):
            add(lines, item if currency is None or item.get("currency") else {**item, "currency": currency})
    return lines


def union(winner: Lines, loser: Lines) -> Lines:
    """Line by line the larger quantity, with its details; of equals the winner's."""
    lines = dict(winner)
    for key, line in loser.items():
        mine = lines.get(key)
        if mine is None or line.quantity > mine.quantity:
            lines[key] = line
    return lines


def value(cart: Cart) -> int:
    """The worth of a cart in micros: the sum of price x quantity over the lines in the cart's currency."""
    total = sum(
        round(line.price * line.quantity)
        for line in cart.lines.values()
        if line.price is not None and line.currency in (None, cart.currency)
    )
    return min(total, LIMIT)


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


def line_of(item: Mapping[str, Any], count: float = 1) -> Line:
    """What an item of an event says about a product, as a line of `count` pieces."""
    price = micros(item.get("price"))
    return Line(
        product_id=filled_text(item.get("product_id")),
        sku=filled_text(item.get("sku")),
        name=filled_text(item.get("name")),
        price=None if price is None or price < 0 else price,
        quantity=count,
        url=filled_text(item.get("url")),
        image_url=filled_text(item.get("image_url")),
        currency=currency_of(item),
    )
