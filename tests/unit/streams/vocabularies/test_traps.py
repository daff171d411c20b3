"""Names that look like another and are not, and names that mean something only where their source says so."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.aliases.table import of_kind
from streams.core.campaigns import Campaigns
from tests.unit.streams.vocabularies.shop import Told

ADDED = (0, "add_to_cart", {"items": [{"item_id": "L1", "price": 30}], "currency": "EUR"})
ORDER = {"order_id": "T1", "value": 30, "currency": "EUR", "products": [{"product_id": "L1", "price": 30}]}


@pytest.mark.parametrize("name", [row.alias for row in of_kind("never")])
def test_names_that_are_never_read_do_nothing(reminding: Campaigns, name: str) -> None:
    """The event stays what its producer called it; the cart is left, and the customer is reminded as before."""
    told = Told(reminding, ADDED, (2, name, {**ORDER, "product_id": "L9", "price": 99}))
    assert (told.names[1], told.events[1]["type"]) == (name, "track")
    assert (told.ended, told.orders, len(told.messages)) == ("abandoned", [], 1)
    assert [line["product_id"] for line in told.carts[-1]["lines"]] == ["L1"]


@pytest.mark.parametrize("channel", ["web", "email"])
@pytest.mark.parametrize("name", ["checkout", "Checkout", "search", "add", "remove", "detail", "refund", "subscribe"])
def test_bare_words_of_the_shop_need_a_source(reminding: Campaigns, name: str, channel: str) -> None:
    """Without a source, an order id or a step, nothing follows from them."""
    told = Told(reminding, ADDED, (2, name, {"value": 30, "product_id": "L9"}, channel))
    assert told.names[1] == name
    assert len(told.messages) == 1


@pytest.mark.parametrize("name", ["open", "click", "delivered", "bounce", "unsubscribe", "spam", "failed", "opened"])
def test_bare_words_of_messages_need_a_channel_or_a_source(reminding: Campaigns, name: str) -> None:
    """On a channel of the shop they say nothing: a dialog opens, a shipment is delivered."""
    assert Told(reminding, ADDED, (2, name, {})).names[1] == name


@pytest.mark.parametrize(
    ("name", "context", "canonical"),
    [
        ("search", {"integration": {"name": "Google Analytics 4"}}, "Products Searched"),
        ("refund", {"integration": {"name": "GA4"}}, "Order Refunded"),
        ("checkout", {"integration": {"name": "Pinterest Tag"}}, "Order Completed"),
        ("open", {"integration": {"name": "SendGrid"}}, "Email Opened"),
        ("delivered", {"integration": {"name": "Twilio"}}, "SMS Delivered"),
        ("unsubscribe", {"integration": {"name": "SendGrid"}}, "Unsubscribed"),
    ],
)
def test_a_source_gives_a_bare_word_its_meaning(
    reminding: Campaigns, name: str, context: dict[str, Any], canonical: str
) -> None:
    """`context.integration` says whose word it is."""
    assert Told(reminding, (0, name, {"order_id": "T1", "value": 3}, "web", context)).names == [canonical]


@pytest.mark.parametrize(
    ("properties", "canonical"),
    [
        ({"step": 1}, "Checkout Started"), ({"step": "2"}, "Checkout Step Viewed"), ({}, "checkout"),
        ({"order_id": "T1", "value": "30"}, "Order Completed"),
    ],
)  # fmt: skip
def test_checkout_is_a_step_or_a_purchase(reminding: Campaigns, properties: dict[str, Any], canonical: str) -> None:
    """Universal Analytics' step, or Pinterest's purchase, which names an order."""
    assert Told(reminding, (0, "checkout", properties)).names == [canonical]


@pytest.mark.parametrize("names", [("Order Placed", "Order Paid"), ("PlaceAnOrder", "CompletePayment"),
                                   ("Placed Order", "Paid Order"), ("orders/create", "orders/paid")])  # fmt: skip
def test_an_order_that_is_placed_and_then_paid_counts_once(reminding: Campaigns, names: tuple[str, str]) -> None:
    """Both end the cart; one order id is one conversion."""
    told = Told(reminding, ADDED, (2, names[0], ORDER), (4, names[1], ORDER))
    assert (len(told.orders), told.ended, told.messages) == (1, "converted", [])


def test_the_whole_cart_beside_what_was_added_is_not_added(reminding: Campaigns) -> None:
    """Klaviyo's `Items` repeat the cart; the second addition brings one line."""
    first = {"AddedItemProductID": "A", "AddedItemPrice": 1, "AddedItemQuantity": 1}
    second = {"AddedItemProductID": "B", "AddedItemPrice": 2, "AddedItemQuantity": 1}
    cart = [{"ProductID": "A", "ItemPrice": 1, "Quantity": 1}, {"ProductID": "B", "ItemPrice": 2, "Quantity": 1}]
    told = Told(reminding, (0, "Added to Cart", {**first, "Items": cart[:1]}),
                (1, "Added To Cart", {**second, "Items": cart}))  # fmt: skip
    assert [(line["product_id"], line["quantity"]) for line in told.carts[-1]["lines"]] == [("A", 1), ("B", 1)]


