"""Snowplow's e-commerce events in the contract's own names: an action, and entities beside it that say of what.

Schemas: snowplow_ecommerce_action 1-0-2, product, cart, transaction, refund, checkout_step, user of
com.snowplowanalytics.snowplow.ecommerce; and the older add_to_cart and remove_from_cart.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from collector.sdks.messages import Message, without_nothing
from collector.sdks.snowplow_schemas import Entity

ACTION: Final = "snowplow_ecommerce_action"
OLD: Final = {"add_to_cart": "Product Added", "remove_from_cart": "Product Removed"}
"""Schemas of the events before it, each about one product."""
NAMES: Final = {
    "add_to_cart": "Product Added", "remove_from_cart": "Product Removed", "product_view": "Product Viewed",
    "list_view": "Product List Viewed", "list_click": "Product Clicked", "checkout_step": "Checkout Step Completed",
    "transaction": "Order Completed", "refund": "Order Refunded",
}  # fmt: skip
"""Types of the action to names of events; another type is the name of its event."""
_PRODUCT: Final = {"id": "product_id"}
_TRANSACTION: Final = {
    "transaction_id": "order_id", "discount_code": "coupon", "refund_amount": "revenue", "refund_reason": "reason",
    "total_quantity": "quantity",
}  # fmt: skip
_CHECKOUT: Final = {"coupon_code": "coupon"}
_PURCHASES: Final = ("transaction", "refund")


def action(data: Message, around: list[Entity]) -> Message:
    """The track call of an action (`data`) with the entities `around` it."""
    kind = data.get("type")
    name = NAMES.get(kind, kind) if type(kind) is str else None
    properties = {key: value for key, value in data.items() if key not in ("type", "name")}
    if data.get("name"):
        properties["list_name"] = data["name"]
    if kind in _PURCHASES:
        properties |= _renamed(_first(around, str(kind)), _TRANSACTION)
    elif kind == "checkout_step":
        properties |= _renamed(_first(around, "checkout_step"), _CHECKOUT)
    cart = _first(around, "cart")
    properties |= {key: cart[key] for key in ("cart_id", "currency") if key in cart}
    products = [_renamed(product, _PRODUCT) for product in _all(around, "product")]
    if len(products) == 1 and kind not in _PURCHASES and kind not in ("list_view", "checkout_step"):
        properties = {**properties, **products[0]}
    elif products:
        properties["products"] = products
    return {"type": "track", "event": name, "properties": without_nothing(properties)}


def old(schema: str, data: Message) -> Message:
    """The track call of an `add_to_cart` or `remove_from_cart` of its own schema."""
    named = {"unit_price": "price", "unitPrice": "price"}
    return {"type": "track", "event": OLD[schema], "properties": _renamed(data, named)}


def user(around: list[Entity]) -> Message:
    """The `user` entity: `id` (not of a guest) and `email`."""
    found = _first(around, "user")
    return {key: value for key, value in found.items() if key != "id" or found.get("is_guest") is not True}


def _renamed(data: Message, names: dict[str, str]) -> Message:
    return without_nothing({names.get(key, key): value for key, value in data.items()})


def _first(around: list[Entity], name: str) -> Message:
    return next(iter(_all(around, name)), {})


def _all(around: Iterable[Entity], name: str) -> Iterable[dict[str, Any]]:
    return (data for schema, data in around if schema == name)
