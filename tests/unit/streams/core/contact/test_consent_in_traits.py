"""What customer data of many systems say of subscriptions, however nested and under whatever name."""

from __future__ import annotations

import pytest

from schemas.consent_words import WRITTEN
from tests.support.reached import Person

EMAIL, SMS, ALL = ["email"], ["sms"], list(WRITTEN)


def withdrawn(traits):
    """The channels that an identify call with these traits withdraws."""
    return [channel for channel, _ in Person().hears("", 1, "web", type_="identify", traits=traits)]


@pytest.mark.parametrize(
    ("traits", "stopped"),
    [
        ({"consent": {"email": {"granted": False, "at": "2026-01-01"}}}, EMAIL),
        ({"consent": {"channels": {"email": False, "sms": True}}}, EMAIL),
        ({"subscriptions": {"email": {"marketing": {"consent": "UNSUBSCRIBED"}}}}, EMAIL),
        ({"email": {"status": "unsubscribed"}}, EMAIL),
        ({"sms": {"subscribed": False}}, SMS),
        ({"preferences": {"email": False, "theme": "dark"}}, EMAIL),
        ({"communication_preferences": {"sms": "no"}}, SMS),
        ({"notificationSettings": {"email": "off", "language": "no"}}, EMAIL),
        ({"emailStatus": "Unsubscribed"}, EMAIL),
        ({"email_status": "cleaned"}, EMAIL),
        ({"subscription_status": "opted_out"}, ALL),
        ({"subscription": {"status": "unsubscribed"}}, ALL),
        ({"status": "unsubscribed"}, ALL),
        ({"email_notifications": False}, EMAIL),
        ({"receive_emails": 0}, EMAIL),
        ({"wants_newsletter": "no"}, EMAIL),
        ({"mailing_list": False}, EMAIL),
        ({"smsAlerts": "off"}, SMS),
        ({"notifications": False}, ["push"]),
        ({"no_marketing": True}, ALL),
        ({"noEmails": "yes"}, EMAIL),
        ({"stop_sms": 1}, SMS),
        ({"unsubscribed": ["sms", "email"]}, ["sms", "email"]),
        ({"unsubscribed_channels": "email"}, EMAIL),
        ({"opt_out": "everything"}, ALL),
    ],
)  # fmt: skip
def test_a_no_is_heard_wherever_it_stands(traits, stopped):
    """It withdraws the channels that it is about, all where it names none, and no other."""
    assert sorted(withdrawn(traits)) == sorted(stopped)


@pytest.mark.parametrize(
    "traits",
    [
        {"email_status": "valid"}, {"email_verified": False}, {"subscription_status": "cancelled"},
        {"subscription": {"status": "paused", "plan": "unsubscribed users"}}, {"status": "inactive"},
        {"phone_no": "0171 2345678"}, {"mobile_no": 0}, {"no_of_emails": 1},
        {"email": {"value": "a@x.de", "primary": False}},
        {"address": {"state": "NO"}}, {"order_updates": False}, {"unsubscribed": []}, {"unsubscribed_channels": ""},
        {"unsubscribed": {}}, {"preferences": {"theme": False}}, {"marketing_channel": "email"},
        {"email_list": "weekly"},
        {"no_email": False}, {"consent": {"terms": {"granted": False}}}, {"email_preferences": None},
        {"email_consent": {"granted": True, "revoked_at": None}},
    ],
)  # fmt: skip
def test_what_is_about_something_else_withdraws_nothing(traits):
    """An address, a plan, a count, a blank, and what says that there is no such no."""
    assert withdrawn(traits) == []


def test_a_nested_yes_that_repeats_itself_is_no_news():
    """The customer's data are sent again and again; the no since then stands until they change."""
    person, traits = Person(), {"consent": {"channels": {"email": {"granted": True}}}}
    person.hears("", 1, "web", type_="identify", traits=traits)
    assert person.may(default=False)
    person.hears("Unsubscribed", 2, "email")
    person.hears("", 3, "web", type_="identify", traits=traits)
    assert not person.may()
    person.hears("", 4, "web", type_="identify", traits={"consent": {"channels": {"email": {"granted": False}}}})
    person.hears("", 5, "web", type_="identify", traits=traits)
    assert person.may()


def test_two_lists_of_channels_are_one_no():
    """`channel` and `channels` beside each other: both are meant."""
    said = Person().hears("Unsubscribed", 1, "web", channel="sms", channels=["email"])
    assert [channel for channel, _ in said] == ["sms", "email"]


@pytest.mark.parametrize(
    ("said", "stopped"),
    [
        ({"topic": ["Offers ", "news"]}, [("*", "offers"), ("*", "news")]), ({"topics": "offers"}, [("*", "offers")]),
        ({"topics": ["offers"], "channel": "sms"}, [("sms", "offers")]), ({"topic": 5}, [("*", "5")]),
        ({"topics": {"offers": True}}, [("*", "offers")]), ({"topic": ["x" * 101, "news"]}, [("*", "news")]),
        ({"topics": [], "channel": "sms"}, [("sms", None)]), ({"topic": [None], "channel": "sms"}, [("sms", None)]),
    ],
)  # fmt: skip
def test_a_no_may_be_about_several_topics(said, stopped):
    """Each of them, and nothing else; a list of none is about the channel."""
    assert Person().hears("Unsubscribed", 1, "web", **said) == stopped


def test_an_object_of_topics_says_of_each():
    """What is switched on there is wanted, anything else is not."""
    person = Person()
    person.hears("Unsubscribed", 1, "web", topics=["offers", "news"])
    stopped = person.hears("Subscription Changed", 2, "web", topics={"offers": "yes", "news": True, "tips": "off"})
    assert stopped == [("*", "tips")]
    assert [person.may(topic=topic) for topic in ("offers", "news", "tips")] == [True, True, False]
    person.hears("Subscription Changed", 3, "web", topics={"tips": True, "offers": True}, subscribed=False)
    assert [person.may(topic=topic) for topic in ("offers", "news", "tips")] == [False, True, False]
