"""One purchase told in several calls, and several calls for one cart, told as stories that oracle and core agree on."""

from __future__ import annotations

import pytest

from tests.oracle.core import agreed
from tests.oracle.outcome import Outcome
from tests.oracle.story import in_short, told

DAY = 1440
WHO = "u1 u1@shop.example"
LAMP, RUG = {"sku": "lamp", "price": 30}, {"sku": "rug", "price": 5}
REMINDER = """
campaigns:
  - id: cart
    trigger: {on: cart_abandoned}
    steps: [{id: one, after: 0m, channel: email, template: all}]
"""
BROWSED = """
campaigns:
  - id: looked
    trigger: {on: browse_abandoned}
    steps: [{id: one, after: 0m, channel: email, template: all}]
"""


def order(minute, order_id=1, who="u1", channel="web", name="Order Completed", **more):
    """An event of an order of 30."""
    return (minute, channel, who, name, {"order_id": order_id, "revenue": 30, **more})


def cancel(minute, order_id=1):
    """The order is cancelled."""
    return (minute, "web", "u1", "Order Cancelled", {"order_id": order_id})


def added(minute, item, who=WHO, channel="web"):
    """It is put into the cart."""
    return (minute, channel, who, "Product Added", item)


def reminded(outcome: Outcome) -> int:
    """How many messages went out."""
    return len(outcome.messages)


@pytest.mark.parametrize("contents", [{}, {"products": [LAMP]}, {"products": [RUG]}])
def test_a_cart_whose_first_payment_failed_is_the_next_order_s(contents):
    """The shopper paid at the second try; that the first one is given up later opens nothing again."""
    first, second = order(4, **contents), order(7, 2, **contents)
    outcome = agreed(told(added(0, LAMP), first, second, cancel(27)), REMINDER)
    assert in_short(outcome.transitions)[-1] == "open>converted 4 30"
    assert reminded(outcome) == 0


def test_a_second_try_on_another_device_is_the_next_order_as_well():
    """Whose it was comes to light before the first order is given up."""
    second, joined = order(7, 2, "d2", "app"), (10, "app", "u1 d2", "identify", {})
    outcome = agreed(told(added(0, LAMP), order(4), second, joined, cancel(27)), REMINDER)
    assert in_short(outcome.transitions)[-1] == "open>converted 4 30"
    assert reminded(outcome) == 0


def test_a_cart_comes_back_when_the_last_try_has_failed_too():
    """Two payments that failed are no purchase, in whichever order they are given up."""
    for gives_up in ((cancel(20), cancel(27, 2)), (cancel(20, 2), cancel(27))):
        outcome = agreed(told(added(0, LAMP), order(4), order(7, 2), *gives_up), REMINDER)
        assert in_short(outcome.transitions)[2:4] == ["converted>open 27 30", "open>abandoned 57 30"]
        assert reminded(outcome) == 1


def test_the_carts_of_two_tries_that_failed_are_one_again():
    """What the second order converted of its own comes back with what it took over from the first."""
    events = [added(0, LAMP), order(4), added(20, RUG), order(25, 2), cancel(30), cancel(40, 2)]
    outcome = agreed(told(*events), REMINDER)
    assert in_short(outcome.transitions)[-3:-1] == ["converted>open 40 35", "open>abandoned 70 35"]
    assert reminded(outcome) == 1


def test_an_order_before_the_cart_keeps_no_cart_away():
    """Who bought something an hour earlier has not bought this cart: it is open again."""
    outcome = agreed(told(order(0, 9, WHO), added(20, LAMP), order(24), cancel(27)), REMINDER)
    assert reminded(outcome) == 1


@pytest.mark.parametrize("name", ["Order Completed", "Order Updated"])
def test_what_the_second_call_of_an_order_lists_was_bought(name):
    """The server tells of the sale, the page of thanks of its products: a snapshot of them is no new cart."""
    second = order(0.1, name=name, products=[LAMP])
    snapshot = (20, "web", "u1", "Cart Viewed", {"products": [LAMP, RUG]})
    outcome = agreed(told(order(0, who=WHO), second, snapshot), REMINDER)
    assert in_short(outcome.transitions)[0] == "none>open 20 5"


@pytest.mark.parametrize("first", [{}, {"products": [RUG]}])
def test_nobody_is_asked_back_to_what_a_second_call_lists(first):
    """Some shops make a call of each line of an order; both lines were bought."""
    calls = order(0, who=WHO, **first), order(1, products=[LAMP])
    looked = (2 * DAY, "web", "u1", "Product Viewed", LAMP)
    assert reminded(agreed(told(*calls, looked), BROWSED)) == 0


def test_what_was_named_between_two_calls_of_an_order_goes():
    """A cart of what proves to have been bought is converted, a cart with something else as well keeps that."""
    for lines, ends in (([LAMP], "open>converted 10 30"), ([LAMP, RUG], "open>abandoned 38 5")):
        snapshot = (8, "web", "u1", "Cart Viewed", {"products": lines})
        outcome = agreed(told(order(0, who=WHO), snapshot, order(10, products=[LAMP])), REMINDER)
        assert ends in in_short(outcome.transitions)


def test_what_is_paid_back_or_renewed_or_void_adds_nothing():
    """Only calls that tell of the purchase once more say what it contained."""
    renewal, back = {"is_renewal": True}, {"revenue": -30}
    for more in (renewal, back):
        calls = order(0, who=WHO, **(more if more is renewal else {})), order(1, products=[LAMP], **more)
        snapshot = (20, "web", "u1", "Cart Viewed", {"products": [LAMP]})
        assert reminded(agreed(told(*calls, snapshot), REMINDER)) == 1
    calls = order(0, who=WHO), cancel(1), order(0.5, products=[LAMP]), (20, "web", "u1", "Product Added", LAMP)
    assert reminded(agreed(told(*calls), REMINDER)) == 1


def test_the_second_call_of_another_device_tells_of_it_as_well():
    """Each device has told its part of the order before they prove to be one customer's."""
    calls = order(0, who=WHO, products=[RUG]), order(1, who="d2", channel="app", products=[LAMP])
    joined, looked = (30, "app", "u1 d2", "identify", {}), (2 * DAY, "web", "u1", "Product Viewed", LAMP)
    assert reminded(agreed(told(*calls, joined, looked), BROWSED)) == 0
