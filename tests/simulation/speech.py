"""What producers of a history say in other vocabularies: the product reads these records, the oracle the plain ones.

Written by hand from each vendor's documentation, not from the product's table.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable
from typing import Any

import orjson

from schemas.record import Record

Said = tuple[str, dict[str, Any]]
SINGLE = {
    "Product Added": ("add_to_cart", "AddToCart"),
    "Product Removed": ("remove_from_cart", None),
    "Product Viewed": ("view_item", "ViewContent"),
    "Product Added to Wishlist": ("add_to_wishlist", "AddToWishlist"),
}
SNAPSHOTS = {"Cart Viewed": ("view_cart", None), "Checkout Started": ("begin_checkout", "InitiateCheckout")}
GA4_ITEM = {"product_id": "item_id", "name": "item_name", "variant": "item_variant"}
TIKTOK_ITEM = {"product_id": "content_id", "name": "content_name"}
KLAVIYO_ITEM = {"product_id": "ProductID", "sku": "SKU", "name": "ProductName", "price": "ItemPrice",
                "quantity": "Quantity"}  # fmt: skip
ADDED_ITEM = {"product_id": "AddedItemProductID", "sku": "AddedItemSKU", "name": "AddedItemProductName",
              "price": "AddedItemPrice", "quantity": "AddedItemQuantity"}  # fmt: skip
OF_THE_ITEM = ("product_id", "sku", "name", "variant", "price", "quantity", "url", "image_url")
COMMERCE = {"items", "transaction_id", "currency", "value", "revenue", "total"}
OPENED = {
    ("email", "Email Opened"): "open", ("email", "Email Link Clicked"): "click",
    ("email", "Email Delivered"): "delivered",
    ("email", "Email Marked as Spam"): "spamreport", ("sms", "SMS Link Clicked"): "clicked",
    ("push", "Push Notification Tapped"): "message.push.clicked",
}  # fmt: skip


def renamed(item: Any, names: dict[str, str]) -> Any:
    """An item under other names."""
    return {names.get(key, key): value for key, value in item.items()} if isinstance(item, dict) else item


def parted(properties: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What an event of one product says of the product, and the rest."""
    item = {key: value for key, value in properties.items() if key in OF_THE_ITEM}
    return item, {key: value for key, value in properties.items() if key not in OF_THE_ITEM}


def products(properties: dict[str, Any], key: str, names: dict[str, str]) -> dict[str, Any] | None:
    """The properties with their products under another key and other names; None where there is no list of them."""
    listed = properties.get("products")
    if not isinstance(listed, list):
        return None
    rest = {name: value for name, value in properties.items() if name != "products"}
    return {**rest, key: [renamed(item, names) for item in listed]}


def ga4(name: str, properties: dict[str, Any]) -> Said | None:
    """GA4: `items`, `transaction_id`."""
    if name in SINGLE:
        item, rest = parted(properties)
        return SINGLE[name][0], {**rest, "items": [renamed(item, GA4_ITEM)]}
    listed = products(properties, "items", GA4_ITEM)
    if name in SNAPSHOTS and listed is not None:
        return SNAPSHOTS[name][0], listed
    if name == "Order Completed":
        return "purchase", renamed(properties if listed is None else listed, {"order_id": "transaction_id"})
    return None


def data_layer(name: str, properties: dict[str, Any]) -> Said | None:
    """GA4 within `ecommerce`, as Google Tag Manager has it; what is not about money and products stays outside."""
    said = ga4(name, properties)
    if name == "Order Refunded":
        said = "refund", renamed(properties, {"order_id": "transaction_id"})
    if said is None:
        return None
    inner = {key: value for key, value in said[1].items() if key in COMMERCE}
    return said[0], {**{key: value for key, value in said[1].items() if key not in COMMERCE}, "ecommerce": inner}


def tiktok(name: str, properties: dict[str, Any]) -> Said | None:
    """TikTok: `contents`."""
    if name in SINGLE and SINGLE[name][1]:
        item, rest = parted(properties)
        return str(SINGLE[name][1]), {**rest, "contents": [renamed(item, TIKTOK_ITEM)]}
    listed = products(properties, "contents", TIKTOK_ITEM)
    if name in SNAPSHOTS and SNAPSHOTS[name][1] and listed is not None:
        return str(SNAPSHOTS[name][1]), listed
    if name == "Order Completed":
        return "CompletePayment", properties if listed is None else listed
    return None


def klaviyo(name: str, properties: dict[str, Any]) -> Said | None:
    """Klaviyo: what was added beside a cart that holds more."""
    if name == "Product Added" and (properties.get("sku") or properties.get("product_id")):
        cart = [{"ProductID": "another", "ItemPrice": 1, "Quantity": 5}]
        return "Added to Cart", {**renamed(properties, ADDED_ITEM), "Items": cart, "$value": 999}
    listed = products(properties, "Items", KLAVIYO_ITEM)
    if name == "Checkout Started" and listed is not None:
        return "Started Checkout", listed
    if name == "Order Completed" and "order_id" in properties:
        said = renamed(properties if listed is None else listed, {"order_id": "$event_id"})
        return "Placed Order", said
    return None


def spelled(name: str, properties: dict[str, Any]) -> Said | None:
    """Our own names, as programmers write them."""
    return name.replace(" ", "_").lower(), renamed(properties, {"order_id": "orderId", "product_id": "productId"})


VOCABULARIES: tuple[Callable[[str, dict[str, Any]], Said | None], ...] = (ga4, data_layer, tiktok, klaviyo, spelled)
KNOWN = {*SINGLE, *SNAPSHOTS, "Order Completed", "Order Refunded"}


def spoken(records: Iterable[Record], seed: int) -> Iterable[Record]:
    """The same records, some of them in the words of another vocabulary; in every third seed all stay as they are."""
    for record in records:
        message = orjson.loads(record.value or b"")
        # A repeat says the same again, and without a messageId an event is known by its words.
        rng = random.Random(f"speech {seed} {message.get('messageId')}")
        said = None
        if seed % 3 and isinstance(message.get("messageId"), str) and rng.random() < 0.8:
            said = otherwise(record.topic.removeprefix("channels."), message, rng)
        yield record if said is None else record._replace(value=orjson.dumps({**message, **said}))


def otherwise(channel: str, message: dict[str, Any], rng: random.Random) -> dict[str, Any] | None:
    """What replaces fields of a call; None where the vocabulary has no word for it."""
    properties = message.get("properties") or {}
    if not isinstance(properties, dict):
        return None
    if message.get("type") in ("page", "screen"):
        if isinstance(message.get("name"), str) and not {"name", "title"} & properties.keys():
            return {"type": "track", "event": f"{message['type']}_view",
                    "properties": {**properties, "page_title": message["name"]}, "name": None}  # fmt: skip
        return None
    if message.get("type") != "track" or not isinstance(message.get("event"), str):
        return None
    name = next((one for one in KNOWN if one.lower() == " ".join(message["event"].lower().split())), None)
    if name is not None:
        said = rng.choice(VOCABULARIES)(name, properties)
        return None if said is None else {"event": said[0], "properties": said[1]}
    word = OPENED.get((channel, message["event"]))
    ours = properties.get("message_id")
    if word is None or (ours is not None and not re.fullmatch("[0-9a-v]{48}", str(ours))):
        return None
    if word == "message.push.clicked" and "campaign_id" in properties:
        # Customer.io's is a campaign of its own (8.114).
        return None
    return {"event": word}
