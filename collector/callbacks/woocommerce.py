"""WooCommerce's webhooks: orders by their status, with their refunds, and customers.

HMAC-SHA256 over the body in base64, under the webhook's secret. The header with the topic is not signed.
https://developer.woocommerce.com/docs/apis/rest-api/v3/orders
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Iterator
from typing import Any, Final

from collector.callbacks.body import load_object, objects, part, text
from collector.callbacks.events import (
    IGNORED,
    Person,
    Reading,
    clipped,
    id_of,
    identify,
    moment,
    together,
    track,
    unmapped,
    version,
)
from collector.callbacks.request import Request, UnsignedError, digest, equal
from schemas import names
from schemas.money import micros

NAME: Final = "woocommerce"
CHANNEL: Final = "web"
_SIGNATURE: Final = "x-wc-webhook-signature"
_TOPIC: Final = "x-wc-webhook-topic"
_PING: Final = re.compile(rb"webhook_id=[0-9]{1,20}")
_STANDS: Final = frozenset({"processing", "completed", "on-hold", "refunded"})
"""An order that was placed; `on-hold` waits for a transfer."""
_PENDING: Final = frozenset({"pending", "checkout-draft"})
"""Not paid yet, and not an order before it is."""
_VOID: Final = frozenset({"cancelled", "failed"})
_CHANNELS: Final = {"pos": "store", "pos-rest-api": "store", "admin": "callcenter"}


def verify(request: Request, secret: str) -> None:
    """Raise UnsignedError unless the body is signed with `secret`."""
    given = request.header(_SIGNATURE)
    if not given:
        raise UnsignedError("no signature")
    if not equal(base64.b64encode(hmac.digest(secret.encode(), request.body, "sha256")).decode(), given):
        raise UnsignedError("wrong signature")


def is_ping(request: Request) -> bool:
    """Whether it is what a new webhook is tried with: not signed, and nothing but the webhook's number."""
    return not request.header(_SIGNATURE) and _PING.fullmatch(request.body) is not None


def known_by(request: Request) -> str:
    """What the same request has again: topic and body, which says when it was made."""
    return digest(request.header(_TOPIC).lower(), request.body)


def read(request: Request) -> Reading:
    """The events of a request. Raises UnreadableError."""
    if _PING.fullmatch(request.body):
        return IGNORED
    found = load_object(request.body)
    topic = request.header(_TOPIC).lower()
    if topic in ("order.created", "order.updated", "order.restored"):
        return _order(found, request.now, new=topic == "order.created")
    if topic in ("customer.created", "customer.updated"):
        return _customer(found, request.now)
    return IGNORED if topic else unmapped(CHANNEL, NAME, "no topic", found)


def _order(found: dict[str, Any], now: int, *, new: bool) -> Reading:
    order_id, status = text(found.get("id")), text(found.get("status")).lower()
    if not order_id or not status or "line_items" not in found:
        return unmapped(CHANNEL, NAME, "no order", found)
    channel = _CHANNELS.get(text(found.get("created_via")).lower(), CHANNEL)
    created = moment(found.get("date_created_gmt"), now)
    changed = moment(found.get("date_modified_gmt"), created)
    placed = created if new else moment(found.get("date_paid_gmt"), created)
    buyer, context = _buyer(found), {"userAgent": clipped(found.get("customer_user_agent"))}
    said = {
        "order_id": order_id, "order_name": text(found.get("number")), "currency": clipped(found.get("currency")),
        "total": text(found.get("total")), "discount": text(found.get("discount_total")),
        "tax": text(found.get("total_tax")), "shipping": text(found.get("shipping_total")),
        "coupons": [code for one in objects(found.get("coupon_lines")) if (code := text(one.get("code")))] or None,
        "products": [_product(line) for line in objects(found["line_items"])], "status": status, "provider": NAME,
    }  # fmt: skip

    def told(name: str, at: int, *event_id: str) -> Reading:
        made_id = id_of(NAME, "order", order_id, *event_id)
        return Reading((track(channel, name, made_id, at, buyer, said, context),))

    if status in _VOID:
        said["products"] = None
        return told(names.ORDER_CANCELLED, changed, status, version(found))
    if status in _PENDING:
        # No order yet: what is in it is at the checkout.
        said["checkout_id"], said["value"] = said.pop("order_id"), said.pop("total")
        buyer = buyer._replace(typed=True)
        return told(names.CHECKOUT_STARTED, changed, status, version(found))
    if status not in _STANDS:
        return IGNORED
    each = [told(names.ORDER_COMPLETED, placed, "completed", str(placed))]
    if not new:
        # The order may be known with another value.
        each.append(told(names.ORDER_UPDATED, changed, "updated", version(found)))
    return together((*each, *_refunds(found, channel, changed, status)))


def _refunds(found: dict[str, Any], channel: str, at: int, status: str) -> Iterator[Reading]:
    """The refunds that an order lists: all of them each time, so each counts once by its id."""
    order_id, coin = text(found.get("id")), clipped(found.get("currency"))
    listed = [(text(one.get("id")), text(one.get("total"))) for one in objects(found.get("refunds"))]
    if not listed and status == "refunded":
        listed = [(f"{order_id}:all", text(found.get("total")))]
    for refund_id, total in listed:
        amount = micros(total)
        if not refund_id or amount is None:
            yield unmapped(channel, NAME, "a refund without an amount", found.get("refunds"))
            continue
        said = {
            "order_id": order_id, "refund_id": refund_id, "total": total.lstrip("-"), "currency": coin,
            "provider": NAME,
        }  # fmt: skip
        event_id = id_of(NAME, "refund", refund_id)
        yield Reading((track(channel, names.ORDER_REFUNDED, event_id, at, _buyer(found), said),))


def _customer(found: dict[str, Any], now: int) -> Reading:
    user_id = text(found.get("id"))
    if not user_id or "email" not in found:
        return unmapped(CHANNEL, NAME, "no customer", found)
    at = moment(found.get("date_modified_gmt"), moment(found.get("date_created_gmt"), now))
    phone = text(part(found, "billing", "phone"))
    traits = {"firstName": clipped(found.get("first_name")), "lastName": clipped(found.get("last_name"))}
    person = Person(user_id=user_id, email=text(found.get("email")), phone=phone)
    return Reading((identify(CHANNEL, id_of(NAME, "customer", user_id, version(found)), at, person, traits),))


def _buyer(found: dict[str, Any]) -> Person:
    billing, user_id = found.get("billing"), text(found.get("customer_id"))
    # A guest is customer 0.
    user_id = user_id if user_id.strip("0") else ""
    return Person(user_id=user_id, email=text(part(billing, "email")), phone=text(part(billing, "phone")))


def _product(line: dict[str, Any]) -> dict[str, Any]:
    variation = text(line.get("variation_id"))
    item = {
        "product_id": text(line.get("product_id")), "variant": variation if variation.strip("0") else "",
        "sku": text(line.get("sku")), "name": clipped(line.get("name")), "price": text(line.get("price")),
        "quantity": line.get("quantity"), "image_url": clipped(part(line, "image", "src")),
    }  # fmt: skip
    return {key: value for key, value in item.items() if value is not None and value != ""}
