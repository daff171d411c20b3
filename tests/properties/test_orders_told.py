"""What is said of orders, told as stories that oracle and core agree on: repeats, renewals, cancellations, refunds."""

from __future__ import annotations

import pytest

from tests.oracle.core import agreed
from tests.oracle.outcome import Outcome
from tests.oracle.story import in_short, told

DAY, HOUR = 1440, 60
CAMPAIGN = """
campaigns:
  - id: cart
    trigger: {on: cart_abandoned}
    exit_on: [order_completed]
    steps:
      - {id: one, after: 0m, channel: email, template: all}
      - {id: two, after: 2d, channel: email, template: all}
  - id: thanks
    trigger: {on: order_completed}
    steps: [{id: review, after: 3d, channel: email, template: all}]
"""
LAPSED = """
campaigns:
  - id: lapsed
    trigger: {on: lapsed, after: 5d}
    steps: [{id: one, after: 0m, channel: email, template: all}]
"""
WHO = "u1 u1@shop.example"
LAMP = {"sku": "lamp", "price": 30}


def order(minute, order_id=1, revenue=30, name="Order Completed", who="u1", channel="web", **more):
    """An event of an order."""
    worth = {} if revenue is None else {"revenue": revenue}
    return (minute, channel, who, name, {"order_id": order_id, **worth, **more})


def cancel(minute):
    """The order is cancelled."""
    return order(minute, revenue=None, name="Order Cancelled")


def changes(outcome: Outcome) -> list[tuple[str, int, float]]:
    """The rows of conversions in short."""
    return [(row["kind"], row["orders"], row["value"]) for row in outcome.conversions]


def ends(outcome: Outcome, campaign: str) -> list[str]:
    """How the steps of a campaign ended."""
    return [row["reason"] or row["outcome"] for row in outcome.decisions if row["campaign_id"] == campaign]


@pytest.mark.parametrize("again", [1, "1", 1.0, " 1 ", "#1", "# 1"])
def test_a_repeat_of_an_order_is_no_purchase(again):
    """However its number is written: one order, the cart of the next day stays and is reminded of, to its end."""
    told_again = order(DAY + 20, again)
    outcome = agreed(told(order(0, who=WHO), (DAY, "web", "u1", "Product Added", LAMP), told_again), CAMPAIGN)
    assert changes(outcome) == [("order", 1, 30)]
    assert in_short(outcome.transitions)[1] == f"open>abandoned {DAY + 30} 30"
    assert ends(outcome, "cart") == ["sent", "sent"]


def test_an_order_by_another_name_is_another_order():
    """`order_id` decides; where there is none, or one that is nobody's, the message does."""
    for names in ((1, 2), ("", " "), ("undefined", "null"), (None, None)):
        outcome = agreed(told(order(0, names[0]), order(5, names[1])))
        assert len(outcome.conversions) == 2


def test_a_repeat_puts_nothing_off():
    """Who has bought once is asked back when that was long ago, whenever the page of thanks was opened again."""
    outcome = agreed(told(order(0, who=WHO), order(3 * DAY)), LAPSED)
    assert [row["decided_at"][:10] for row in outcome.messages] == ["2023-11-19"]


@pytest.mark.parametrize(
    "mark",
    [
        {"is_renewal": True}, {"is_renewal": "1"}, {"subscription_renewal": 1}, {"order_type": "Renewal"},
        {"isRenewal": True}, {"orderType": "renewal"},
    ],
)  # fmt: skip
def test_a_renewal_is_revenue_and_nothing_else(mark):
    """The cart is reminded of to the end, nobody is thanked, and no message is credited."""
    outcome = agreed(told((0, "web", WHO, "Product Added", LAMP), order(50, 7, 9.9, **mark)), CAMPAIGN)
    assert changes(outcome) == [("renewal", 1, 9.9)]
    assert outcome.conversions[0]["recovered"] is None
    assert (ends(outcome, "cart"), ends(outcome, "thanks")) == (["sent", "sent"], [])


@pytest.mark.parametrize("mark", [{"is_renewal": False}, {"subscription_renewal": "false"}, {"order_type": "first"}])
def test_what_says_that_it_is_no_renewal_is_a_purchase(mark):
    """It ends the cart and what it has started."""
    outcome = agreed(told((0, "web", WHO, "Product Added", LAMP), order(50, 7, 9.9, **mark)), CAMPAIGN)
    assert changes(outcome) == [("order", 1, 9.9)]
    assert ends(outcome, "cart") == ["sent", "converted"]


@pytest.mark.parametrize("minutes", [0, 2, HOUR])
def test_a_payment_that_fails_leaves_the_cart_open_again(minutes):
    """The shopper who did not buy is reminded, half an hour after the cancellation."""
    cancelled = cancel(4 + minutes)
    outcome = agreed(told((0, "web", WHO, "Product Added", LAMP), order(4), cancelled), CAMPAIGN)
    assert in_short(outcome.transitions)[1:4] == [
        "open>converted 4 30", f"converted>open {4 + minutes} 30", f"open>abandoned {34 + minutes} 30",
    ]  # fmt: skip
    assert changes(outcome) == [("order", 1, 30), ("cancellation", -1, -30)]
    assert (ends(outcome, "cart"), ends(outcome, "thanks")) == (["sent", "sent"], ["exited"])


