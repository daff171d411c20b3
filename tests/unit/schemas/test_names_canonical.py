"""Canonical event names."""

from __future__ import annotations

import pytest

from schemas import names
from schemas.aliases.translator import Translator


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("Product Added", "Product Added"), ("PRODUCT   added", "Product Added"),
        ("\tproduct\u00a0added \n", "Product Added"),
        ("sms delivered", "SMS Delivered"), ("EMAIL MARKED AS SPAM", "Email Marked as Spam"),
        ("product added to wishlist", "Product Added to Wishlist"),
        ("In-Store   Purchase", "In-Store Purchase"), ("in-store purchase", "in-store purchase"),
        ("ProductAdded", "Product Added"), ("product_added", "Product Added"), ("product-ADDED", "Product Added"),
        ("Product\u2003Added", "Product Added"), ("Product.Added", "Product.Added"),
    ],
)  # fmt: skip
def test_matching(given: str, expected: str) -> None:
    """Known names match without case, blanks, `_` and `-`; others are kept with their blanks collapsed."""
    assert Translator().name(given)[0] == expected


CONTRACT = """
Products Searched, Product List Viewed, Product Viewed, Product Clicked, Product Added, Product Removed, Cart
Viewed, Checkout Started, Checkout Step Viewed, Checkout Step Completed, Payment Info Entered, Order Completed,
Order Updated, Order Cancelled, Order Refunded, Coupon Entered, Coupon Applied, Coupon Denied, Coupon Removed,
Product Added to Wishlist, Product Price Changed, Product Restocked, Email Delivered, Email Opened, Email Link
Clicked, Email Bounced, Email Marked as Spam, Unsubscribed, SMS Delivered, SMS Failed, SMS Link Clicked, Push
Notification Received, Push Notification Tapped, Push Notification Bounced, Ad Impression, Ad Clicked, Ad Spend
Recorded, Post Viewed, Post Liked, Post Shared, Post Commented, Hashtag Used, Store Visited, Spot Aired,
Subscription Changed, Product List Filtered
"""


def test_every_event_of_the_contract() -> None:
    """Exactly the names of the contract are canonical, each to itself."""
    listed = {" ".join(name.split()) for name in CONTRACT.split(",")}
    assert listed == names.EVENTS
    translator = Translator()
    assert all(translator.name(name.upper())[0] == name for name in listed)


def test_groups() -> None:
    """The groups that rules speak of hold what the rules say, and nothing beyond the known events."""
    groups = {name: value for name, value in vars(names).items() if name.endswith("_EVENTS")}
    assert all(group <= names.EVENTS for group in groups.values())
    assert {"Order Completed", "Order Updated", "Order Cancelled", "Order Refunded"} == names.ORDER_EVENTS
    assert names.CART_EVENTS < names.ACTIVITY_EVENTS
    assert not names.ACTIVITY_EVENTS & (names.ORDER_EVENTS | names.FEEDBACK_EVENTS | names.SOCIAL_EVENTS)
    assert {"web", "app", "store", "marketplace", "messenger"} == names.ACTIVITY_CHANNELS
