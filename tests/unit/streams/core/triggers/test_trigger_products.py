"""Interests in products, and the triggers about products: orders, additions, lower prices, back in stock."""

from __future__ import annotations

import pytest

from schemas.money import LIMIT
from streams.core.campaigns.file import Attribution
from streams.core.orders.conversions import on_completed
from streams.core.products import interests
from streams.core.products.changes import ProductChange
from tests.support.happenings import DAY, MINUTE, Customer, at, happened

DROPPED = "price_dropped"


def change(minute: float, kind: str = DROPPED, key: str = "a", **properties) -> ProductChange:
    """Something happens to a product at a minute."""
    return ProductChange(at(minute), kind, key, f"c{minute:g}", properties)


def interested(*triggers, **properties) -> Customer:
    """A customer who has viewed product a at minute 0 for 20."""
    customer = Customer(*triggers)
    seen = {"product_id": "a", "name": "A", "url": "https://shop.example/a", "price": 20} | properties
    customer.does("Product Viewed", 0, **seen)
    return customer


def test_interests_are_views_additions_and_wishes():
    """Kinds add up, newer details replace older ones, what is not said stays, a late event only fills gaps."""
    customer = interested()
    customer.does("Product Added", 2, "callcenter", product_id="a", quantity="3")
    customer.does("Product Added to Wishlist", 1, "app", product_id="a", name="Late", price=1, image_url="i", late=True)
    known = customer.profile.interests["a"]
    assert (known.at, known.kinds, known.price) == (at(2), "cvw", 20_000_000)
    assert known.product == {
        "product_id": "a", "name": "A", "price": 20, "quantity": 3, "url": "https://shop.example/a", "image_url": "i"
    }  # fmt: skip


def test_what_was_bought_is_of_no_interest():
    """A view more than half an hour after the order is a new interest, also when the order comes late."""
    customer = interested()
    customer.does("Product Viewed", 1, sku="s")
    customer.does("Product Viewed", 36, product_id="b")
    items = [{"product_id": "a"}, {"sku": "s"}, {"product_id": "b"}, "junk", {}, {"product_id": ["a"]}]
    customer.does("Order Completed", 5, products=items)
    assert list(customer.profile.interests) == ["b"]
    customer.does("Order Completed", 10, products={"product_id": "b"})
    assert list(customer.profile.interests) == ["b"]


def test_fifty_interests_are_kept():
    """The oldest goes first, and none of more than thirty days stays when there is no room."""
    customer = Customer()
    for n in range(60):
        customer.does("Product Viewed", n, product_id=f"p{n:02}")
    assert sorted(customer.profile.interests) == [f"p{n:02}" for n in range(10, 60)]
    customer.does("Product Viewed", 30 * DAY / 60_000 + 40, product_id="new")
    assert len(customer.profile.interests) == 20


def test_interests_of_two_become_one():
    """Of one product the newer interest, of equals the winner's."""
    winner, loser = interested(), Customer(id_="q")
    loser.does("Product Added to Wishlist", 1, product_id="a", price=5)
    loser.does("Product Added", 0, product_id="b")
    interests.absorb(winner.profile, loser.profile, 30 * MINUTE)
    known = winner.profile.interests["a"]
    assert (known.at, known.kinds, known.price) == (at(1), "w", 5_000_000)
    assert list(winner.profile.interests) == ["a", "b"]


def test_a_lower_price_sets_off_whoever_was_interested():
    """The trigger shows the product as it was seen, with what the event says of it now."""
    customer = interested(DROPPED)
    event = change(60, price="15", old_price=19.99, currency="eur", name=None)
    (trigger,) = customer.triggers.on_product(customer.profile, event)
    assert trigger[:4] == (DROPPED, at(60), at(60), f"price:a:c60:{at(60)}:p")
    assert trigger.about == {"product_id": "a", "price": 15, "old_price": 19.99, "currency": "EUR"}
    assert (trigger.products[0]["name"], trigger.products[0]["price"]) == ("A", 15)
    assert (trigger.value, trigger.campaign) == (15_000_000, "c0")


@pytest.mark.parametrize(
    ("said", "fires"),
    [
        ({"price": 19.99}, True),
        ({"price": 20}, False),
        ({"price": 25}, False),
        ({"price": 15, "old_price": 10}, False),
        ({"price": 0}, True),
        ({"price": -1}, False),
        ({"price": "n/a"}, False),
        ({"price": []}, False),
        ({"price": 10**30}, False),
        ({"price": 5, "old_price": "?"}, True),
        ({}, False),
        ({"old_price": 30}, False),
    ],
)
def test_without_a_price_that_is_lower_nothing_has_dropped(said, fires):
    """The old price is the event's, else the one the customer saw; what cannot be read is not given."""
    customer = interested(DROPPED)
    assert bool(customer.triggers.on_product(customer.profile, change(1, **said))) is fires