def test_an_addition_that_shows_only_the_cart_is_a_snapshot(reminding: Campaigns) -> None:
    """Klaviyo's `Added to Cart` with `Items` alone sets the lines, twice as well as once."""
    cart = {"Items": [{"ProductID": "A", "ItemPrice": 1, "Quantity": 2}]}
    told = Told(reminding, (0, "Added to Cart", cart), (1, "Added to Cart", cart))
    assert (told.names, told.carts[-1]["value"]) == (["Cart Viewed", "Cart Viewed"], 2)


def test_a_name_beside_one_bare_id_is_that_products(reminding: Campaigns) -> None:
    """Meta's `content_name` names the only one of `content_ids`; of two it says nothing."""
    named = {"content_ids": ["L-1"], "content_name": "Lamp", "content_type": "product", "value": 30, "currency": "EUR"}
    told = Told(reminding, (0, "AddToCart", named))
    assert [(line["product_id"], line["name"], line["price"]) for line in told.carts[-1]["lines"]] == [
        ("L-1", "Lamp", 30)
    ]
    told = Told(reminding, (0, "AddToCart", named | {"content_ids": ["L-1", "L-2"]}))
    assert [(line["product_id"], line["name"]) for line in told.carts[-1]["lines"]] == [("L-1", None), ("L-2", None)]


def test_several_things_added_at_once_are_several_lines(reminding: Campaigns) -> None:
    """GA4 lists what was added; each becomes a line, and each may be taken out again."""
    items = [{"item_id": "A", "price": 1}, {"item_id": "B", "price": 2, "quantity": 2}, {"item_id": "C", "price": 9}]
    told = Told(reminding, (0, "add_to_cart", {"items": items, "currency": "EUR"}),
                (1, "remove_from_cart", {"items": items[2:]}))  # fmt: skip
    assert [(line["product_id"], line["quantity"]) for line in told.carts[-1]["lines"]] == [("A", 1), ("B", 2)]
    assert (told.carts[-1]["value"], told.carts[-1]["currency"]) == (5, "EUR")


