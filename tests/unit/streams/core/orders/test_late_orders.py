"""A purchase that came too late to stop a message: what may still be on its way is taken back."""

from __future__ import annotations

from schemas.times import iso
from tests.support.campaigning import Customer, campaign, step
from tests.support.happenings import at, happened

DAY = 1440


def late_order(customer, minute, clock, order_id="o1"):
    """An order of that minute takes effect when time has come to another."""
    event = happened("Order Completed", minute, "store", order_id=order_id, total=10, late=True, id_=f"late-{order_id}")
    event.clock = at(clock)
    customer.upto(clock)
    customer.logic.on_event(customer.profile, event, customer.effects)


def abandoned(*steps, **file):
    """A customer whose cart starts a campaign of these steps."""
    customer = Customer([campaign("c", "cart_abandoned", *steps)], **file)
    customer.adds()
    return customer


def test_what_waits_is_cancelled_and_what_was_sent_since_is_taken_back():
    """Two rows: the step that waits, and the message that a dispatcher may not have sent yet."""
    customer = abandoned(step("one"), step("two", "1d"))
    late_order(customer, 10, 60)
    sent = customer.decisions[0]
    waiting, taken_back = customer.decisions[1:]
    assert (waiting["step"], waiting["outcome"], waiting["reason"], waiting["message_id"]) == (
        "two", "cancelled", "converted", None,
    )  # fmt: skip
    assert taken_back == {
        **sent, "decision_id": taken_back["decision_id"], "control_share": None, "outcome": "cancelled",
        "reason": "converted", "decided_at": iso(at(10)),
    }  # fmt: skip
    assert taken_back["message_id"] == sent["message_id"]
    assert taken_back["decision_id"] != sent["decision_id"]


def test_a_message_from_before_the_order_stands():
    """It did what it was for."""
    customer = abandoned(step("one"), step("two", "1d"))
    late_order(customer, 40, 60)
    assert customer.outcomes == [("one", "sent", None), ("two", "cancelled", "converted")]


def test_a_message_that_began_after_the_order_stands():
    """What follows something newer is not about what was bought."""
    customer = Customer([campaign("c", "hashtag_used", step("one"))])
    customer.does("Hashtag Used", 50, "social", hashtag="sale")
    late_order(customer, 40, 60)
    assert customer.outcomes == [("one", "sent", None)]


def test_a_message_that_has_expired_is_left_alone():
    """After message_ttl nobody sends it any more."""
    for ttl, rows in (("30m", 1), ("31m", 2)):
        customer = abandoned(step("one"), message_ttl=ttl)
        late_order(customer, 10, 60)
        assert len(customer.decisions) == rows


def test_it_is_taken_back_once():
    """A second late order says nothing about it again."""
    customer = abandoned(step("one"))
    late_order(customer, 10, 60)
    late_order(customer, 11, 61, "o2")
    assert customer.outcomes == [("one", "sent", None), ("one", "cancelled", "converted")]


def test_an_order_in_time_takes_nothing_back():
    """The message was sent before it."""
    customer = abandoned(step("one"))
    customer.upto(40)
    customer.buys(41)
    assert customer.outcomes == [("one", "sent", None)]


def test_thanks_are_not_taken_back_by_their_own_order():
    """The same order_id, told once more and late."""
    customer = Customer([campaign("c", "order_completed", step("one", "1h"))])
    customer.buys(0, "o1")
    late_order(customer, 30, 70, "o1")
    assert customer.outcomes == [("one", "sent", None)]
    late_order(customer, 31, 71, "o2")
    assert customer.outcomes == [("one", "sent", None), ("one", "cancelled", "converted")]


def test_messages_are_remembered_for_a_month():
    """Older ones are dropped when the next is sent."""
    customer = Customer([campaign("c", "hashtag_used", step("one"))])
    for minute in (0, 31 * DAY - 1, 32 * DAY):
        customer.does("Hashtag Used", minute, "social", hashtag="sale")
    customer.upto(32 * DAY)
    assert [message.at for message in customer.profile.sent] == [at(31 * DAY - 1), at(32 * DAY)]


def test_a_late_list_of_what_was_bought_takes_the_reminder_of_it_back():
    """The sale was told in time, its products too late to stop a snapshot of them from becoming a cart."""
    bought, other = {"sku": "s1", "price": 10}, {"sku": "s2", "price": 10}
    for shown, taken_back in (([bought], [("one", "cancelled", "converted")]), ([bought, other], [])):
        customer = Customer([campaign("c", "cart_abandoned", step("one"))])
        customer.buys(0)
        customer.does("Cart Viewed", 10, products=shown)
        customer.upto(60)
        again = happened("Order Completed", 1, order_id="o1", total=10, products=[bought], late=True, id_="again")
        again.clock = at(60)
        customer.logic.on_event(customer.profile, again, customer.effects)
        assert customer.outcomes == [("one", "sent", None), *taken_back]
