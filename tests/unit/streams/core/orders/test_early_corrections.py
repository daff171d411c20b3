"""What is said of an order before the order itself comes: the times of the events decide, not which came first."""

from __future__ import annotations

from itertools import permutations

import pytest

from tests.support.campaigning import Customer, campaign, step


def customer(*story):
    """A cart of minute 0, then events (minute, name, properties) of one order as they come in, all late."""
    one = Customer(
        [campaign("cart", "cart_abandoned", step("one")), campaign("thanks", "order_completed", step("two"))]
    )
    one.adds()
    one.upto(20)
    for n, (minute, name, properties) in enumerate(story):
        event = {"order_id": "o1", "id_": f"n{n}", "late": True, **properties}
        one.does(f"Order {name}", minute, **event)
    one.upto(600)
    return one


def money(one):
    """(orders, value, refunds) that the rows of the order add up to."""
    rows = one.rows("conversions")
    return tuple(sum(row[field] for row in rows) for field in ("orders", "value", "refunds"))


ORDER = (5, "Completed", {"total": 30})
UPDATED = (6, "Updated", {"total": 20})
UPDATED_AGAIN = (7, "Updated", {"total": 25})
REFUNDED = (8, "Refunded", {"total": 10, "refund_id": "r"})


@pytest.mark.parametrize(
    "story",
    [
        [ORDER, UPDATED, UPDATED_AGAIN], [ORDER, UPDATED_AGAIN, UPDATED], [UPDATED, ORDER, UPDATED_AGAIN],
        [UPDATED_AGAIN, ORDER, UPDATED], [UPDATED, UPDATED_AGAIN, ORDER], [UPDATED_AGAIN, UPDATED, ORDER],
    ],
)  # fmt: skip
def test_the_newest_value_counts_however_late_the_older_ones_come(story):
    """Six orders of arrival of an order and two updates: always the value of the last."""
    assert money(customer(*story)) == (1, 25, 0)
    assert money(customer(*story, REFUNDED)) == money(customer(REFUNDED, *story)) == (1, 15, 10)


SENT, TAKEN_BACK = ("one", "sent", None), ("one", "cancelled", "converted")


@pytest.mark.parametrize(("minute", "ends"), [(5, [SENT]), (15, [SENT]), (65, [SENT]), (66, [SENT, TAKEN_BACK])])
def test_an_order_that_comes_after_its_cancellation_is_no_order(minute, ends):
    """Within the hour nothing was bought and the cart is left; later it was, and only the money is gone. No thanks."""
    cancelled = (minute, "Cancelled", {})
    one = customer(cancelled, ORDER)
    assert money(one) == (0, 0, 0)
    assert one.outcomes == ends
    assert not one.profile.purchases
    assert money(customer(cancelled, REFUNDED, ORDER)) == money(customer(REFUNDED, cancelled, ORDER)) == (0, 0, 0)


def test_a_payment_after_one_that_failed_is_the_purchase_whatever_came_first():
    """Cancelled, ordered before that, ordered again after it under the same id: sold once."""
    one = customer((6, "Cancelled", {}), ORDER, (9, "Completed", {"total": 30}))
    assert money(one) == (1, 30, 0)
    assert one.profile.cart is None


@pytest.mark.parametrize("last", [(5, "Completed", {"total": 30}), (6, "Cancelled", {})])
def test_a_repeat_is_before_or_after_the_failure_by_its_own_time(last):
    """Told again before the cancellation it is a repeat, after it the second payment, whichever comes in last."""
    again = (9, "Completed", {"total": 30})
    before = (5.5, "Completed", {"total": 30})
    assert money(customer((6, "Cancelled", {}), ORDER, before)) == money(customer(ORDER, (6, "Cancelled", {}), before))
    assert money(customer(ORDER, (6, "Cancelled", {}), before)) == (0, 0, 0)
    assert money(customer(ORDER, again, last)) == (1, 30, 0)


TWICE_AT_ONCE = [ORDER, (5, "Cancelled", {}), (5, "Completed", {"total": 30})]


@pytest.mark.parametrize("story", [*permutations(TWICE_AT_ONCE)])
def test_a_second_report_at_the_time_of_the_cancellation_is_a_repeat(story):
    """Of two reports and a cancellation at one instant the cancellation counts, whichever of them is taken first."""
    one = customer(*story)
    assert money(one) == (0, 0, 0)
    assert one.profile.cart is not None
    assert not one.profile.purchases


def test_no_row_of_a_cart_comes_twice_with_the_same_content():
    """Readers drop identical repeats: a cart converted twice at one instant would have a row too few."""
    one = customer(*TWICE_AT_ONCE, (9, "Completed", {"total": 30}))
    rows = [(row["from"], row["to"], row["at"], row["abandonment_no"]) for row in one.rows("cart.transitions")]
    assert len(set(rows)) == len(rows)
    assert money(one) == (1, 30, 0)


def test_all_of_an_order_is_paid_back_also_before_it_comes():
    """A refund that names no amount is of the whole, with a value that came before it and with a part paid back."""
    whole = (8, "Refunded", {})
    assert money(customer(whole, ORDER)) == money(customer(ORDER, whole)) == (1, 0, 30)
    assert money(customer(UPDATED, whole, ORDER)) == (1, 0, 20)
    assert money(customer(REFUNDED, whole, ORDER)) == money(customer(whole, REFUNDED, ORDER)) == (1, 0, 30)
    one, other = customer(whole), customer(UPDATED)
    other.absorbs(one, 600)
    other.does("Order Completed", 5, order_id="o1", total=30, late=True)
    assert money(other) == (1, 0, 20)


def test_what_was_said_before_an_order_was_placed_is_not_about_it():
    """A value and a cancellation that are older than the order leave it as it is."""
    assert money(customer((3, "Updated", {"total": 5}), (4, "Cancelled", {}), ORDER)) == (1, 30, 0)


def test_what_two_profiles_were_told_of_an_order_to_come_is_put_together():
    """After a merge the newest value of either counts, and the cancellation of either."""
    one, other = customer(UPDATED), customer(UPDATED_AGAIN)
    one.absorbs(other, 600)
    one.does("Order Completed", 5, order_id="o1", total=30, late=True)
    assert money(one) == (1, 25, 0)
    one, other = customer(UPDATED), customer((9, "Cancelled", {}))
    one.absorbs(other, 600)
    one.does("Order Completed", 5, order_id="o1", total=30, late=True)
    assert money(one) == (0, 0, 0)