def test_a_price_nobody_knows_has_not_dropped():
    """Neither the event nor the customer's own view says what it was before."""
    customer = interested(DROPPED, price=None)
    assert customer.triggers.on_product(customer.profile, change(1, price=1)) == []
    assert customer.triggers.on_product(customer.profile, change(1, price=1, old_price=2)) != []


def test_a_campaign_says_how_much_how_long_ago_and_of_whom():
    """min_drop is a share of the old price and reached exactly; within is open at its far end; interests are kinds."""
    customer = interested(
        {"on": DROPPED, "min_drop": "10%"}, {"on": DROPPED, "within": "1h"}, {"on": DROPPED, "interest": ["wished"]}
    )

    def fired(minute: float, price: float) -> list[str | None]:
        return [t.campaign for t in customer.triggers.on_product(customer.profile, change(minute, price=price))]

    assert fired(59, 18) == ["c0", "c1"]
    assert fired(59, 18.01) == ["c1"]
    assert fired(60, 18) == ["c0"]
    customer.does("Product Added to Wishlist", 60, product_id="a")
    assert fired(61, 18) == ["c0", "c1", "c2"]
    assert fired(60 + 30 * DAY / 60_000, 18) == []


def test_back_in_stock_needs_no_price():
    """Whoever is interested hears of it; a price is shown if there is one."""
    customer = interested("back_in_stock", DROPPED)
    (trigger,) = customer.triggers.on_product(customer.profile, change(1, "back_in_stock", price="n/a"))
    assert trigger[:4] == ("back_in_stock", at(1), at(1), f"stock:a:c1:{at(1)}:p")
    assert trigger.about == {"product_id": "a"}
    assert trigger.products[0]["price"] == 20
    assert customer.triggers.on_product(customer.profile, change(1, "back_in_stock", "other")) == []


def test_two_customers_with_one_change_have_two_refs():
    """They may become one, and ids are made of refs."""
    refs = set()
    for who in ("p", "q"):
        customer = Customer("back_in_stock", id_=who)
        customer.does("Product Viewed", 0, product_id="a")
        refs |= {t.ref for t in customer.triggers.on_product(customer.profile, change(1, "back_in_stock"))}
    assert len(refs) == 2


def test_an_order_that_counts_is_a_trigger():
    """With its products, its value and its id; one that is repeated or late sets nothing off."""
    customer = Customer("order_completed")

    def order(minute: float, **more):
        event = happened("Order Completed", minute, "store", order_id=7.0, revenue="12.50", currency="eur", **more)
        conversion = on_completed(customer.profile, event, "7", Attribution())
        return customer.triggers.on_event(customer.profile, event, () if conversion is None else (conversion,))

    (trigger,) = order(5, products=[{"product_id": "a", "quantity": 2}, "junk", {"sku": "b", "price": 1}])
    assert trigger[:4] == ("order_completed", at(5), at(5), f"order:7:{at(5)}:p")
    assert trigger.about == {"order_id": "7", "value": 12.5, "currency": "EUR"}
    assert [(p["product_id"], p["sku"], p["quantity"]) for p in trigger.products] == [("a", None, 2), (None, "b", 1)]
    assert (trigger.value, trigger.campaign) == (12_500_000, None)
    assert order(6) == []
    customer.profile.orders.clear()
    assert order(7, late=True) == []


def test_an_addition_is_worth_its_price_times_its_pieces():
    """On any channel; without a product or late it is none."""
    customer = Customer("product_added")
    (trigger,) = customer.does("Product Added", 3, "callcenter", sku="s", price="2.50", quantity="4", currency="eur")
    assert trigger[:4] == ("product_added", at(3), at(3), f"added:m3:{at(3)}:p")
    assert (trigger.value, trigger.about) == (10_000_000, {"product_id": "s", "price": 2.5, "currency": "EUR"})
    assert trigger.products[0]["quantity"] == 4
    assert customer.does("Product Added", 4, name="nameless") == []
    assert customer.does("Product Added", 5, sku="s", late=True) == []
    assert customer.does("Product Viewed", 6, sku="s") == []


@pytest.mark.parametrize(("price", "quantity", "value"), [
    (9e12, 1e9, LIMIT), (None, 5, 0), (5, None, 5_000_000), (5, "many", 5_000_000), (5, -1, -5_000_000), ([], {}, 0),
])  # fmt: skip
def test_no_amount_leaves_its_limits(price, quantity, value):
    """Whatever a producer sends, a value is a whole number of 64 bits."""
    (trigger,) = Customer("product_added").does("Product Added", 0, sku="s", price=price, quantity=quantity)
    assert trigger.value == value