@pytest.mark.parametrize(
    ("name", "properties", "channel", "wanted"),
    [
        ("Checkout Started Webhook", {"order_id": "c1"}, "web", {"checkout_id": "c1"}),
        ("Checkout Updated", {"order_id": 7}, "web", {"checkout_id": 7}),
        ("Started Checkout", {"$event_id": "c1"}, "web", {"checkout_id": "c1"}),
        ("refunds/create", {"id": 5, "order_id": 9}, "web", {"refund_id": 5, "order_id": 9}),
        ("emailOpen", {"campaign_id": 17, "messageId": "x", "message_id": "abc"}, "email",
         {"provider_campaign_id": 17, "provider_message_id": "abc", "messageId": "x"}),
        ("delivered", {"message_id": "0123456789abcdefghijklmnopqrstuv0123456789abcdef", "sg_message_id": "z"}, "email",
         {"message_id": "0123456789abcdefghijklmnopqrstuv0123456789abcdef"}),
        ("opened", {"user-variables": {"message_id": "0123456789abcdefghijklmnopqrstuv0123456789abcdef"}}, "email",
         {"message_id": "0123456789abcdefghijklmnopqrstuv0123456789abcdef"}),
    ],
)  # fmt: skip
def test_ids_are_whose_they_are(
    reminding: Campaigns, name: str, properties: dict[str, Any], channel: str, wanted: dict[str, Any]
) -> None:
    """A checkout's id is no order's, a refund's neither, and a provider's ids are not Winback's."""
    (event,) = Told(reminding, (0, name, properties, channel)).events
    known = {"order_id", "checkout_id", "refund_id", "message_id", "campaign_id", *wanted}
    assert {key: value for key, value in event["properties"].items() if key in known} == wanted


@pytest.mark.parametrize(
    ("refund", "left"),
    [
        ({"transactions": [{"amount": "10.00", "kind": "refund", "status": "success"}, {"amount": "2.50"}]}, 31.5),
        ({"transactions": [{"amount": "10.00", "status": "failure"}]}, 44), ({"transactions": []}, 44), ({}, 0),
        ({"transactions": [{"amount": "10.00"}], "total": 4}, 40), ({"transactions": [{"amount": "99"}]}, 0),
    ],
)  # fmt: skip
def test_a_refund_of_shopify_is_what_was_paid_back(reminding: Campaigns, refund: dict[str, Any], left: float) -> None:
    """Its transactions say it; goods taken back without money are none, and without a word it is the whole order."""
    order = {"id": 555, "total_price": "44.00", "currency": "CAD"}
    told = Told(reminding, (0, "orders/create", order), (9, "refunds/create", {"id": 9, "order_id": 555, **refund}))
    assert sum(row["value"] for row in told.orders) == left


def test_hashed_people_are_no_addresses(reminding: Campaigns) -> None:
    """`em`, `ph` and `user.email` are hashes; only what looks like an address is one."""
    digest = "5994471abb01112afcc18159f6cc74b4f511b99806da59b3caf5a9c173cacfc5"
    said = {"em": [digest], "ph": [digest], "user": {"email": digest}, "user_data": {"sha256_email_address": digest},
            "$email": digest}  # fmt: skip
    (event,) = Told(reminding, (0, "Purchase", {**said, "value": 3})).events
    assert {one["type"] for one in event["identifiers"]} == {"user_id"}


@pytest.mark.parametrize(
    ("properties", "value"),
    [({"price_cents": 1999}, 19.99), ({"price_micros": 19990000}, 19.99), ({"price_minor": 1999}, 19.99),
     ({"price_minor": 1999, "currency": "JPY"}, 1999), ({"priceMinor": 19990, "currency": "KWD"}, 19.99),
     ({"price": 1999}, 1999), ({"price": 20, "price_cents": 1}, 20), ({"amount": 5}, 0)],
)  # fmt: skip
def test_only_a_name_that_says_so_makes_an_amount_smaller(
    reminding: Campaigns, properties: dict[str, Any], value: float
) -> None:
    """Cents, micros and minor units of the currency are read by the end of the name; no number is by its size."""
    told = Told(reminding, (0, "Product Added", {"product_id": "L1", **properties}))
    assert told.carts[-1]["value"] == value


@pytest.mark.parametrize("name", ["page_view", "PageView", "Page View", "page_visit", "PAGE_VIEW", "page_viewed",
                                  "Active on Site", "screen_view"])  # fmt: skip
def test_an_event_of_a_page_is_a_page(reminding: Campaigns, name: str) -> None:
    """It is activity: the cart is abandoned half an hour after it, not before."""
    told = Told(reminding, ADDED, (20, name, {"page_location": "https://shop.example/lamp", "page_title": "Lamp"}))
    assert told.events[1]["type"] == ("screen" if name == "screen_view" else "page")
    assert (told.events[1]["original_name"], told.events[1]["properties"]["url"]) == (name, "https://shop.example/lamp")
    assert told.carts[-1]["at"] == "2026-03-10T09:50:00.000Z"


