"""Consent by channel and topic, what bounces, and the contact points that lift it."""

from __future__ import annotations

from typing import Any

import pytest

from streams.core.contact import consent
from streams.core.contact import points as contact
from streams.core.contact.consent import Withdrawn
from streams.core.profile.state import Consent, Dated, Profile
from tests.support.happenings import at, happened

OLD, NEW = "old@example.com", "new@example.com"


def is_email(value: str) -> list[dict[str, str]]:
    """The identifiers of an event that names an address."""
    return [{"type": "email", "value": value}]


class Person:
    """A profile that hears of consent and contact points as journey tells it."""

    def __init__(self) -> None:
        self.profile = Profile("p")

    def hears(self, *args: Any, **properties: Any) -> Withdrawn | None:
        """An event; what it withdraws."""
        event = happened(*args, **properties)
        withdrawn = consent.on_event(self.profile, event)
        contact.on_event(self.profile, event)
        return withdrawn

    def may(self, channel: str = "email", topic: str | None = None, *, default: bool = True) -> bool:
        """Whether this person may be written to."""
        return consent.given(self.profile, channel, topic, default=default)


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
    assert person.hears("Subscription Changed", 1, "web", channel="email", **said) == Withdrawn("email", "offers")
    assert not person.may(topic="offers")
    assert person.may("sms", "offers")
    assert person.may()
    assert person.may(topic="news")
    assert person.hears("Unsubscribed", 2, "email", topic="news") == Withdrawn("*", "news")
    assert not person.may("sms", "news")
    assert not person.may(topic="news")
    assert person.hears("Subscription Changed", 3, "web", topic="news", subscribed=True) is None
    assert person.may("sms", "news")


def test_without_a_topic_it_is_the_channel_named_or_the_events_own():
    """A complaint is always about e-mail, and about all of it."""
    person = Person()
    assert person.hears("Unsubscribed", 1, "sms") == Withdrawn("sms", None)
    assert person.hears("Unsubscribed", 2, "web", channel=" PUSH ") == Withdrawn("push", None)
    assert person.hears("Email Marked as Spam", 3, "email", channel="sms", topic="x") == Withdrawn("email", None)
    assert [person.may(channel) for channel in ("sms", "push", "email", "ads")] == [False, False, False, True]


def test_the_newest_word_counts():
    """An older one that comes late changes and withdraws nothing; of equals the one that comes last."""
    person = Person()
    person.hears("Subscription Changed", 10, "email", subscribed="true")
    assert person.hears("Unsubscribed", 5, "email", late=True) is None
    assert person.may(default=False)
    assert person.hears("Unsubscribed", 10, "email") == Withdrawn("email", None)
    assert not person.may()


@pytest.mark.parametrize("junk", [None, "", "perhaps", [], {}, 2, float("nan")])
def test_a_word_that_cannot_be_read_is_none(junk):
    """Neither yes nor no; a topic or channel that is no text is not named."""
    person = Person()
    assert person.hears("Subscription Changed", 1, "email", subscribed=junk) is None
    assert person.profile.consent == {}
    assert person.hears("Unsubscribed", 1, "email", channel=junk if junk != "perhaps" else None, topic=[junk]) == (
        Withdrawn("email", None)
    )


def test_a_topic_as_long_as_a_book_is_not_kept():
    """Nor such a channel: state stays small whatever producers send."""
    person = Person()
    assert person.hears("Unsubscribed", 1, "email", topic="x" * 101) is None
    assert person.hears("Unsubscribed", 1, "email", channel="x" * 101) is None
    assert person.profile.consent == {}


def test_nobody_can_say_that_something_bounced_but_a_bounce():
    """The key it is kept under is no channel."""
    person = Person()
    for said in (True, False):
        person.hears("Subscription Changed", 1, "web", channel="Email!Bounced", subscribed=said)
    person.hears("", 2, type_="page", identifiers=is_email(OLD))
    assert person.profile.consent == {}


