"""A decided message that is not delivered yet is taken back when a no, a dead address or an order comes to light."""

from __future__ import annotations

import pytest

from schemas.times import iso
from tests.support.campaigning import Customer, campaign, step
from tests.support.happenings import at

HERS = {"identifiers": [{"type": "email", "value": "email-point"}]}
OLD = {"identifiers": [{"type": "email", "value": "old@example.com"}]}
TAKEN = [("s", "sent", None), ("s", "cancelled", "no_consent")]


def reminded(channel: str = "email", **more) -> Customer:
    """Somebody who has been sent a reminder, half an hour after the beginning."""
    customer = Customer([campaign("c", "cart_abandoned", step(channel=channel), topic="carts", **more)])
    customer.adds()
    customer.upto(30)
    return customer


@pytest.mark.parametrize(
    ("name", "channel", "said"),
    [
        ("Unsubscribed", "email", {}),
        ("Unsubscribed", "web", {"channel": "all"}),
        ("Unsubscribed", "web", {"topic": "carts"}),
        ("Subscription Changed", "web", {"channel": "e-mail", "subscribed": "no"}),
        ("Email Marked as Spam", "email", {}),
        ("Email Bounced", "email", HERS),
        ("Email Bounced", "email", {"bounce_type": "hard"}),
    ],
)
def test_a_no_takes_back_what_is_on_its_way(name, channel, said):
    """One more row, at the time of the no, with the message's id and a decision's of its own; once a message."""
    customer = reminded()
    customer.does(name, 31, channel, **said)
    customer.does(name, 32, channel, **said)
    assert customer.outcomes[:2] == TAKEN
    assert [row for row in customer.decisions if row["reason"] == "no_consent"] == [customer.decisions[1]]
    sent, taken = customer.decisions[:2]
    assert taken["message_id"] == sent["message_id"] == customer.messages[0]["message_id"]
    assert taken["decision_id"] != sent["decision_id"]
    assert (taken["decided_at"], taken["arm"], taken["trigger"]) == (iso(at(31)), "treatment", sent["trigger"])


@pytest.mark.parametrize(
    ("name", "channel", "said"),
    [
        ("Unsubscribed", "sms", {}),
        ("Unsubscribed", "web", {"topic": "news"}),
        ("Unsubscribed", "web", {"channel": "push"}),
        ("Unsubscribed", "email", {"machine": True}),
        ("Subscription Changed", "web", {"channel": "email", "subscribed": True}),
        ("Email Bounced", "email", OLD),
        ("Email Bounced", "email", {"bounce_type": "soft"}),
        ("SMS Failed", "sms", {}),
    ],
)
def test_what_is_about_something_else_takes_back_nothing(name, channel, said):
    """Another channel, another topic, another address, a bounce for a while, a yes."""
    customer = reminded()
    customer.does(name, 31, channel, **said)
    assert customer.outcomes == TAKEN[:1]


@pytest.mark.parametrize("arrived", ["Email Delivered", "Email Opened", "Email Link Clicked", "Email Bounced"])
def test_what_has_arrived_is_not_taken_back(arrived):
    """Nor what has bounced: nobody is about to send it."""
    customer = reminded()
    customer.does(arrived, 31, "email", message_id=customer.messages[0]["message_id"], bounce_type="soft")
    customer.does("Unsubscribed", 32, "email")
    assert customer.outcomes == TAKEN[:1]


def test_the_message_that_brought_the_no_has_arrived():
    """Who unsubscribes by its link has it; what else is on its way is taken back."""
    customer = Customer([campaign("c", "cart_abandoned", step()), campaign("d", "cart_abandoned", step("t"))])
    customer.adds()
    customer.upto(30)
    customer.does("Unsubscribed", 31, "email", message_id=customer.messages[0]["message_id"])
    assert customer.outcomes[2:] == [("t", "cancelled", "no_consent")]


def test_what_is_too_old_to_be_on_its_way_stays():
    """Longer ago than `message_ttl`."""
    customer = Customer([campaign("c", "cart_abandoned", step())], message_ttl="2h")
    customer.adds()
    customer.upto(30)
    customer.does("Unsubscribed", 150, "email")
    assert customer.outcomes == TAKEN[:1]


def test_a_no_that_is_older_than_a_yes_takes_back_nothing():
    """It comes late, and the customer has said yes since."""
    customer = reminded()
    customer.does("Subscription Changed", 31, "web", channel="email", subscribed=True)
    customer.does("Unsubscribed", 29, "email", late=True)
    assert customer.outcomes == TAKEN[:1]


