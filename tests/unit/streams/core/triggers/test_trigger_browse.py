"""browse_abandoned: which views are kept, when the visit is over, and what its trigger holds."""

from __future__ import annotations

from streams.core.triggers import browse_abandoned
from tests.support.happenings import Customer, at


def browsing(**properties) -> Customer:
    """A customer who has viewed one product at minute 0."""
    customer = Customer("browse_abandoned")
    assert customer.does("Product Viewed", 0, **({"product_id": "a", "price": "10.50"} | properties)) == []
    return customer


def test_a_visit_is_over_an_hour_after_the_last_activity():
    """The hour counts from any activity, the products are those viewed in order of time, and it happens once."""
    customer = browsing()
    customer.does("Product Viewed", 10, sku="b", name="B", price=4)
    customer.does("", 20, type_="page")
    assert customer.triggers.due_at(customer.profile) == at(80)
    (trigger,) = customer.waits(100)
    assert (trigger.type, trigger.at, trigger.since, trigger.campaign) == ("browse_abandoned", at(80), at(0), "c0")
    assert trigger.ref == f"browse:{at(20)}:p"
    assert [(p["product_id"], p["sku"], p["price"]) for p in trigger.products] == [("a", None, 10.5), (None, "b", 4)]
    assert trigger.value == 14_500_000
    assert customer.waits(10_000) == []
    assert customer.profile.browsed == {}


def test_a_view_counts_once_with_its_newest_details():
    """The same product viewed again moves to its new time, whatever came late in between."""
    customer = browsing()
    customer.does("Product Viewed", 10, product_id="b")
    customer.does("Product Viewed", 20, product_id="a", price=9)
    customer.does("Product Viewed", 5, product_id="a", price=99, late=True)
    (trigger,) = customer.waits(100)
    assert [(p["product_id"], p["price"]) for p in trigger.products] == [("b", None), ("a", 9)]
    assert trigger.since == at(10)


def test_what_names_no_product_or_happens_elsewhere_is_no_view():
    """Without product_id and sku, on a channel that is no shop, or as the name of a page, nothing is kept."""
    customer = Customer("browse_abandoned")
    customer.does("Product Viewed", 0, name="nameless")
    customer.does("Product Viewed", 1, product_id=["a"], sku={"b": 1})
    customer.does("Product Viewed", 2, "email", product_id="a")
    customer.does("", 3, type_="page", product_id="a")
    assert customer.profile.browsed == {}


def test_there_is_no_visit_while_there_is_a_cart():
    """A cart that opens takes over: what was viewed before is dropped, what is viewed with it is not kept."""
    customer = browsing()
    customer.has_cart()
    assert customer.triggers.due_at(customer.profile) is None
    customer.does("Product Viewed", 1, product_id="b")
    assert customer.profile.browsed == {}


def test_an_order_ends_the_visit_also_at_the_same_moment():
    """Views up to the order are dropped; one after it begins another visit."""
    customer = browsing()
    customer.does("Order Completed", 5, order_id="o", products=[{"sku": "bought"}])
    assert customer.profile.browsed == {}
    customer.does("Product Viewed", 5, product_id="b")
    assert customer.profile.browsed == {}
    customer.does("Product Viewed", 6, product_id="c")
    assert list(customer.profile.browsed) == ["c"]


def test_an_order_that_comes_late_leaves_what_was_viewed_after_it():
    """Only views that are not younger than the order go."""
    customer = browsing()
    customer.does("Product Viewed", 10, product_id="b")
    customer.does("Order Completed", 5, order_id="o", late=True)
    assert list(customer.profile.browsed) == ["b"]


def test_only_ten_products_are_kept():
    """The oldest goes first, of equals the one whose id sorts first."""
    customer = Customer("browse_abandoned")
    for n in range(13):
        customer.does("Product Viewed", n // 2, product_id=f"p{n:02}")
    assert sorted(customer.profile.browsed) == [f"p{n:02}" for n in range(3, 13)]


def test_a_moment_that_comes_twice_is_for_those_who_missed_it():
    """A late view sets a timer that has fired already: ids would repeat, so only campaigns not begun then may."""
    customer = Customer("browse_abandoned", "browse_abandoned")
    customer.does("Product Viewed", 0, product_id="a")
    assert len(customer.waits(100)) == 2
    customer.profile.last_enrolled["c0"] = at(60)
    customer.does("Product Viewed", -5, product_id="b", late=True)
    assert [trigger.campaign for trigger in customer.waits(100)] == ["c1"]


def test_views_are_kept_when_no_campaign_asks_for_them():
    """Campaigns change while it goes on; the timer then only ends the visit."""
    customer = Customer()
    customer.does("Product Viewed", 0, product_id="a")
    assert list(customer.profile.browsed) == ["a"]
    assert customer.waits(100) == []
    assert customer.profile.browsed == {}


def test_two_visits_become_one():
    """A merge unites them, of one product the newer; what the other side's order is later than goes."""
    winner, loser = browsing(), Customer("browse_abandoned", id_="q")
    loser.does("Product Viewed", 30, product_id="a", price=8)
    loser.does("Product Viewed", -20, product_id="z")
    winner.profile.last_activity = at(30)
    winner.profile.last_order = at(-10)
    winner.triggers.absorb(winner.profile, loser.profile, at(0))
    assert {key: seen.at for key, seen in winner.profile.browsed.items()} == {"a": at(30)}
    (trigger,) = winner.waits(100)
    assert trigger.value == 8_000_000
    assert trigger.ref == f"browse:{at(30)}:p"


def test_a_merge_with_a_cart_leaves_no_visit():
    """Whichever side the cart was on."""
    winner = browsing()
    winner.has_cart()
    browse_abandoned.absorb(winner.profile, Customer().profile)
    assert winner.profile.browsed == {}


def test_values_that_make_no_sense_count_as_absent():
    """NaN arrives as null, prices as anything; the view is kept without a price."""
    customer = Customer("browse_abandoned")
    for n, price in enumerate([None, "n/a", [], {"amount": 3}, "-", 10**30, True, "1e9999"]):
        customer.does("Product Viewed", n, product_id=n, price=price, quantity=price)
    (trigger,) = customer.waits(1000)
    assert trigger.value == 0
    assert {product["price"] for product in trigger.products} == {None}
    assert len(trigger.products) == 8
