"""Orders of Shopify: placed, paid, changed, cancelled, refunded. An order is known by its `id`, as on its pixels.

`total_price` is what the order came to; what was paid back since is told by refunds/create alone, so nothing is taken
off twice.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, Final

from collector.callbacks.body import objects, part, text
from collector.callbacks.events import Person, Reading, clipped, id_of, moment, track, unmapped, version
from collector.callbacks.shopify_lines import NAME, codes, currency, person, products
from schemas import names

_CHANNELS: Final = {"pos": "store", "android": "store", "iphone": "store", "shopify_draft_order": "callcenter"}
"""Where orders of a `source_name` were placed; all others on the web."""
_PAID_BACK: Final = frozenset({"refund", ""})
_NOT_MADE: Final = frozenset({"failure", "error"})


def completed(found: dict[str, Any], now: int) -> Reading:
    """An order was placed (orders/create); `found` is the body, `now` epoch milliseconds."""
    at = moment(found.get("created_at"), moment(found.get("processed_at"), now))
    return _order(names.ORDER_COMPLETED, found, at, "create")


def paid(found: dict[str, Any], now: int) -> Reading:
    """An order was paid (orders/paid): the order, or its repeat; `found` is the body, `now` epoch milliseconds."""
    at = moment(found.get("updated_at"), moment(found.get("processed_at"), now))
    return _order(names.ORDER_COMPLETED, found, at, "paid")


def updated(found: dict[str, Any], now: int) -> Reading:
    """An order was changed (orders/updated); `found` is the body, `now` epoch milliseconds."""
    at = moment(found.get("updated_at"), now)
    return _order(names.ORDER_UPDATED, found, at, "updated", version(found))


def cancelled(found: dict[str, Any], now: int) -> Reading:
    """An order was cancelled (orders/cancelled); `found` is the body, `now` epoch milliseconds."""
    if not found.get("cancelled_at"):
        return unmapped("web", NAME, "an order that is not cancelled", found)
    return _order(names.ORDER_CANCELLED, found, moment(found["cancelled_at"], now), "cancelled")


def refunded(found: dict[str, Any], now: int) -> Reading:
    """Money was paid back (refunds/create); `found` is the body, `now` epoch milliseconds.

    A refund without a transaction has taken lines back and paid nothing.
    """
    refund_id, order_id = text(found.get("id")), text(found.get("order_id"))
    if not refund_id or not order_id:
        return unmapped("web", NAME, "a refund without its order", found)
    made = [one for one in objects(found.get("transactions")) if _is_paid_back(one)]
    lines = [
        {**(line["line_item"] if isinstance(line.get("line_item"), dict) else {}), "quantity": line.get("quantity")}
        for line in objects(found.get("refund_line_items"))
    ]
    said = {
        "order_id": order_id, "refund_id": refund_id, "total": _sum(made), "products": products(lines) or None,
        "currency": next((clipped(one.get("currency")) for one in made), None), "provider": NAME,
    }  # fmt: skip
    at = moment(found.get("processed_at"), moment(found.get("created_at"), now))
    event = track("web", names.ORDER_REFUNDED, id_of(NAME, "refund", refund_id), at, Person(), said)
    return Reading((event,))


def _order(name: str, found: dict[str, Any], at: int, *event_id: str) -> Reading:
    order_id = text(found.get("id"))
    if not order_id or "total_price" not in found:
        return unmapped("web", NAME, "no order", found)
    channel = _CHANNELS.get(text(found.get("source_name")).lower(), "web")
    location = text(found.get("location_id")) if channel == "store" else ""
    said = {
        "order_id": order_id, "order_name": clipped(found.get("name")), "currency": currency(found),
        "total": text(found.get("total_price")), "discount": text(found.get("total_discounts")),
        "tax": text(found.get("total_tax")),
        "shipping": text(part(found, "total_shipping_price_set", "shop_money", "amount")),
        "coupons": codes(found), "products": products(found.get("line_items")),
        "checkout_id": text(found.get("checkout_token")), "cart_id": text(found.get("cart_token")).partition("?")[0],
        "store_id": location, "reason": clipped(found.get("cancel_reason")),
        "test": True if found.get("test") is True else None, "provider": NAME,
    }  # fmt: skip
    if name == names.ORDER_CANCELLED:
        said["products"] = None
    context = {"userAgent": clipped(part(found, "client_details", "user_agent"))}
    buyer = person(found, text(found.get("cart_token")), typed=False)
    event = track(channel, name, id_of(NAME, "order", order_id, *event_id), at, buyer, said, context)
    return Reading((event,))


def _is_paid_back(transaction: dict[str, Any]) -> bool:
    kind, status = text(transaction.get("kind")).lower(), text(transaction.get("status")).lower()
    return kind in _PAID_BACK and status not in _NOT_MADE


def _sum(transactions: list[dict[str, Any]]) -> str:
    total = Decimal(0)
    for one in transactions:
        try:
            amount = Decimal(text(one.get("amount")))
        except InvalidOperation:
            continue
        if amount.is_finite():
            total += amount
    return f"{total:f}"