@pytest.mark.parametrize(
    "name",
    [
        "order_completed", "orderCompleted", "ORDER-COMPLETED", "Order  Completed", "OrderCompleted", "Order Placed",
        "Checkout Completed", "Completed Order", "completed_order", "Order Paid", "placed order",
        "ecommerce.order_placed",
    ],
)  # fmt: skip
def test_a_purchase_is_one_in_any_spelling(reminding: Campaigns, name: str) -> None:
    """Blanks, `_`, `-` and capitals do not tell names apart; the buyer is not reminded."""
    told = Told(reminding, ADDED, (2, name, {"order_id": 1, "revenue": 30}))
    assert (told.names[1], told.ended, told.messages) == ("Order Completed", "converted", [])


@pytest.mark.parametrize("name", ["purchase", "Order Placed", "checkout_completed"])
def test_an_order_of_another_name_is_heard_with_a_broken_envelope(reminding: Campaigns, name: str) -> None:
    """An empty array for the properties, or JSON text, costs no purchase its effect."""
    for properties in ([], '{"order_id": "T1", "value": 30}'):
        told = Told(reminding, ADDED, (2, name, properties))
        assert (told.ended, len(told.orders), told.messages) == ("converted", 1, [])


BRAZE = [{"product_id": "A", "price": 1, "quantity": 2}]


@pytest.mark.parametrize(
    ("name", "properties", "canonical", "value"),
    [
        ("ecommerce.cart_updated", {"action": "add", "products": BRAZE}, "Product Added", 32),
        ("ecommerce.cart_updated", {"action": "replace", "products": BRAZE}, "Cart Viewed", 2),
        ("ecommerce.cart_updated", {"products": BRAZE}, "Cart Viewed", 2),
        ("ecommerce.cart_updated", {"action": "remove", "products": [{"product_id": "L1"}]}, "Product Removed", 0),
        ("ecommerce.cart_updated", {"total_value": 3}, "ecommerce.cart_updated", 30),
        ("cart_update", {"action": "empty"}, "Cart Viewed", 0),
        ("cart_update", {"action": "remove", "product_id": "L1"}, "Product Removed", 0),
        ("Cart Update", {"products": []}, "Cart Viewed", 0),
        ("view_cart", {"items": [{"item_id": "A", "price": "2.50"}]}, "Cart Viewed", 2.5),
        ("carts/update", {"line_items": []}, "Cart Viewed", 0),
    ],
)  # fmt: skip
def test_an_update_of_a_cart_is_what_its_action_says(
    reminding: Campaigns, name: str, properties: dict[str, Any], canonical: str, value: float
) -> None:
    """Added, removed, or the whole cart as it stands; an empty cart is emptied, and nobody is reminded of it."""
    told = Told(reminding, ADDED, (1, name, properties))
    assert told.names[1] == canonical
    assert told.ended == ("abandoned" if value else "emptied")
    assert (told.carts[-1]["value"], len(told.messages)) == (value, 1 if value else 0)


@pytest.mark.parametrize(
    ("status", "canonical", "ended"),
    [("processing", "Order Completed", "converted"), ("pending", "Order Completed", "converted"),
     ("failed", "Order Cancelled", "abandoned"), ("checkout-draft", "Checkout Started", "abandoned")],
)  # fmt: skip
def test_an_order_of_woocommerce_is_what_its_status_says(
    reminding: Campaigns, status: str, canonical: str, ended: str
) -> None:
    """A payment that failed and a checkout that is under way are no orders."""
    item = {"product_id": "L1", "variation_id": 0, "price": 30, "quantity": 1}
    told = Told(reminding, ADDED, (2, "order.created", {"id": 77, "status": status, "total": "30.00", "currency": "EUR",
                                                        "line_items": [item]}))  # fmt: skip
    assert (told.names[1], told.ended, len(told.orders)) == (canonical, ended, int(ended == "converted"))