def test_a_no_that_comes_late_takes_back():
    """It was said before the message was decided."""
    customer = reminded()
    customer.does("Unsubscribed", 29, "email", late=True)
    assert customer.outcomes == TAKEN


def test_an_order_that_a_merge_brings_takes_back_what_it_would_have_prevented():
    """The other side had ordered before the reminder was decided, and nobody knew that the two are one."""
    for buyer, reminded_one in ((0, 1), (1, 0)):
        pair = [Customer([campaign("c", "cart_abandoned", step())], id_=id_) for id_ in ("p", "q")]
        pair[reminded_one].adds()
        pair[buyer].buys(10)
        pair[reminded_one].upto(30)
        message = pair[reminded_one].messages[0]["message_id"]
        pair[0].absorbs(pair[1], 40)
        taken = [row for row in pair[0].decisions if row["outcome"] == "cancelled"]
        assert [(row["reason"], row["message_id"], row["decided_at"]) for row in taken] == [
            ("converted", message, iso(at(40)))
        ]


@pytest.mark.parametrize(("ordered", "merged", "told"), [(35, 40, None), (10, 40, "Email Opened"), (10, 1500, None)])
def test_an_order_that_a_merge_brings_takes_back_nothing_else(ordered, merged, told):
    """The order came after the message, the message has arrived, or it is too old to be on its way."""
    winner, loser = (Customer([campaign("c", "cart_abandoned", step())], id_=id_) for id_ in ("p", "q"))
    winner.adds()
    if ordered < 30:
        loser.buys(ordered)
    winner.upto(30)
    if ordered > 30:
        loser.buys(ordered)
    if told:
        winner.does(told, 31, "email", message_id=winner.messages[0]["message_id"])
    winner.absorbs(loser, merged)
    assert [row for row in winner.decisions if row["outcome"] == "cancelled"] == []


@pytest.mark.parametrize(
    ("name", "channel", "said"),
    [
        ("Unsubscribed", "web", {}),
        ("Unsubscribed", "email", {}),
        ("Subscription Changed", "web", {"topic": "carts", "subscribed": False}),
        ("Email Marked as Spam", "email", {}),
        ("Email Bounced", "email", HERS),
    ],
)
@pytest.mark.parametrize("refuser", [0, 1])
def test_a_no_that_a_merge_brings_takes_back(name, channel, said, refuser):
    """One side had said no, or its address was dead, and nobody knew that the two are one."""
    made = [campaign("c", "cart_abandoned", step(channel="email"), topic="carts")]
    pair = [Customer(made, id_=id_) for id_ in ("p", "q")]
    pair[1 - refuser].adds()
    pair[refuser].does(name, 10, channel, **said)
    pair[1 - refuser].upto(30)
    message = pair[1 - refuser].messages[0]["message_id"]
    pair[0].absorbs(pair[1], 40)
    taken = [row for row in pair[0].decisions if row["outcome"] == "cancelled"]
    assert [(row["reason"], row["message_id"], row["decided_at"]) for row in taken] == [
        ("no_consent", message, iso(at(40)))
    ]


@pytest.mark.parametrize(
    ("name", "channel", "said"),
    [
        ("Unsubscribed", "sms", {}),
        ("Subscription Changed", "web", {"topic": "news", "subscribed": False}),
        ("Subscription Changed", "web", {"channel": "email", "subscribed": True}),
        ("Email Bounced", "email", OLD),
        ("Email Opened", "email", {}),
    ],
)
def test_what_a_merge_brings_about_something_else_takes_back_nothing(name, channel, said):
    """Another channel, topic or address, a yes, no word at all."""
    made = [campaign("c", "cart_abandoned", step(channel="email"), topic="carts")]
    winner, loser = (Customer(made, id_=id_) for id_ in ("p", "q"))
    winner.adds()
    loser.does(name, 10, channel, **said)
    winner.upto(30)
    winner.absorbs(loser, 40)
    assert [row for row in winner.decisions if row["outcome"] == "cancelled"] == []


@pytest.mark.parametrize(("name", "taken"), [("Unsubscribed", []), ("Email Marked as Spam", ["no_consent"])])
def test_only_a_complaint_that_a_merge_brings_takes_back_what_is_part_of_a_deal(name, taken):
    """A confirmation needs no marketing consent."""
    made = [campaign("c", "cart_abandoned", step(channel="email"), transactional=True)]
    winner, loser = (Customer(made, id_=id_) for id_ in ("p", "q"))
    winner.adds()
    loser.does(name, 10, "email")
    winner.upto(30)
    winner.absorbs(loser, 40)
    assert [row["reason"] for row in winner.decisions if row["outcome"] == "cancelled"] == taken
