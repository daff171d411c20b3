"""Transactional campaigns: what is part of a deal goes out, whatever holds marketing back."""

from __future__ import annotations

import pytest

from schemas.times import iso
from streams.core.profile.state import Consent, SentMessage
from tests.support.campaigning import Customer, campaign, campaigns_of, step
from tests.support.happenings import at, happened

DEAL = {"on": "order_completed"}


def customer(*steps, deal=True, **file) -> Customer:
    """Somebody whose orders are confirmed; not transactional unless `deal`."""
    return Customer(campaigns_of([campaign("c", DEAL, *steps, transactional=deal)], **file))


@pytest.mark.parametrize(
    "file",
    [
        {"caps": {"global": [{"limit": 0, "per": "7d"}]}},
        {"control_group": "100%"},
        {"quiet_hours": {"from": "00:00", "to": "23:59"}},
        {"consent": {"default": "opt_in"}},
    ],
)
@pytest.mark.parametrize("deal", [True, False])
def test_nothing_of_marketing_holds_it_back(file, deal):
    """Caps, control group, night and missing consent hold the same campaign back where it is marketing."""
    one = customer(deal=deal, **file)
    one.buys(0)
    one.upto(1)
    assert bool(one.messages) is deal
    if deal:
        assert one.messages[0]["transactional"] is True
        assert one.decisions[0]["arm"] == "treatment"


@pytest.mark.parametrize(
    ("name", "said", "sent"),
    [
        ("Unsubscribed", {}, True),
        ("Subscription Changed", {"channel": "email", "subscribed": False}, True),
        ("Email Marked as Spam", {}, False),
        ("Email Bounced", {"bounce_type": "hard"}, False),
        ("Email Bounced", {"bounce_type": "soft"}, True),
    ],
)
def test_a_complaint_and_a_hard_bounce_hold_it_back_and_an_unsubscription_does_not(name, said, sent):
    """The address is dead, or its owner wants nothing at all."""
    one = customer()
    one.does(name, 0, "email", **said)
    one.buys(1)
    one.upto(2)
    assert [outcome for _, outcome, _ in one.outcomes] == ["sent" if sent else "suppressed"]
    if not sent:
        assert one.decisions[0]["reason"] == "no_consent"


def test_a_yes_lifts_a_complaint():
    """As it does for marketing; another no does not."""
    one = customer()
    one.does("Email Marked as Spam", 0, "email")
    one.does("Unsubscribed", 1, "email")
    one.buys(2, "o1")
    one.does("Subscription Changed", 3, channel="email", subscribed=True)
    one.buys(4, "o2")
    one.upto(5)
    assert [outcome for _, outcome, _ in one.outcomes] == ["suppressed", "sent"]


def test_each_order_is_confirmed_also_while_another_confirmation_waits():
    """A later order ends thanks; it does not end what confirms the first."""
    one = customer(step(after="10m"))
    one.buys(0, "o1")
    one.buys(5, "o2")
    one.upto(20)
    assert [message["decided_at"] for message in one.messages] == [iso(at(10)), iso(at(15))]
    thanks = customer(step(after="10m"), deal=False)
    thanks.buys(0, "o1")
    thanks.buys(5, "o2")
    thanks.upto(20)
    assert [outcome for _, outcome, _ in thanks.outcomes] == ["cancelled", "sent"] or len(thanks.messages) < 2


def test_a_withdrawn_consent_and_a_late_order_take_nothing_back():
    """What was sent of a deal stays sent, and its later steps go on."""
    one = customer(step("one"), step("two", "1h"))
    one.buys(0, "o1")
    one.upto(10)
    one.does("Unsubscribed", 20, "email")
    one.logic.on_event(one.profile, happened("Order Completed", 5, late=True, order_id="o2"), one.effects)
    one.upto(120)
    assert {outcome for _, outcome, _ in one.outcomes} == {"sent"}


def test_two_of_one_campaign_stay_two_in_a_merge():
    """Both sides have bought something."""
    one = customer(step(after="1h"))
    other = Customer(one.campaigns, id_="q")
    one.buys(0, "o1")
    other.buys(1, "o2")
    one.absorbs(other, 10)
    one.upto(120)
    assert [outcome for _, outcome, _ in one.outcomes] == ["sent", "sent"]


def test_a_transactional_campaign_holds_nobody_out():
    """The file says so at once."""
    with pytest.raises(ValueError, match="holds nobody out"):
        campaigns_of([campaign("c", DEAL, transactional=True, holdout="10%")])


def test_what_was_complained_of_on_either_side_of_a_merge_holds():
    """The strictest word."""
    one, other = customer(), Customer(campaigns_of([campaign("c", DEAL, transactional=True)]), id_="q")
    other.does("Email Marked as Spam", 0, "email")
    one.absorbs(other, 1)
    one.buys(2)
    one.upto(3)
    assert one.decisions[0]["reason"] == "no_consent"
    assert isinstance(one.profile.consent["email"], Consent)
    assert not any(isinstance(sent, SentMessage) for sent in one.profile.sent)
