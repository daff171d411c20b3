"""Consent by channel and topic, contact points, and the language of a customer."""

from __future__ import annotations

import pytest

from schemas.consent_words import WRITTEN
from streams.core.contact import consent, origin
from streams.core.contact.statements import Statement
from streams.core.profile.state import Consent, Dated
from tests.support.happenings import at
from tests.support.reached import NEW, OLD, Person, is_email


def test_without_a_word_the_default_holds():
    """For the channel; topics need no word of their own, also where channels do."""
    person = Person()
    assert (person.may(), person.may(default=False)) == (True, False)
    person.hears("Subscription Changed", 1, "web", channel="Email", subscribed="yes")
    assert person.may(default=False)
    assert person.may(topic="offers", default=False)
    assert not person.may("sms", default=False)


def test_a_topic_is_refused_on_the_channel_named_or_on_all():
    """In any case and with blanks; the channel itself stays as it was."""
    person = Person()
    said = {"topic": " Offers ", "subscribed": "no"}
    assert person.hears("Subscription Changed", 1, "web", channel="email", **said) == [("email", "offers")]
    assert not person.may(topic="offers")
    assert person.may("sms", "offers")
    assert person.may()
    assert person.may(topic="news")
    assert person.hears("Unsubscribed", 2, "email", topic="news") == [("*", "news")]
    assert not person.may("sms", "news")
    assert not person.may(topic="news")
    assert person.hears("Subscription Changed", 3, "web", topic="news", subscribed=True) == []
    assert person.may("sms", "news")


def test_without_a_topic_it_is_the_channel_named_or_the_events_own_where_a_shop_writes_on_it():
    """A complaint is always about e-mail, and about all of it."""
    person = Person()
    assert person.hears("Unsubscribed", 1, "sms") == [("sms", None)]
    assert person.hears("Unsubscribed", 2, "web", channel=" PUSH ") == [("push", None)]
    assert person.hears("Email Marked as Spam", 3, "email", channel="sms", topic="x") == [("email", None)]
    assert [person.may(channel) for channel in ("sms", "push", "email", "ads")] == [False, False, False, True]


def test_the_newest_word_counts():
    """An older one that comes late changes and withdraws nothing; of equals the one that comes last."""
    person = Person()
    person.hears("Subscription Changed", 10, "email", subscribed="true")
    assert person.hears("Unsubscribed", 5, "email", late=True) == []
    assert person.may(default=False)
    assert person.hears("Unsubscribed", 10, "email") == [("email", None)]
    assert not person.may()


@pytest.mark.parametrize(
    "junk",
    [None, "", "perhaps", [], {}, 2, float("nan"), "never", "opt_out", "yes?", "Opt-Out", 0, 0.0, "0", "False", [True]],
)
def test_only_a_clear_yes_is_one(junk):
    """Whatever else claims to change a subscription is a no."""
    person = Person()
    assert person.hears("Subscription Changed", 1, "email", subscribed=junk) == [("email", None)]
    assert not person.may()


@pytest.mark.parametrize("word", [True, 1, 1.0, "1", "YES", " true ", "subscribed", "opt_in", "Opted-In", "on"])
def test_a_clear_yes_in_any_spelling(word):
    """Under a default of no; `status` and other names of the state are read as well."""
    for name in ("subscribed", "status"):
        person = Person()
        assert person.hears("Subscription Changed", 1, "email", **{name: word}) == []
        assert person.may(default=False)


@pytest.mark.parametrize(
    "said",
    [
        {}, {"status": "unsubscribed"}, {"status": "pending"}, {"subscribed": True, "status": "unsubscribed"},
        {"subscribed": None, "status": "subscribed"}, {"opted_out": True}, {"subscribed": True, "unsubscribed": True},
    ],
)  # fmt: skip
def test_words_that_contradict_each_other_or_are_none_are_a_no(said):
    """No message is the smaller fault."""
    person = Person()
    assert person.hears("Subscription Changed", 1, "web", channel="email", **said) == [("email", None)]


@pytest.mark.parametrize(
    ("channel", "stopped"),
    [
        ("e-mail", "email"), ("EMAIL ", "email"), ("E_Mail", "email"), ("newsletter", "email"), ("text", "sms"),
        ("Text Message", "sms"), ("push_notifications", "push"), ("webPush", "push"), ("WhatsApp", "messenger"),
        ("mail", "email mail"), ("direct mail", "mail"), ("email, sms", "email sms"), (["Email", "text"], "email sms"),
        ("email/sms", "email sms"), ("e-mail and text message", "email sms"), ("email sms", "email sms"),
        (["email", " "], "email"), ([" "], "all"), ("email fax", "all"), (" ", "all"),
        ("*", "all"), ("all", "all"), ("web", "all"), ("fax", "all"), ([], "all"), (["email", "web"], "all"),
        ({"name": "email"}, "all"), (7, "all"), ("x" * 101, "all"),
    ],
)  # fmt: skip
def test_a_channel_is_known_by_its_many_names_and_any_other_is_all(channel, stopped):
    """One on which nobody writes can only mean all of them."""
    person = Person()
    person.hears("Subscription Changed", 1, "web", channel=channel, subscribed=False)
    expected = set(WRITTEN) if stopped == "all" else set(stopped.split())
    assert {name for name in WRITTEN if not person.may(name)} == expected


