"""Sequences: what begins one, in which order its steps are decided, what ends it."""

from __future__ import annotations

import pytest

from schemas.times import iso
from streams.core.profile.state import Enrollment, ScheduledStep
from tests.support.campaigning import Customer, campaign, campaigns_of, step
from tests.support.happenings import at

DAY = 1440
THREE = [step("one"), step("two", "1h"), step("three", "3d")]


def test_all_steps_wait_from_the_trigger_and_each_is_decided_once():
    """`after` counts from the trigger; with the last step the enrollment is over."""
    customer = Customer([campaign("c", "cart_abandoned", *THREE)])
    customer.adds()
    customer.upto(5 * DAY)
    assert [(row["step"], row["outcome"], row["decided_at"]) for row in customer.decisions] == [
        ("one", "sent", iso(at(30))), ("two", "sent", iso(at(90))), ("three", "sent", iso(at(30 + 3 * DAY))),
    ]  # fmt: skip
    assert customer.profile.enrollments == []


def test_ids_are_of_the_profile_campaign_cart_abandonment_and_step():
    """No two steps share an id, and the same history gives the same ids."""
    first, second = (Customer([campaign("c", "cart_abandoned", *THREE)]) for _ in range(2))
    for customer in (first, second):
        customer.adds()
        customer.upto(5 * DAY)
    ids = [row["decision_id"] for row in first.decisions]
    assert len(set(ids)) == 3
    assert ids == [row["decision_id"] for row in second.decisions]


def test_several_campaigns_may_have_one_trigger():
    """Each has its own enrollment; at one instant they go in the order of the file."""
    customer = Customer([campaign("b"), campaign("a")])
    customer.adds()
    customer.upto(60)
    assert [row["campaign_id"] for row in customer.messages] == ["b", "a"]


def test_turns_at_one_instant():
    """By priority, then place in the file, then place of the step in its campaign."""
    steps = [step("x", "1h"), step("y", "1h")]
    customer = Customer(
        [campaign("low", "cart_abandoned", *steps), campaign("high", "cart_abandoned", *steps, priority=5)]
    )
    customer.adds()
    customer.upto(91)
    turns = [(row["campaign_id"], row["step"], row["outcome"]) for row in customer.decisions]
    assert turns[:2] == [("high", "x", "sent"), ("high", "y", "sent")]
    assert turns[2:] == [("low", "x", "deferred"), ("low", "y", "deferred")]


def test_cancelled_rows_come_in_the_same_order():
    """What waits is cancelled in the order in which it would have been decided."""
    customer = Customer(
        [campaign("a", "cart_abandoned", step("late", "3h"), step("soon", "1h")),
         campaign("b", "cart_abandoned", step("soon", "1h"), priority=1)]
    )  # fmt: skip
    customer.adds()
    customer.upto(40)
    customer.buys(41)
    turns = [(row["campaign_id"], row["step"]) for row in customer.decisions]
    assert turns == [("b", "soon"), ("a", "soon"), ("a", "late")]
    assert {row["reason"] for row in customer.decisions} == {"converted"}


def test_a_trigger_below_min_value_is_none():
    """No entry, no count of one."""
    customer = Customer([campaign("c", {"on": "cart_abandoned", "min_value": 10.01})])
    customer.adds()
    customer.upto(60)
    assert (customer.decisions, customer.entries("c")) == ([], {})


def test_one_active_sequence_a_campaign():
    """A second trigger of the same campaign is refused while the first goes on, and counted."""
    customer = Customer([campaign("c", "product_added", step("s", "1d"))])
    customer.adds(0)
    customer.adds(1)
    assert len(customer.profile.enrollments) == 1
    assert customer.entries("c") == {"entered": 1, "active": 1}
    assert customer.cell(campaign_id="c", step="") == {"triggered": 1}


@pytest.mark.parametrize(
    ("reentry", "minutes", "entered"),
    [
        ("always", [0, 1, 2], 3),
        ("never", [0, 1, 100 * DAY], 1),
        ("7d", [0, 7 * DAY - 1, 7 * DAY, 7 * DAY + 1], 2),
    ],
)
def test_how_soon_a_customer_may_enter_again(reentry, minutes, entered):
    """Always, never, or when so long has passed since the last entry."""
    customer = Customer([campaign("c", {"on": "hashtag_used"}, reentry=reentry)])
    for minute in minutes:
        customer.does("Hashtag Used", minute, "social", hashtag="sale")
        customer.upto(minute)
    assert customer.entries("c") == {"entered": entered} | (
        {"reentry": len(minutes) - entered} if len(minutes) > entered else {}
    )


def test_an_order_ends_what_began_before_it():
    """Every enrollment whose `since` it is not before; of a visit that is its first view."""
    customer = Customer(
        [campaign("c", "hashtag_used", step("s", "1d")), campaign("d", "order_completed", step("s", "1d"))]
    )
    customer.does("Hashtag Used", 5, "social", hashtag="sale")
    customer.buys(5, id_="order")
    assert customer.outcomes == [("s", "cancelled", "converted")]
    assert [enrollment.campaign for enrollment in customer.profile.enrollments] == ["d"]


def test_thanks_are_ended_by_another_order_only():
    """The same order_id again does not; the next order does, and brings its own thanks."""
    customer = Customer([campaign("c", "order_completed", step("s", "1d"))])
    customer.buys(0, "o1")
    customer.buys(1, "o1", id_="again")
    assert customer.decisions == []
    customer.buys(2, "o2")
    assert customer.outcomes == [("s", "cancelled", "converted")]
    assert [enrollment.about["order_id"] for enrollment in customer.profile.enrollments] == ["o2"]


