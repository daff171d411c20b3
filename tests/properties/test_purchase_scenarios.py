"""Whose an order is, told as stories: nameless orders, numbers of carts and checkouts, one order of two customers."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.identifiers import Hasher
from tests.oracle.core import agreed
from tests.oracle.run import SECRET
from tests.oracle.story import clusters, in_short, rules, told

HASH = Hasher(SECRET)
U1, U2, A1, A2 = HASH("user_id", "u1"), HASH("user_id", "u2"), HASH("anonymous_id", "a1"), HASH("anonymous_id", "a2")
X = HASH("email", "x@b.example")
LAMP = {"sku": "lamp", "price": 10}


@pytest.mark.parametrize(
    ("named", "order"),
    [
        ({"order_id": 77}, {"order_id": "#77"}),
        ({"checkout_id": "h"}, {"order_id": 77, "checkout_id": "h"}),
        ({"cart_id": "k"}, {"order_id": 77, "cart_id": "k"}),
        ({"cart_id": "k"}, {"cart_id": "k"}),
    ],
)
@pytest.mark.parametrize("who", ["u1", "a1"])
def test_the_servers_order_is_the_cart_owners(who: str, named: dict[str, Any], order: dict[str, Any]) -> None:
    """An order without a customer converts the cart whose events name it, by whichever number both have."""
    outcome = agreed(
        told(
            (0, "web", who, "Product Added", {**LAMP, **named}),
            (5, "web", "", "Order Completed", {**order, "revenue": 10}),
        )
    )
    assert in_short(outcome.transitions) == ["none>open 0 10", "open>converted 5 10"]
    assert len(outcome.conversions) == 1


def test_the_order_may_come_first() -> None:
    """A server that tells of the order before the browser names it: the cart is converted when both are known."""
    outcome = agreed(
        told(
            (0, "web", "u1", "Product Added", LAMP),
            (4, "web", "", "Order Completed", {"order_id": 77, "revenue": 10}),
            (5, "web", "u1", "Checkout Started", {"order_id": 77}),
        )
    )
    assert [t["reason"] for t in outcome.transitions] == ["opened", "order"]
    assert rules(outcome) == ["merged link"]


def test_another_order_converts_nothing() -> None:
    """A nameless order that nobody has named is a customer of its own."""
    outcome = agreed(
        told(
            (0, "web", "u1", "Product Added", {**LAMP, "cart_id": "k"}),
            (5, "web", "", "Order Completed", {"order_id": 78, "checkout_id": "k"}),
        )
    )
    assert [t["reason"] for t in outcome.transitions] == ["opened", "inactivity", "expired"]


@pytest.mark.parametrize("number", ["cart_id", "checkout_id", "order_id"])
def test_naming_a_cart_joins_nobody(number: str) -> None:
    """Two customers whose carts bear one number stay two: it only names what an order refers to."""
    events = [
        (n, "web", who, "Cart Viewed", {number: "1", "products": [LAMP]}) for n, who in enumerate(("a1", "a2", "u1"))
    ]
    outcome = agreed(told(*events))
    assert {row[0] for row in outcome.stitched} == {A1, A2, U1}
    assert rules(outcome) == ["merged link", "order_id order_kept", "order_id order_reassigned"]


def test_a_purchase_named_by_two_is_the_better_knowns() -> None:
    """The nameless order converts the cart of the customer that is known best, whoever named it first or last."""
    named = {**LAMP, "cart_id": "k"}
    for order in (("a1", "u1"), ("u1", "a1")):
        outcome = agreed(
            told(
                *((n, "web", who, "Product Added", named) for n, who in enumerate(order)),
                (5, "web", "", "Order Completed", {"order_id": 77, "cart_id": "k"}),
            )
        )
        assert [t["profile_id"] for t in outcome.transitions if t["reason"] == "order"] == [U1]


def test_the_thank_you_page_on_another_device() -> None:
    """An order that a visitor names as well joins the visitor: it is one sale, in whichever order they come."""
    for who in (("u1", "a1"), ("a1", "u1")):
        outcome = agreed(told(*((n, "web", one, "Order Completed", {"order_id": 77}) for n, one in enumerate(who))))
        assert clusters(outcome) == {U1: "77 a1 u1"}
        assert len(outcome.conversions) == 1


def test_two_known_customers_stay_two() -> None:
    """An order never joins two who each are known; its number is the better known one's, and of equals the first's."""
    outcome = agreed(told(*((n, "web", who, "Order Completed", {"order_id": 7}) for n, who in enumerate(("u1", "u2")))))
    assert (clusters(outcome), rules(outcome)[-1]) == ({U1: "7 u1"}, "order_id order_kept")
    better = agreed(
        told(*((n, "web", w, "Order Completed", {"order_id": 7}) for n, w in enumerate(("x@b.example", "u1"))))
    )
    assert (clusters(better), rules(better)[-1]) == ({U1: "7 u1"}, "order_id order_reassigned")


def test_a_refund_goes_where_the_order_is() -> None:
    """What a server tells of an order without a customer belongs to whoever has the order at that time."""
    order = {"order_id": 7, "revenue": 50}
    outcome = agreed(
        told(
            (0, "web", "x@b.example", "Order Completed", order),
            (1, "web", "", "Order Completed", {"order_id": "#7"}),
            (2, "web", "u1", "Order Completed", order),
            (3, "web", "", "Order Refunded", {"order_id": 7}),
        )
    )
    assert [row[0] for row in outcome.stitched] == [X, X, U1, U1]


def test_an_order_of_which_more_was_said_stays_where_it_is() -> None:
    """Somebody better known who reports it after a refund does not get it."""
    order = {"order_id": 7, "revenue": 50}
    outcome = agreed(
        told(
            (0, "web", "x@b.example", "Order Completed", order),
            (1, "web", "", "Order Refunded", {"order_id": "#7", "total": 20}),
            (2, "web", "u1", "Order Completed", order),
            (3, "web", "", "Order Refunded", {"order_id": 7, "total": 30}),
        )
    )
    assert [row[0] for row in outcome.stitched] == [X, X, U1, X]


def test_tills_bring_nobody_together() -> None:
    """A till that takes the orders of two visitors is neither of them, and does not join them."""
    outcome = agreed(
        told(
            (0, "store", "a9", "Order Completed", {"order_id": 1}),
            (1, "web", "a1", "Order Completed", {"order_id": 1}),
            (2, "store", "a9", "Order Completed", {"order_id": 2}),
            (3, "web", "a2", "Order Completed", {"order_id": 2}),
        )
    )
    assert clusters(outcome) == {A1: "1 a1", A2: "2 a2"}
    assert len(outcome.conversions) == 2


def test_orders_need_no_place() -> None:
    """A customer with more orders than any limit counts stays one, and still can be joined."""
    orders = [(n, "web", "u1", "Order Completed", {"order_id": n + 1}) for n in range(30)]
    outcome = agreed(told(*orders, (31, "web", "u1 a1", "identify")), profile_limit=3)
    assert len(outcome.clusters[U1]) == 32
    assert set(rules(outcome)) == {"merged link"}
