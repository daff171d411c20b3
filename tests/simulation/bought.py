"""No message names a thing bought since, or too shortly before: said of the written records alone."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from typing import Any

from tests.oracle.reading import order_value

Row = dict[str, Any]
MINUTE, DAY = 60_000, 86_400_000
WANTED = {"browse_abandoned", "price_dropped", "back_in_stock", "product_added"}
CARTS = {"cart_abandoned", "checkout_abandoned"}
LINES = {"Product Added", "Cart Viewed", "Checkout Started"}
SHOPS = {"web", "app", "store", "marketplace", "messenger"}
_SHOWN = re.compile(r" (?:product|with) ([^/ ]*)/([^/ ]*)/")


def names_bought(
    message: Row, events: Iterable[Row], purchases: Container[str], abandonments: Iterable[Row]
) -> Iterator[str]:
    """What a message names although an order of the customer's had it, one line each.

    `events` are the customer's, `purchases` the messageIds of orders that are purchases and not cancelled,
    `abandonments` the rows of cart.transitions. A reminder of a cart names its lines, half an hour after the last of
    them; what is named within half an hour of an order that had it is the order's, unless it was put in once more after
    five minutes. What the others are about shows in their text. What is of one millisecond, or late, is left open; so
    are variants.
    """
    kind, about = message["trigger"]["type"], message["trigger"]
    events = list(events)
    if kind in CARTS:
        if any(e["channel"] not in SHOPS and e["name"] in LINES for e in events):
            return
        named = [
            (line["product_id"], line["sku"])
            for row in abandonments
            if row["cart_id"] == about["cart_id"] and row["to"] == "abandoned" and row["at"] == about["at"]
            for line in row["lines"]
        ]
        since = message["triggered"] - 60 * MINUTE
    elif kind in WANTED:
        named = [(one or None, sku or None) for one, sku in _SHOWN.findall(message["body"] or "")]
        since = message["at"] - 30 * DAY
    else:
        return
    for event in events:
        if event["name"] != "Order Completed" or event["message_id"] not in purchases or event["late"]:
            continue
        products = event["properties"].get("products")
        if not since < event["time"] < message["at"] or not isinstance(products, list):
            continue
        if order_value(event["properties"]) < 0:
            continue  # a refund
        again = [
            (later["properties"].get("product_id"), later["properties"].get("sku")) for later in events
            if kind in CARTS and later["name"] == "Product Added" and later["time"] > event["time"] + 5 * MINUTE
        ]  # fmt: skip
        for item in products:
            if isinstance(item, dict) and any(same(item, one and str(one), sku and str(sku)) for one, sku in again):
                continue
            if isinstance(item, dict) and str(item.get("price")).startswith("-"):
                continue  # a discount
            if isinstance(item, dict) and not item.get("variant") and any(same(item, *one) for one in named):
                yield f"a message names {item}, bought at {event['event_time']}: {message}"


def same(item: Row, product_id: str | None, sku: str | None) -> bool:
    """Whether a product of an order is a product in a message."""
    own_id, own_sku = (str(item[name]).lower() if item.get(name) else None for name in ("product_id", "sku"))
    product_id, sku = product_id and product_id.lower(), sku and sku.lower()
    if own_sku and sku and own_sku != sku:
        return False
    return bool((sku and sku == own_sku) or (product_id and product_id == own_id))