def test_an_abandoned_visit_ends_with_the_next_activity():
    """A page is enough; what is no activity is not."""
    customer = Customer([campaign("c", "browse_abandoned", step("s", "1d"))])
    customer.does("Product Viewed", 0, product_id="A")
    customer.does("Email Opened", 70, "email")
    assert customer.outcomes == []
    customer.does("", 71, type_="page")
    assert customer.outcomes == [("s", "cancelled", "exited")]


def test_visited_ends_any_sequence_but_not_by_its_own_event():
    """A later visit ends what says so."""
    customer = Customer([campaign("c", "content_viewed", step("s", "1d"), exit_on=["visited"])])
    customer.does("", 0, type_="page", topic="wine")
    assert len(customer.profile.enrollments) == 1
    customer.does("", 0, "app", type_="page", id_="same instant")
    assert len(customer.profile.enrollments) == 1
    customer.does("", 1, type_="screen")
    assert customer.outcomes == [("s", "cancelled", "exited")]


def test_engaged_ends_what_says_so():
    """A click on a message of the enrollment; another campaign's does not count."""
    customer = Customer(
        [campaign("c", "cart_abandoned", step("s"), step("t", "1d"), exit_on=["engaged"]),
         campaign("d", "cart_abandoned", step("s"), step("t", "1d"))]
    )  # fmt: skip
    customer.adds()
    customer.upto(40)
    mine = next(row["message_id"] for row in customer.messages if row["campaign_id"] == "c")
    customer.does("Email Link Clicked", 50, "email", message_id=mine)
    assert [(row["campaign_id"], row["step"], row["outcome"]) for row in customer.decisions[2:]] == [
        ("c", "t", "cancelled")
    ]
    assert customer.profile.enrollments[0].campaign == "d"


@pytest.mark.parametrize(
    ("channel", "topic", "ends"),
    [
        ("email", None, True),
        ("sms", None, False),
        ("email", "news", False),
        ("email", "carts", True),
        ("*", None, True),
    ],
)
def test_unsubscribed_ends_what_was_sent_on_that_channel(channel, topic, ends):
    """Only a channel on which a message of the enrollment was sent, and only its own topic."""
    customer = Customer([campaign("c", "cart_abandoned", step("s"), step("t", "1d"), topic="carts")])
    customer.adds()
    customer.upto(40)
    customer.does("Unsubscribed", 50, channel=channel, **({"topic": topic} if topic else {}))
    assert (("t", "cancelled", "exited") in customer.outcomes) is ends


def test_unsubscribed_by_a_message_of_an_earlier_abandonment():
    """The cart was abandoned again since: nothing of that has been sent yet."""
    customer = Customer([campaign("c", "cart_abandoned", step("s", "10m"))])
    customer.adds()
    customer.upto(41)
    customer.does("", 45, type_="page")
    customer.does("Unsubscribed", 80, channel="email")
    customer.upto(90)
    assert customer.outcomes[1:] == [("s", "cancelled", "no_consent"), ("s", "suppressed", "no_consent")]


def test_unsubscribed_need_not_be_a_way_out():
    """Left out of `exit_on`, the step fails on consent in its own time; what may be on its way is taken back."""
    customer = Customer([campaign("c", "cart_abandoned", step("s"), step("t", "1d"), exit_on=["order_completed"])])
    customer.adds()
    customer.does("Unsubscribed", 50, channel="email")
    customer.upto(2 * DAY)
    assert customer.outcomes == [
        ("s", "sent", None), ("s", "cancelled", "no_consent"), ("t", "suppressed", "no_consent")
    ]  # fmt: skip


def test_an_order_and_an_empty_cart_end_it_whatever_the_file_lists():
    """`order_completed` and `cart_emptied` always hold."""
    for ends in ("Order Completed", "Product Removed"):
        customer = Customer([campaign("c", "cart_abandoned", step("s", "1d"), exit_on=["engaged"])])
        customer.adds()
        customer.upto(40)
        customer.does(ends, 50, "callcenter", sku="A")
        assert [outcome for _, outcome, _ in customer.outcomes] == ["cancelled"]


def test_what_is_no_campaign_any_more_ends_when_it_is_due():
    """A campaign, or a step, that another file has not: cancelled at the step's time."""
    customer = Customer(campaigns_of([campaign("c", "cart_abandoned", step("s"))]))
    for gone, left in ((("gone", "s"), "s"), (("c", "gone"), "gone")):
        customer.profile.enrollments.append(
            Enrollment(gone[0], "hashtag_used", at(0), at(0), f"r{left}", steps=[ScheduledStep(gone[1], at(60))])
        )
    customer.upto(60)
    assert sorted(customer.outcomes) == [("gone", "cancelled", "exited"), ("s", "cancelled", "exited")]


def test_a_late_event_starts_nothing():
    """What comes late is remembered, and sets nothing off by itself."""
    customer = Customer(
        [campaign("c", "order_completed"), campaign("d", "product_added"), campaign("e", "hashtag_used")]
    )
    customer.buys(0, late=True)
    customer.adds(1, late=True)
    customer.does("Hashtag Used", 2, "social", hashtag="sale", late=True)
    assert customer.profile.enrollments == []