def test_a_bounce_stops_the_channel_until_another_address_is_seen():
    """The one that bounced may be seen as often as it likes."""
    person = Person()
    person.hears("", 0, type_="page", identifiers=is_email(OLD))
    assert person.hears("Email Bounced", 1, "email", identifiers=is_email(OLD)) is None
    assert not person.may()
    assert person.may("sms")
    person.hears("", 2, type_="page", identifiers=is_email(OLD))
    assert not person.may()
    person.hears("", 3, type_="page", identifiers=is_email(NEW))
    assert person.may()


def test_a_bounce_is_of_the_address_it_names_else_of_the_one_known():
    """An event that names nobody's address is about the one that was written to."""
    person = Person()
    person.hears("", 0, type_="page", identifiers=is_email(OLD))
    person.hears("Email Bounced", 1, "email")
    assert person.profile.consent["email!bounced"] == Consent(False, at(1), OLD)
    stranger = Person()
    stranger.hears("SMS Failed", 1, "sms")
    assert not stranger.may("sms")
    stranger.hears("", 2, type_="page", identifiers=[{"type": "phone", "value": "+4930123456"}])
    assert stranger.may("sms")


@pytest.mark.parametrize("kind", ["soft", "Transient", "temporary", "Deferred", "SoftBounce"])
@pytest.mark.parametrize("name", ["bounce_type", "type"])
def test_an_email_that_bounces_for_a_while_only_stops_nothing(kind, name):
    """As its bounce type says."""
    person = Person()
    person.hears("Email Bounced", 1, "email", **{name: kind})
    assert person.may()


@pytest.mark.parametrize("kind", [None, "hard", "", 5, ["soft"], {"soft": 1}])
def test_any_other_bounce_is_for_good(kind):
    """Also one that says nothing; on other channels whatever it says."""
    person = Person()
    person.hears("Email Bounced", 1, "email", bounce_type=kind)
    person.hears("Push Notification Bounced", 1, "push", bounce_type="soft")
    assert not person.may()
    assert not person.may("push")


def test_a_bounce_does_not_undo_a_no_nor_does_its_end():
    """Unsubscribed, bounced, and with a new address: still unsubscribed."""
    person = Person()
    person.hears("Unsubscribed", 1, "email", identifiers=is_email(OLD))
    person.hears("Email Bounced", 2, "email", identifiers=is_email(OLD))
    person.hears("", 3, type_="page", identifiers=is_email(NEW))
    assert not person.may()


def test_a_yes_to_the_channel_lifts_a_bounce_of_before():
    """Whoever subscribes anew may be tried anew; a yes of before the bounce says nothing."""
    person = Person()
    person.hears("Email Bounced", 5, "email")
    person.hears("Subscription Changed", 4, "email", subscribed=True, late=True)
    assert not person.may()
    person.hears("Subscription Changed", 6, "email", subscribed=True)
    assert person.may()


def test_a_bounce_that_comes_late_may_be_history_already():
    """Another address, or a yes, of after it is known."""
    person = Person()
    person.hears("", 10, type_="page", identifiers=is_email(NEW))
    person.hears("Email Bounced", 5, "email", identifiers=is_email(OLD), late=True)
    assert person.may()
    person.hears("Email Bounced", 5, "email", identifiers=is_email(NEW), late=True)
    assert not person.may()
    person.hears("Subscription Changed", 20, "email", subscribed=True)
    person.hears("Email Bounced", 15, "email", identifiers=is_email(NEW), late=True)
    assert person.may()


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
        other.hears("Push Notification Bounced", 1, "push")
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
    contact.absorb(one.profile, other.profile)
    assert one.profile.locale == Dated("de", at(5))
    other.hears("", 6, type_="page", context={"locale": "it"})
    contact.absorb(one.profile, other.profile)
    assert one.profile.locale == Dated("it", at(6))
