"""Shopify's webhooks: orders, refunds, checkouts, carts and customers; the topic is in a header, the rest in the body.

HMAC-SHA256 over the body, under the app's secret. The header with the topic is not signed, so each body has to look
like what its topic says, and ids are made of the body alone.
https://shopify.dev/docs/apps/build/webhooks
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable
from typing import Any, Final

from collector.callbacks import shopify_carts, shopify_customers, shopify_orders
from collector.callbacks.body import load_object
from collector.callbacks.events import IGNORED, Reading, unmapped
from collector.callbacks.request import Request, UnsignedError, digest, equal

NAME: Final = "shopify"
CHANNEL: Final = "web"
_SIGNATURES: Final = ("x-shopify-hmac-sha256", "shopify-hmac-sha256")
_TOPICS: Final = ("x-shopify-topic", "shopify-topic")
_READERS: Final[dict[str, Callable[[dict[str, Any], int], Reading]]] = {
    "orders/create": shopify_orders.completed, "orders/paid": shopify_orders.paid,
    "orders/updated": shopify_orders.updated, "orders/cancelled": shopify_orders.cancelled,
    "refunds/create": shopify_orders.refunded,
    "checkouts/create": shopify_carts.checkout, "checkouts/update": shopify_carts.checkout,
    "carts/create": shopify_carts.cart, "carts/update": shopify_carts.cart,
    "customers/create": shopify_customers.customer, "customers/update": shopify_customers.customer,
    "customers_email_marketing_consent/update": shopify_customers.email_consent,
    "customers_sms_marketing_consent/update": shopify_customers.sms_consent,
}  # fmt: skip


def verify(request: Request, secret: str) -> None:
    """Raise UnsignedError unless the body is signed with `secret`."""
    given = request.header(*_SIGNATURES)
    if not given:
        raise UnsignedError("no signature")
    if not equal(base64.b64encode(hmac.digest(secret.encode(), request.body, "sha256")).decode(), given):
        raise UnsignedError("wrong signature")


def known_by(request: Request) -> str:
    """What the same request has again: topic and body, which says when it was made."""
    return digest(request.header(*_TOPICS).lower(), request.body)


def read(request: Request) -> Reading:
    """The events of a request. Raises UnreadableError."""
    found = load_object(request.body)
    topic = request.header(*_TOPICS).lower()
    reader = _READERS.get(topic)
    if reader is not None:
        return reader(found, request.now)
    return IGNORED if topic else unmapped(CHANNEL, NAME, "no topic", found)