@pytest.mark.parametrize("channel", ["web", "app", "store", "callcenter", "marketplace", "social"])
def test_a_no_where_nobody_writes_is_about_all_channels(channel):
    """Said on a page, in an app, in a store or to an agent, without a channel."""
    for name in ("Unsubscribed", "Subscription Changed"):
        person = Person()
        person.hears(name, 1, channel, subscribed=False)
        assert not any(person.may(written) for written in WRITTEN)


@pytest.mark.parametrize("channel", ["sms", "mail", "push"])
def test_a_no_where_a_shop_writes_is_about_that_channel(channel):
    """E-mail goes on after STOP in a text message, or after a letter that came back."""
    person = Person()
    person.hears("Unsubscribed", 1, channel)
    assert not person.may(channel)
    assert person.may("email")


def test_a_machine_withdraws_nothing_but_its_user_agent_alone_does_not_say_so():
    """RFC 8058: a mailbox provider posts the customer's word."""
    person = Person()
    for machine in (True, "true", 1):
        assert person.hears("Unsubscribed", 1, "email", machine=machine) == []
    assert person.may()
    assert person.hears("Unsubscribed", 2, "email", user_agent="GoogleImageProxy-bot", machine=False)
    assert not person.may()


@pytest.mark.parametrize(
    ("traits", "stopped"),
    [
        ({"unsubscribed": True}, "all"), ({"Unsubscribed": "yes"}, "all"), ({"unsubscribed_at": "2026-03-10"}, "all"),
        ({"subscribed": False}, "all"), ({"accepts_marketing": False}, "all"), ({"marketing_opt_in": "no"}, "all"),
        ({"email_subscribed": False}, "email"), ({"emailSubscribed": 0}, "email"), ({"email_opt_in": "never"}, "email"),
        ({"sms_opt_out": 1}, "sms"), ({"push_subscribe": "unsubscribed"}, "push"), ({"hs_email_optout": True}, "email"),
        ({"HasOptedOutOfEmail": True}, "email"), ({"email_marketing_consent": {"state": "not_subscribed"}}, "email"),
        ({"unsubscribed_from_emails": True}, "email"), ({"newsletter": False}, "email"),
        ({"consent": {"email": False, "sms": True}}, "email"), ({"subscriptions": {"sms": "off"}}, "sms"),
        ({"unsubscribed": {"push": True}}, "push"), ({"communication_opt_out": True}, "all"),
        ({"gdpr_marketing": False}, "all"), ({"consent": {"cookies": False}}, ""), ({"address": {"street": "no"}}, ""),
        ({"subscriptions": {"email": "weekly"}}, ""),
        ({"unsubscribed": False}, ""), ({"unsubscribed": None}, ""), ({"email_subscribed": None}, ""),
        ({"email_subscribed": True}, ""), ({"subscription": "gold"}, ""), ({"email_opt_in_date": "2026-03-10"}, ""),
        ({"mobile_subscription": "prepaid"}, ""), ({"terms_accepted": False}, ""), ({"subscribed": "gold"}, ""),
        ({"email": "never"}, ""), ({"newsletter": "weekly"}, ""), ({"text": "no"}, ""),
    ],
)  # fmt: skip
def test_traits_say_no_as_well(traits, stopped):
    """By many names; what is about anything else, or not known, says nothing."""
    person = Person()
    person.hears("", 1, "web", type_="identify", traits=traits)
    expected = set(WRITTEN) if stopped == "all" else set(stopped.split())
    assert {name for name in WRITTEN if not person.may(name)} == expected


def test_a_trait_gives_consent_once_and_a_company_none():
    """A record of a customer that still says yes, sent at each login, does not undo what the customer said since."""
    person = Person()
    person.hears("", 1, "web", type_="identify", traits={"email_subscribed": True})
    assert person.may(default=False)
    person.hears("Unsubscribed", 2, "email")
    person.hears("", 3, "web", type_="identify", traits={"email_subscribed": True})
    person.hears("Product Added", 4, "web", traits={"email_subscribed": True})
    assert not person.may()
    person.hears("", 5, "web", type_="identify", traits={"email_subscribed": False})
    person.hears("", 6, "web", type_="identify", traits={"email_subscribed": "yes"})
    assert person.may(default=False)
    person.hears("", 7, "web", type_="group", traits={"unsubscribed": True})
    assert person.may()
    person.hears("", 8, "web", type_="identify", traits={"unsubscribed": False})
    assert not person.may("sms", default=False)


def test_a_topic_as_long_as_a_book_is_not_kept():
    """State stays small whatever producers send."""
    person = Person()
    assert person.hears("Unsubscribed", 1, "email", topic="x" * 101) == []
    assert person.profile.consent == {}


