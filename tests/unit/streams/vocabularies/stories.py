"""One story in many vocabularies: two lamps of 30 go into the cart, the checkout begins, the order is made.

Property shapes are those of each vendor's own package or documentation.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Story(NamedTuple):
    """The three events; `lamp` is what the line of the cart says of (product_id, sku), `currency` what is known."""

    source: str
    added: tuple[str, dict[str, Any]]
    checkout: tuple[str, dict[str, Any]]
    purchase: tuple[str, dict[str, Any]]
    lamp: tuple[str | None, str | None]
    order_id: str | None
    currency: str | None = "EUR"


_GA4: dict[str, Any] = {"item_id": "L1", "item_name": "Lamp", "price": 30, "quantity": 2}
_UA: dict[str, Any] = {"id": "L1", "name": "Lamp", "price": "30.00", "quantity": 2}
_META: dict[str, Any] = {"id": "L1", "title": "Lamp", "item_price": 30, "quantity": 2}
_TIKTOK: dict[str, Any] = {"content_id": "L1", "content_name": "Lamp", "price": 30, "quantity": 2}
_PIN: dict[str, Any] = {"product_id": "L1", "product_name": "Lamp", "product_price": "30.00", "product_quantity": 2}
_VARIANT: dict[str, Any] = {
    "id": "44", "sku": "L1-W", "title": "White", "price": {"amount": 30.0, "currencyCode": "EUR"},
    "product": {"id": "7", "title": "Lamp"},
}  # fmt: skip
_PIXEL: dict[str, Any] = {"id": "line-1", "title": "Lamp", "quantity": 2, "variant": _VARIANT}
_HOOK: dict[str, Any] = {
    "id": 111, "product_id": 7, "variant_id": 44, "sku": "L1-W", "title": "Lamp", "price": "30.00", "quantity": 2,
}  # fmt: skip
_RUDDER: dict[str, Any] = {"product_id": "7", "sku": "L1-W", "title": "Lamp", "price": 30, "quantity": 2}
_KLAVIYO: dict[str, Any] = {
    "ProductID": "L1", "SKU": "L1-W", "ProductName": "Lamp", "ItemPrice": 30, "Quantity": 2, "RowTotal": 60,
}  # fmt: skip
_BRAZE: dict[str, Any] = {"product_id": "L1", "product_name": "Lamp", "variant_id": "v", "price": 30, "quantity": 2}
_SNOWPLOW: dict[str, Any] = {"id": "L1", "name": "Lamp", "price": 30, "quantity": 2, "currency": "EUR"}
_OMNISEND: dict[str, Any] = {"productID": "L1", "productTitle": "Lamp", "productPrice": 30, "productQuantity": 2}
_MATOMO = '[["L1","Lamp","Light",30,2]]'

STORIES = (
    Story(
        "GA4",
        ("add_to_cart", {"currency": "EUR", "value": 60, "items": [_GA4]}),
        ("begin_checkout", {"currency": "EUR", "value": 60, "items": [_GA4]}),
        ("purchase", {"transaction_id": "T1", "value": 60, "tax": 9, "currency": "EUR", "items": [_GA4]}),
        ("L1", None), "T1",
    ),
    Story(
        "GA4 in a data layer",
        ("add_to_cart", {"ecommerce": {"currency": "EUR", "value": 60, "items": [_GA4]}}),
        ("begin_checkout", {"ecommerce": {"currency": "EUR", "value": 60, "items": [_GA4]}}),
        ("purchase", {"ecommerce": {"transaction_id": "T1", "value": 60, "currency": "EUR", "items": [_GA4]}}),
        ("L1", None), "T1",
    ),
    Story(
        "Universal Analytics",
        ("addToCart", {"ecommerce": {"currencyCode": "EUR", "add": {"products": [_UA]}}}),
        ("checkout", {"ecommerce": {"currencyCode": "EUR", "checkout": {
            "actionField": {"step": 1}, "products": [_UA]}}}),
        ("purchase", {"ecommerce": {"currencyCode": "EUR", "purchase": {
            "actionField": {"id": "T1", "revenue": "60.00"}, "products": [_UA]}}}),
        ("L1", None), "T1",
    ),
    Story(
        "Meta with contents",
        ("AddToCart", {"value": 60, "currency": "EUR", "contents": [_META], "content_ids": ["L1"]}),
        ("InitiateCheckout", {"value": 60, "currency": "EUR", "contents": [_META], "num_items": 2}),
        ("Purchase", {"value": 60, "currency": "EUR", "contents": [_META], "order_id": "T1"}),
        ("L1", None), "T1",
    ),
    Story(
        "Meta with ids alone",
        ("AddToCart", {"value": 60, "currency": "EUR", "content_ids": ["L1"], "num_items": 2}),
        ("InitiateCheckout", {"value": 60, "currency": "EUR", "content_ids": ["L1"], "num_items": 2}),
        ("Purchase", {"value": 60, "currency": "EUR", "content_ids": ["L1"]}),
        ("L1", None), None,
    ),
    Story(
        "TikTok",
        ("AddToCart", {"value": 60, "currency": "EUR", "contents": [_TIKTOK]}),
        ("InitiateCheckout", {"value": 60, "currency": "EUR", "contents": [_TIKTOK]}),
        ("CompletePayment", {"value": 60, "currency": "EUR", "contents": [_TIKTOK], "order_id": "T1"}),
        ("L1", None), "T1",
    ),
    Story(
        "TikTok with one product",
        ("AddToCart", {"currency": "EUR", "value": 60, "quantity": 2, "content_id": "L1", "content_name": "Lamp"}),
        ("InitiateCheckout", {"value": 60, "currency": "EUR", "contents": [_TIKTOK]}),
        ("PlaceAnOrder", {"value": 60, "currency": "EUR", "contents": [_TIKTOK], "order_id": "T1"}),
        ("L1", None), "T1",
    ),
    Story(
        "Pinterest",
        ("add_to_cart", {"value": "60.00", "currency": "EUR", "line_items": [_PIN]}),
        ("Initiate Checkout", {"value": "60.00", "currency": "EUR", "line_items": [_PIN]}),
        ("checkout", {"value": "60.00", "currency": "EUR", "order_id": "T1", "line_items": [_PIN]}),
        ("L1", None), "T1",
    ),
    Story(
        "Snap",
        ("ADD_CART", {"price": 30, "currency": "EUR", "item_ids": ["L1"], "number_items": 2}),
        ("START_CHECKOUT", {"value": 60, "currency": "EUR", "item_ids": ["L1"], "number_items": 2}),
        ("PURCHASE", {"price": 60, "currency": "EUR", "transaction_id": "T1", "item_ids": ["L1"]}),
        ("L1", None), "T1",
    ),
    Story(
        "Bing",
        ("cart", {"ecomm_prodid": "L1", "value": 60, "quantity": 2, "currency": "EUR"}),
        ("begin_checkout", {"items": [_GA4], "currency": "EUR"}),
        ("purchase", {"transaction_id": "T1", "value": 60, "currency": "EUR"}),
        ("L1", None), "T1",
    ),
    Story(
        "Shopify's pixel",
        ("product_added_to_cart", {"cartLine": {"merchandise": _VARIANT, "quantity": 2, "cost": {"totalAmount": {
            "amount": 60.0, "currencyCode": "EUR"}}}}),
        ("checkout_started", {"checkout": {"token": "c1", "order": {"id": None}, "currencyCode": "EUR",
                                           "totalPrice": {"amount": 60.0, "currencyCode": "EUR"},
                                           "lineItems": [_PIXEL]}}),
        ("checkout_completed", {"checkout": {"token": "c1", "order": {"id": "T1"}, "currencyCode": "EUR",
                                             "totalPrice": {"amount": 60.0, "currencyCode": "EUR"},
                                             "lineItems": [_PIXEL]}}),
        ("7", "L1-W"), "T1",
    ),
    Story(
        "Shopify's webhooks",
        ("carts/update", {"id": "cart", "line_items": [_HOOK], "currency": "EUR"}),
        ("checkouts/create", {"id": 900, "token": "c1", "currency": "EUR", "total_price": "60.00",
                              "line_items": [_HOOK]}),
        ("orders/create", {"id": 4711, "name": "#1001", "currency": "EUR", "total_price": "60.00",
                           "line_items": [_HOOK]}),
        ("7", "L1-W"), "4711",
    ),
    Story(
        "RudderStack's Shopify source",
        ("Cart Update", {"products": [_RUDDER], "currency": "EUR"}),
        ("Checkout Started Webhook", {"order_id": 900, "value": 60, "currency": "EUR", "products": [_RUDDER]}),
        ("Order Created", {"order_id": 4711, "value": 60, "currency": "EUR", "products": [_RUDDER]}),
        ("7", "L1-W"), "4711",
    ),
    Story(
        "Segment, verb first",
        ("Added Product", {"product_id": "L1", "name": "Lamp", "price": 30, "quantity": 2, "currency": "EUR"}),
        ("Started Checkout", {"currency": "EUR", "products": [{"id": "L1", "price": 30, "quantity": 2}]}),
        ("Completed Order", {"orderId": "T1", "total": 60, "currency": "EUR"}),
        ("L1", None), "T1",
    ),
    Story(
        "the helpers of the Go SDKs",
        ("Product Added", {"id": "L1", "sky": "L1-W", "name": "Lamp", "price": 30, "quantity": 2, "currency": "EUR"}),
        ("Checkout Started", {"currency": "EUR", "products": [
            {"id": "L1", "sky": "L1-W", "name": "Lamp", "price": 30, "quantity": 2}]}),
        ("Order Completed", {"orderId": "T1", "total": 60, "currency": "EUR", "products": [
            {"id": "L1", "sky": "L1-W", "name": "Lamp", "price": 30}]}),
        ("L1", "L1-W"), "T1",
    ),
    Story(
        "Klaviyo",
        ("Added to Cart", {"$value": 60, "AddedItemProductName": "Lamp", "AddedItemProductID": "L1",
                           "AddedItemSKU": "L1-W", "AddedItemPrice": 30, "AddedItemQuantity": 2,
                           "ItemNames": ["Lamp"], "Items": [_KLAVIYO]}),
        ("Started Checkout", {"$event_id": "c1", "$value": 60, "Items": [_KLAVIYO]}),
        ("Placed Order", {"$event_id": "T1", "$value": 60, "Items": [_KLAVIYO]}),
        ("L1", "L1-W"), "T1", None,
    ),
    Story(
        "Klaviyo of Shopware",
        ("Added to Cart", {"$value": 60, "ProductName": "Lamp", "ProductID": "L1", "SKU": "L1-W", "Price": 30,
                           "Quantity": 2, "Items": [_KLAVIYO]}),
        ("Started Checkout", {"unique_id": "c1", "value": 60, "Items": [_KLAVIYO]}),
        ("Paid Order", {"OrderId": "T1", "unique_id": "e9", "value": 60, "Items": [_KLAVIYO]}),
        ("L1", "L1-W"), "T1", None,
    ),
    Story(
        "Klaviyo of Salesforce",
        ("Added to Cart", {"value_currency": "EUR", "productAddedToCart": {
            "Product ID": "L1", "Product Name": "Lamp", "priceValue": 30, "Quantity": 2},
            "lineItems": [{"Product ID": "L1", "priceValue": 30, "Quantity": 9}]}),
        ("Started Checkout", {"value_currency": "EUR", "line_items": [
            {"Product ID": "L1", "Product Name": "Lamp", "Price": "$30.00", "Quantity": 2}]}),
        ("Order Confirmation", {"Order Number": "T1", "$event_id": "orderConfirmation-T1", "value": 60,
                                "value_currency": "EUR", "Order Total": "$60.00", "Items": ["L1"],
                                "product_line_items": [{"Product ID": "L1", "Product Name": "Lamp", "Quantity": 2,
                                                        "Discount": "$60.00"}]}),
        ("L1", None), "T1",
    ),
    Story(
        "Braze",
        ("ecommerce.cart_updated", {"action": "add", "cart_id": "k", "currency": "EUR", "total_value": 60,
                                    "products": [_BRAZE]}),
        ("ecommerce.checkout_started", {"checkout_id": "c1", "currency": "EUR", "total_value": 60,
                                        "products": [_BRAZE]}),
        ("ecommerce.order_placed", {"order_id": "T1", "currency": "EUR", "total_value": 60, "products": [_BRAZE]}),
        ("L1", None), "T1",
    ),
    Story(
        "Snowplow",
        ("add_to_cart", {"products": [_SNOWPLOW], "total_value": 500, "currency": "EUR"}),
        ("begin_checkout", {"products": [_SNOWPLOW], "currency": "EUR"}),
        ("transaction", {"transaction_id": "T1", "revenue": 60, "currency": "EUR", "products": [_SNOWPLOW]}),
        ("L1", None), "T1",
    ),
    Story(
        "Snowplow's one event",
        ("snowplow_ecommerce_action", {"type": "add_to_cart", "products": [_SNOWPLOW], "currency": "EUR"}),
        ("Checkout Started", {"products": [_SNOWPLOW], "currency": "EUR"}),
        ("snowplow_ecommerce_action", {"type": "transaction", "transaction": {
            "transaction_id": "T1", "revenue": 60, "currency": "EUR"}, "products": [_SNOWPLOW]}),
        ("L1", None), "T1",
    ),
    Story(
        "Matomo",
        ("trackEcommerceCartUpdate", {"revenue": 60, "ec_items": _MATOMO}),
        ("Checkout Started", {"ec_items": _MATOMO}),
        ("trackEcommerceOrder", {"ec_id": "T1", "revenue": 60, "ec_items": _MATOMO}),
        (None, "L1"), "T1", None,
    ),
    Story(
        "WooCommerce, Google Listings & Ads",
        ("add_to_cart", {"items": [{"id": "gla_7", "name": "Lamp", "price": 30, "quantity": 2}], "currency": "EUR"}),
        ("begin_checkout", {"items": [{"id": "gla_7", "name": "Lamp", "price": 30, "quantity": 2}], "currency": "EUR"}),
        ("purchase", {"transaction_id": 123, "value": 60, "currency": "EUR", "items": [{"id": "gla_7", "price": 30}]}),
        ("gla_7", None), "123",
    ),
    Story(
        "Omnisend",
        ("added product to cart", {"cartID": "k", "currency": "EUR", "addedItem": _OMNISEND,
                                   "lineItems": [{**_OMNISEND, "productQuantity": 9}]}),
        ("started checkout", {"cartID": "k", "currency": "EUR", "value": 60, "lineItems": [_OMNISEND]}),
        ("paid for order", {"orderID": "T1", "currency": "EUR", "totalPrice": 60, "lineItems": [_OMNISEND]}),
        ("L1", None), "T1",
    ),
    Story(
        "Bloomreach",
        ("cart_update", {"action": "add", "product_id": "L1", "price": 30, "quantity": 2, "currency": "EUR"}),
        ("begin_checkout", {"products": [{"product_id": "L1", "price": 30, "quantity": 2}], "currency": "EUR"}),
        ("purchase", {"order_id": "T1", "total_price": 60, "currency": "EUR"}),
        ("L1", None), "T1",
    ),
)  # fmt: skip
