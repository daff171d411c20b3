"""What sets a campaign off twice has two ids, and one thing sets it off once: no decision is written twice."""

from __future__ import annotations

import pytest

from streams.core.products.changes import ProductChange
from tests.support.campaigning import Customer, campaign, step

MAIL = step(channel="email")


def customer(trigger: str | dict[str, object], *steps: object, **more: object) -> Customer:
    """Somebody whom a campaign of this trigger may write to as often as it is set off."""
    return Customer([campaign("c", trigger, *steps, **{"reentry": "always", **more})])


def ids(one: Customer) -> list[str]:
    """The ids of all decisions, which are to be different ones."""
    return [row["decision_id"] for row in one.decisions]


def test_an_order_that_is_placed_again_after_its_payment_failed_is_confirmed_again():
    """It is a purchase anew under the same order_id; its confirmation is a message of its own."""
    one = customer("order_completed", MAIL, transactional=True)
    one.buys(0)
    one.does("Order Cancelled", 10, order_id="o1")
    one.buys(20)
    one.upto(30)
    assert [outcome for _, outcome, _ in one.outcomes] == ["sent", "sent"]
    assert len(set(ids(one))) == len({message["message_id"] for message in one.messages}) == 2


def test_thanks_for_an_order_end_with_its_cancellation_whatever_its_id_looks_like():
    """An order_id with colons is told from another that begins like it."""
    one = customer("order_completed", step(after="1h"), transactional=True)
    one.buys(0, "a")
    one.buys(1, "a:1")
    one.does("Order Cancelled", 10, order_id="a")
    one.upto(90)
    found = [(row["outcome"], row["trigger"]["at"][11:16]) for row in one.decisions]
    assert found == [("cancelled", "00:00"), ("sent", "00:01")]


@pytest.mark.parametrize(("cancelled", "lapses"), [(False, 2), (True, 2)])
def test_an_order_has_lapsed_once_also_if_a_later_one_is_taken_back(cancelled, lapses):
    """The last order is the one of before again, but of that it has been said already."""
    one = customer({"on": "lapsed", "after": "30m"}, MAIL)
    one.buys(0, "o1")
    one.buys(60, "o2")
    one.upto(95)
    if cancelled:
        one.does("Order Cancelled", 100, order_id="o2")
    one.upto(500)
    assert len(ids(one)) == len(set(ids(one))) == lapses


@pytest.mark.parametrize(
    ("trigger", "properties"),
    [
        ({"on": "event", "name": "Order Completed"}, {}),
        ({"on": "content_viewed"}, {"topic": "garden"}),
    ],
)
@pytest.mark.parametrize("renewal", [False, True])
def test_two_orders_under_one_message_id_set_it_off_twice(trigger, properties, renewal):
    """A server gives the id of one request to both; each is an event of its own, purchase or not."""
    one = customer(trigger, MAIL, transactional=True)
    for order_id in ("o1", "o2"):
        one.buys(0, order_id, id_="request", is_renewal=renewal, **properties)
    one.upto(1)
    named = trigger["on"] == "event" and renewal
    assert len(ids(one)) == len(set(ids(one))) == (0 if named else 2)


def clicker(*steps: object) -> tuple[Customer, str]:
    """Somebody who has had a newsletter at minute 30, and whose clicks set a campaign off; and its message_id."""
    one = Customer(
        [
            campaign("news", "cart_abandoned", MAIL, exit_on=["unsubscribed"]),
            campaign("c", "message_clicked", *steps, reentry="always", exit_on=["unsubscribed"]),
        ]
    )
    one.adds(0)
    one.upto(31)
    return one, one.messages[0]["message_id"]


def feedback(one: Customer, message_id: str, minute: float, name: str = "Email Link Clicked", **more: object) -> None:
    """What somebody tells of the newsletter."""
    one.does(name, minute, "email", message_id=message_id, **more)


def of_clicks(one: Customer) -> list[tuple[str, str | None, str]]:
    """(outcome, reason, time of the trigger) of the campaign that waits for clicks."""
    rows = [row for row in one.decisions if row["campaign_id"] == "c"]
    assert len({row["decision_id"] for row in rows}) == len(rows)
    return [(row["outcome"], row["reason"], row["trigger"]["at"][11:16]) for row in rows]


@pytest.mark.parametrize("machine", ["delivery", "burst"])
def test_what_a_machines_click_has_set_off_and_still_waits_ends(machine):
    """The click is taken back, so nobody has clicked; the first click by a person sets the campaign off."""
    one, message_id = clicker(step(after="1h"))
    feedback(one, message_id, 40, link="a")
    if machine == "delivery":
        feedback(one, message_id, 41, "Email Delivered")
    else:
        feedback(one, message_id, 40.01, link="b")
        feedback(one, message_id, 40.02, link="c")
    feedback(one, message_id, 70, link="a")
    one.upto(200)
    assert of_clicks(one) == [("cancelled", "exited", "00:40"), ("sent", None, "01:10")]


def test_nobody_is_written_to_twice_for_the_clicks_on_one_message():
    """Once something of what a click has set off is decided, later clicks set nothing off, whoever the first was."""
    one, message_id = clicker(MAIL, step("t", after="2h"))
    feedback(one, message_id, 40, link="a")
    feedback(one, message_id, 41, "Email Delivered")
    feedback(one, message_id, 70, link="a")
    one.upto(200)
    assert of_clicks(one) == [("sent", None, "00:40"), ("cancelled", "exited", "00:40")]


def test_a_step_that_is_in_the_file_no_more_is_nothing_that_was_decided():
    """It has ended without an outcome; where the click is taken back, the next one is the first."""
    one, message_id = clicker(step("gone", after="1h"), step("t", after="2h"))
    feedback(one, message_id, 40, link="a")
    other, _ = clicker(step("t", after="2h"))
    one.logic = other.logic
    one.upto(105)
    feedback(one, message_id, 110, "Email Delivered")
    feedback(one, message_id, 120, link="a")
    one.upto(300)
    assert of_clicks(one) == [
        ("cancelled", "exited", "00:40"), ("cancelled", "exited", "00:40"), ("sent", None, "02:00")
    ]  # fmt: skip


def test_a_persons_clicks_stay_one():
    """The second click on a message, and its delivery before both, change nothing."""
    one, message_id = clicker(MAIL)
    feedback(one, message_id, 39, "Email Delivered")
    feedback(one, message_id, 40, link="a")
    feedback(one, message_id, 70, link="b")
    one.upto(200)
    assert of_clicks(one) == [("sent", None, "00:40")]


def test_two_variants_whose_price_drops_under_one_message_id_are_two_changes():
    """A feed gives one id to all that it says of a product; what is said of each sku is a change of its own."""
    one = customer("price_dropped", MAIL)
    for sku in ("S", "L"):
        one.does("Product Viewed", 0, product_id="shirt", sku=sku, price=20, id_=sku)
    for sku in ("S", "L"):
        said = {"product_id": "shirt", "sku": sku, "price": 10, "old_price": 20}
        change = ProductChange(one.profile.last_activity + 60_000, "price_dropped", "shirt", "feed", said)
        one.logic.on_product(one.profile, change, one.effects)
        one.upto(1)
    assert len(ids(one)) == len(set(ids(one))) == 2