def test_a_statement_names_the_address_and_what_it_means():
    """What holds for an address is said with it."""
    person = Person()
    known = is_email(OLD)
    assert person.told("Email Marked as Spam", 1, "email", identifiers=known) == [
        Statement("email", None, False, "complained", True, OLD)
    ]
    assert person.told("Email Bounced", 2, "email", identifiers=known, status="4.4.1") == [
        Statement("email", None, False, "bounced", False, OLD)
    ]
    assert person.told("Subscription Changed", 3, "email", identifiers=known, subscribed=True) == [
        Statement("email", None, True, "subscribed", True, OLD)
    ]
    assert person.told("Unsubscribed", 2, "email", identifiers=known, late=True) == [
        Statement("email", None, False, "unsubscribed", True, OLD, counts=False)
    ]


def test_of_two_addresses_on_one_event_the_first_counts():
    """Strongest first, so an event with both does not look like a change of address."""
    person = Person()
    both = [*is_email(OLD), *is_email(NEW)]
    person.hears("Email Bounced", 1, "email", identifiers=both)
    person.hears("", 2, type_="page", identifiers=both)
    assert person.profile.contacts["email"] == Dated(OLD, at(2))
    assert not person.may()


def test_the_strictest_consent_of_two_holds():
    """Whichever side it was on, topics and bounces included; of equal words the newer time."""
    for swap in (False, True):
        one, other = Person(), Person()
        one.hears("Unsubscribed", 5, "email", topic="offers", channel="email")
        one.hears("Subscription Changed", 1, "sms", subscribed=True)
        other.hears("Subscription Changed", 9, "email", topic="offers", channel="email", subscribed=True)
        other.hears("Subscription Changed", 2, "sms", subscribed=True)
        other.hears("Push Notification Bounced", 1, "push", identifiers=[{"type": "push_token", "value": "t"}])
        winner, loser = (other, one) if swap else (one, other)
        consent.absorb(winner.profile, loser.profile)
        assert not winner.may(topic="offers")
        assert winner.may("sms", default=False)
        assert winner.profile.consent["sms"] == Consent(True, at(2))
        assert not winner.may("push")


def test_contact_points_of_every_channel():
    """E-mail, phone, push token and advertising id; the newest of each, whatever comes late."""
    person = Person()
    kinds = {"email": "email", "phone": "sms", "push_token": "push", "advertising_id": "ads"}
    person.hears("", 5, type_="page", identifiers=[{"type": kind, "value": f"{kind}-1"} for kind in kinds])
    person.hears("", 3, type_="page", identifiers=[{"type": "email", "value": "late"}], late=True)
    person.hears("", 7, type_="page", identifiers=[{"type": "phone", "value": "phone-2"}, {"type": "x", "value": "y"}])
    assert person.profile.contacts == {
        "email": Dated("email-1", at(5)), "sms": Dated("phone-2", at(7)), "push": Dated("push_token-1", at(5)),
        "ads": Dated("advertising_id-1", at(5)),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("said", "language"),
    [
        ({"context": {"locale": "de-AT"}, "traits": {"language": "fr"}}, "de"),
        ({"context": {"locale": "PT_br"}}, "pt"),
        ({"traits": {"language": "fr", "locale": "es"}}, "fr"),
        ({"traits": {"locale": " es-419"}}, "es"),
        ({"context": {"locale": 5}, "traits": {"language": ["de"], "locale": "it"}}, "it"),
        ({"context": {"locale": "x"}}, None),
        ({"context": {"locale": ""}}, None),
        ({"context": {"locale": {"a": 1}}}, None),
        ({}, None),
    ],
)
def test_the_language_of_a_customer(said, language):
    """Two letters of what the browser says, else of what is known of the customer."""
    person = Person()
    person.hears("", 1, type_="page", **said)
    assert person.profile.locale == (None if language is None else Dated(language, at(1)))


def test_the_newest_language_counts():
    """Of late events and of two profiles; of equals the winner's."""
    one, other = Person(), Person()
    one.hears("", 5, type_="page", context={"locale": "de"})
    one.hears("", 4, type_="page", context={"locale": "fr"}, late=True)
    assert one.profile.locale == Dated("de", at(5))
    other.hears("", 5, type_="page", context={"locale": "it"})
    origin.absorb(one.profile, other.profile)
    assert one.profile.locale == Dated("de", at(5))
    other.hears("", 6, type_="page", context={"locale": "it"})
    origin.absorb(one.profile, other.profile)
    assert one.profile.locale == Dated("it", at(6))


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("zh-Hant-TW", "zh-Hant"), ("zh-TW", "zh-Hant"), ("zh_HK", "zh-Hant"), ("ZH-hant", "zh-Hant"),
        ("zh-Hans-CN", "zh-Hans"), ("zh-CN", "zh-Hans"), ("zh-Hans-HK", "zh-Hans"), ("zh", "zh"), ("zh-x", "zh"),
        ("de-DE", "de"), ("en_US", "en"),
    ],
)  # fmt: skip
def test_traditional_and_simplified_chinese_are_two_languages(locale, language):
    """By the script, else by the region; any other language is its two letters."""
    person = Person()
    person.hears("", 1, "web", type_="page", context={"locale": locale})
    assert person.profile.locale == Dated(language, at(1))
