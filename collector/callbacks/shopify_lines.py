"""What orders, checkouts and carts of Shopify have in common: lines, money, codes, and who it is."""

from __future__ import annotations

from typing import Any, Final

from collector.callbacks.body import objects, part, text
from collector.callbacks.events import Person, clipped

NAME: Final = "shopify"
_CART: Final = "shopify-cart:"


def products(lines: Any) -> list[dict[str, Any]]:
    """The lines as products of ours: a variant is known by its id, prices are text as they came."""
    return [_filled(_product(line)) for line in objects(lines)]


def person(found: dict[str, Any], token: str, *, typed: bool) -> Person:
    """Who an order or checkout (`found`) is of: its customer, its addresses, and the cart whose `token` it has.

    A cart of Shopify has no customer and a checkout at first none: the token of the cart joins them, as a visitor's id.
    `typed`: the addresses were only typed into a form.
    """
    customer = found.get("customer")
    email = text(found.get("email")) or text(found.get("contact_email")) or text(part(customer, "email"))
    phone = text(found.get("phone")) or text(part(customer, "phone"))
    return Person(text(part(customer, "id")), visitor(token), email, phone, typed=typed)


def visitor(token: str) -> str:
    """The visitor that a cart, by its `token`, stands for; empty without one. A token may have `?key=...` behind it."""
    known = token.partition("?")[0]
    return _CART + known if known else ""


def currency(found: dict[str, Any]) -> str | None:
    """The currency of the amounts in `found`: the shop's, as all plain amounts of Shopify are."""
    return clipped(found.get("currency"))


def codes(found: dict[str, Any]) -> list[str] | None:
    """The discount codes that were used, by `found`; None without any."""
    given = [text(one.get("code")) for one in objects(found.get("discount_codes"))]
    return [code for code in given if code] or None


def _product(line: dict[str, Any]) -> dict[str, Any]:
    money = part(line, "price_set", "shop_money")
    price = text(line.get("price")) or text(line.get("original_price")) or text(part(money, "amount"))
    off = text(line.get("total_discount"))
    return {
        "product_id": text(line.get("product_id")), "variant": text(line.get("variant_id")),
        "sku": text(line.get("sku")), "name": clipped(line.get("title")) or clipped(line.get("name")),
        "price": price, "quantity": line.get("quantity"), "currency": clipped(part(money, "currency_code")),
        "discount": off if off.strip("0.") else None, "brand": clipped(line.get("vendor")),
        "url": clipped(line.get("url")),
    }  # fmt: skip


def _filled(item: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in item.items() if value is not None and value != ""}
