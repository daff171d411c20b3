"""Carts and checkouts of Shopify: each tells all of its lines, so each is a snapshot."""

from __future__ import annotations

from typing import Any

from collector.callbacks.body import objects, part, text
from collector.callbacks.events import IGNORED, Person, Reading, clipped, id_of, moment, track, unmapped, version
from collector.callbacks.shopify_lines import NAME, codes, currency, person, products, visitor
from schemas import names


def checkout(found: dict[str, Any], now: int) -> Reading:
    """A checkout began, or was changed (checkouts/create, checkouts/update); `found` is the body, `now` epoch ms.

    Its addresses were typed into a form. One that is complete is told by its order.
    """
    token = text(found.get("token")) or text(found.get("id"))
    if not token or "line_items" not in found:
        return unmapped("web", NAME, "no checkout", found)
    if found.get("completed_at"):
        return IGNORED
    cart_token = text(found.get("cart_token"))
    said = {
        "checkout_id": token, "cart_id": cart_token.partition("?")[0], "currency": currency(found),
        "value": text(found.get("total_price")), "discount": text(found.get("total_discounts")),
        "coupons": codes(found), "products": products(found.get("line_items")),
        "checkout_url": clipped(found.get("abandoned_checkout_url")), "provider": NAME,
    }  # fmt: skip
    at = moment(found.get("updated_at"), moment(found.get("created_at"), now))
    customer = person(found, cart_token or token, typed=True)
    event_id = id_of(NAME, "checkout", token, version(found))
    context = {"locale": clipped(found.get("customer_locale"))}
    return Reading((track("web", names.CHECKOUT_STARTED, event_id, at, customer, said, context),))


def cart(found: dict[str, Any], now: int) -> Reading:
    """A cart as it stands (carts/create, carts/update); `found` is the body, `now` epoch milliseconds."""
    token = text(found.get("token")) or text(found.get("id"))
    if not token or "line_items" not in found:
        return unmapped("web", NAME, "no cart", found)
    lines = objects(found["line_items"])
    coins = {text(part(line, "price_set", "shop_money", "currency_code")) for line in lines} - {""}
    said = {
        "cart_id": token.partition("?")[0], "products": products(lines), "provider": NAME,
        "currency": coins.pop() if len(coins) == 1 else None,
    }  # fmt: skip
    at = moment(found.get("updated_at"), moment(found.get("created_at"), now))
    event_id = id_of(NAME, "cart", token, version(found))
    return Reading((track("web", names.CART_VIEWED, event_id, at, Person(anonymous_id=visitor(token)), said),))