def test_a_cancellation_after_the_hour_only_corrects_the_money():
    """Nothing is open again, nobody is thanked."""
    cancelled = cancel(4 + HOUR + 0.001)
    outcome = agreed(told((0, "web", WHO, "Product Added", LAMP), order(4), cancelled, order(2 * DAY)), CAMPAIGN)
    assert changes(outcome) == [("order", 1, 30), ("cancellation", -1, -30)]
    assert in_short(outcome.transitions)[-1] == "open>converted 4 30"
    assert (ends(outcome, "cart"), ends(outcome, "thanks")) == ([], ["exited"])


def test_a_payment_that_works_the_second_time_is_the_purchase():
    """The same order_id once more after the failure: the cart is converted, the money is there once."""
    events = [
        (0, "web", WHO, "Product Added", LAMP), order(4), cancel(6), order(8, "#1"),
    ]  # fmt: skip
    outcome = agreed(told(*events), CAMPAIGN)
    assert changes(outcome) == [("order", 1, 30), ("cancellation", -1, -30), ("order", 1, 30)]
    assert in_short(outcome.transitions)[-1] == "open>converted 8 30"
    assert ends(outcome, "cart") == []


def test_the_reminder_is_credited_again_when_the_first_payment_failed():
    """The second payment is recovered by the message that had brought the customer back."""
    events = [
        (0, "web", WHO, "Product Added", LAMP), order(40), cancel(45), order(50, 2),
    ]  # fmt: skip
    outcome = agreed(told(*events), CAMPAIGN)
    assert [bool(row["recovered"]) for row in outcome.conversions] == [True, True, True]


def test_what_was_put_in_since_is_united_with_what_was_not_paid():
    """One cart, with the lines of both."""
    events = [
        (0, "web", WHO, "Product Added", LAMP), order(4), (20, "web", "u1", "Product Added", {"sku": "s2", "price": 5}),
        cancel(25),
    ]  # fmt: skip
    outcome = agreed(told(*events))
    assert in_short(outcome.transitions)[-2:] == ["open>abandoned 50 35", f"abandoned>expired {30 * DAY + 20} 35"]


def test_an_update_sets_the_value():
    """Up or down, at the order's own time; without a value, or of an order nobody knows, it says nothing."""

    def update(minute, revenue, order_id=1):
        return order(minute, order_id, revenue, name="Order Updated")

    outcome = agreed(told(order(0, revenue=100), update(60, 60), update(70, 80), update(80, None), update(90, 5, 9)))
    assert changes(outcome) == [("order", 1, 100), ("update", 0, -40), ("update", 0, 20)]
    assert {row["at"] for row in outcome.conversions} == {outcome.conversions[0]["at"]}


def test_an_update_of_a_cancelled_order_says_nothing():
    """A shop's hook tells of the order once more, with its old value, when it was cancelled."""
    cancelled, updated = cancel(90), order(91, revenue=30, name="Order Updated")
    assert changes(agreed(told(order(0), cancelled, updated))) == [("order", 1, 30), ("cancellation", -1, -30)]


@pytest.mark.parametrize(
    ("refunds", "counted"),
    [
        ([{"total": 5}, {"total": "5.00"}], [-5]),
        ([{"total": 5, "refund_id": "a"}, {"total": 5, "refund_id": "b"}, {"total": 5, "refund_id": "a"}], [-5, -5]),
        ([{"total": 20}, {"total": 25}], [-20, -10]),
        ([{"total": 500}], [-30]),
        ([{}], [-30]),
        ([{"total": 10}, {}], [-10, -20]),
        ([{"products": [{"sku": "a", "price": 4}]}, {"products": [{"sku": "b", "price": 4}]}], [-4, -4]),
    ],
)
def test_refunds_count_once_and_come_to_the_order_at_most(refunds, counted):
    """Told apart by id, else by content; more than was paid is never paid back."""
    events = [
        order(60 + n, revenue=None, name="Order Refunded", channel="callcenter", **r) for n, r in enumerate(refunds)
    ]
    outcome = agreed(told(order(0), *events))
    assert [row["value"] for row in outcome.conversions[1:]] == counted
    assert {row["channel"] for row in outcome.conversions} == {"web"}


def test_an_order_of_less_than_nothing_is_a_refund():
    """It converts nothing, and is no order."""
    events = [order(0), (DAY, "web", WHO, "Product Added", LAMP), order(DAY + 5, revenue=-12)]
    outcome = agreed(told(*events))
    assert changes(outcome) == [("order", 1, 30), ("refund", 0, -12)]
    assert in_short(outcome.transitions)[1] == f"open>abandoned {DAY + 30} 30"


def test_a_refund_that_comes_before_its_order_is_taken_into_account():
    """What was paid back of an order that nobody had told of yet is at most its value in the end."""
    outcome = agreed(told(order(0, revenue=40, name="Order Refunded"), order(1, revenue=30)))
    assert sum(row["value"] for row in outcome.conversions) == 0


def test_a_cancelled_order_comes_to_nothing_however_much_was_paid_back():
    """First part of the money, then the order."""
    refund, cancelled = (
        order(5, revenue=10, name="Order Refunded"),
        order(2 * HOUR, revenue=None, name="Order Cancelled"),
    )
    outcome = agreed(told(order(0), refund, cancelled, order(3 * HOUR, revenue=20, name="Order Refunded")))
    assert changes(outcome) == [("order", 1, 30), ("refund", 0, -10), ("cancellation", -1, -20)]


@pytest.mark.parametrize("field", ["amount", "refund_amount", "refunded_amount", "refundTotal"])
def test_a_refund_says_its_amount_under_many_names(field):
    """A part of the order was paid back, not all of it."""
    refund = order(HOUR, revenue=None, name="Order Refunded", **{field: 10})
    assert changes(agreed(told(order(0), refund))) == [("order", 1, 30), ("refund", 0, -10)]
