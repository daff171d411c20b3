"""What bounces, for how long, and what lifts it."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.consent_words import WRITTEN
from streams.core.profile.state import Consent, Dated
from tests.support.happenings import at
from tests.support.reached import NEW, OLD, Person, is_email


def test_nobody_can_say_that_something_bounced_but_a_bounce():
    """The key it is kept under is no channel."""
    person = Person()
    for said in (True, False):
        person.hears("Subscription Changed", 1, "web", channel="Email!Bounced", subscribed=said)
    person.hears("", 2, type_="page", identifiers=is_email(OLD))
    assert set(person.profile.consent) == set(WRITTEN)


def test_a_bounce_stops_the_address_that_it_names():
    """It may be seen as often as it likes; another one is written to, and a bounce of an old one is no harm."""
    person = Person()
    person.hears("", 0, type_="page", identifiers=is_email(OLD))
    assert person.hears("Email Bounced", 1, "email", identifiers=is_email(OLD)) == []
    assert not person.may()
    assert person.may("sms")
    person.hears("", 2, type_="page", identifiers=is_email(OLD))
    assert not person.may()
    person.hears("", 3, type_="page", identifiers=is_email(NEW))
    assert person.may()
    person.hears("", 4, type_="page", identifiers=is_email(OLD))
    assert not person.may()


def test_a_bounce_without_an_address_is_about_the_one_known():
    """Where none is known, it is about nothing."""
    person = Person()
    person.hears("", 0, type_="page", identifiers=is_email(OLD))
    person.hears("Email Bounced", 1, "email")
    assert person.profile.consent["email!bounced"] == Consent(False, at(1), OLD)
    stranger = Person()
    stranger.hears("SMS Failed", 1, "sms")
    assert stranger.may("sms")


BOUNCES = {"email": "Email Bounced", "sms": "SMS Failed", "push": "Push Notification Bounced"}


@pytest.mark.parametrize("channel", BOUNCES)
@pytest.mark.parametrize(
    "said",
    [
        {"bounce_type": "soft"}, {"type": "Transient"}, {"type": "SoftBounce"}, {"bounceType": "TEMPORARY"},
        {"severity": "temporary"}, {"type": "blocked"}, {"status": "4.2.2"}, {"status": "4.2.2", "bounce_type": "hard"},
        {"diagnostic": "smtp; 452 4.2.2 mailbox full"}, {"reason": "Mailbox full"}, {"error": "handset unreachable"},
        {"permanent": False}, {"event": "failed", "severity": "temporary", "reason": "generic"}, {"code": 421},
        {"reason": "mailbox is full"}, {"bounce": {"bounceType": "Transient", "bounceSubType": "General"}},
        {"bounce": {"bounceType": "Permanent", "bouncedRecipients": [{"status": "4.4.7"}]}},
        {"status": "5.7.1", "type": "Blocked"}, {"bounce_type": "temporary", "error": 30003},
        {"Type": "SoftBounce", "TypeCode": 4096}, {"Bounce Type": "Soft"}, {"hard_bounce": "false"}, {"isHard": 0},
        {"Status": "4.4.1"}, {"Bounce": {"BounceType": "Transient"}}, {"recipientState": "SoftBounce"},
        {"TEMPORARY": "yes"}, {"bounce_type": "", "bounceType": "soft"}, {"error": "MessageRateExceeded"},
        {"reason": "TooManyRequests"}, {"error": "InternalServerError"}, {"Type": "DnsError"}, {"status": "expired"},
        {"bounceType": "Undetermined"}, {"Type": "AutoResponder"}, {"reason": "Absent subscriber"},
        {"reason": "Connection reset by peer"}, {"reason": "server busy"}, {"reason": "Out of the office"},
    ],
)  # fmt: skip
def test_a_bounce_for_a_while_stops_nothing(channel, said):
    """On all channels: an enhanced status code, or words in any case and spelling, say so."""
    assert bounced(channel, said).may(channel)


@pytest.mark.parametrize("channel", BOUNCES)
@pytest.mark.parametrize(
    "said",
    [
        {}, {"bounce_type": None}, {"bounce_type": "hard"}, {"type": 5}, {"bounce_type": ["soft"]},
        {"bounce_type": "Transient", "status": "5.4.4"}, {"type": "soft", "diagnostic": "550 5.1.1 no such user"},
        {"status": "5.0.0", "diagnostic_code": "smtp; 550 5.1.2"}, {"severity": "permanent", "reason": "blocked"},
        {"type": "Permanent"}, {"reason": "Microsoft said no"}, {"status": "5.2.2"}, {"from": "10.4.2.2"},
        {"reason": "host 14.4.2.2 said: 550"}, {"temporary": False}, {"bounce": "soft ball"}, {"bounce": {}},
        {"bounce": {"bounceType": "Transient", "bouncedRecipients": [{"status": "5.1.1"}]}},
        {"error": "NotRegistered"}, {"reason": "BadDeviceToken"}, {"reason": "token expired"},
        {"reason": "550 unknown user, closing connection"}, {"reason": "no internal user of that name"},
        {"Type": "HardBounce"}, {"hard_bounce": "true", "type": "blocked"}, {"Temporary": "no"},
        {"Diagnostic-Code": "5.1.1"},
    ],
)  # fmt: skip
def test_any_other_bounce_is_for_good(channel, said):
    """Also one that says nothing; 5.1.x and 5.4.4 are for good whatever the words are."""
    assert not bounced(channel, said).may(channel)


@pytest.mark.parametrize(
    ("channel", "said"),
    [
        ("email", {"Type": "SoftBounce"}), ("email", {"BOUNCE TYPE": "transient"}), ("email", {"Permanent": "false"}),
        ("sms", {"error_code": 30003}), ("sms", {"ErrorCode": "30008"}), ("sms", {"reason": "Absent subscriber"}),
        ("sms", {"reason": "Handset switched off"}), ("sms", {"status": "expired"}), ("sms", {"error": "Spam filter"}),
        ("push", {"reason": "TooManyRequests"}), ("push", {"reason": "InternalServerError"}), ("push", {"status": 503}),
        ("push", {"status": "429"}), ("push", {"reason": "ExpiredProviderToken"}),
    ],
)  # fmt: skip
def test_a_phone_that_was_off_and_a_busy_service_are_no_dead_address(channel, said):
    """What says nothing of the address itself, in the words of its channel, stops nothing."""
    assert bounced(channel, said).may(channel)


@pytest.mark.parametrize(
    ("channel", "said"),
    [
        ("email", {"Type": "HardBounce"}), ("email", {"hard": "TRUE"}), ("sms", {"error_code": 30006}),
        ("sms", {"ErrorCode": "21610"}), ("sms", {"reason": "Unknown subscriber"}), ("push", {"status": 410}),
        ("push", {"status": "404"}), ("push", {"reason": "ExpiredToken"}), ("push", {"error": "UNREGISTERED"}),
    ],
)  # fmt: skip
def test_a_number_or_token_that_is_gone_is_given_up(channel, said):
    """A landline, one that has said STOP, an app that is not installed any more."""
    assert not bounced(channel, said).may(channel)


def bounced(channel: str, said: dict[str, Any]) -> Person:
    """Somebody whose address has bounced once."""
    person = Person()
    person.profile.contacts[channel] = Dated("address", at(0))
    person.hears(BOUNCES[channel], 1, channel, **said)
    return person


DAY = 24 * 60
"""Of minutes."""


@pytest.mark.parametrize(
    ("minutes", "reached"),
    [
        ([1, DAY, 2 * DAY, 3 * DAY, 4 * DAY], False),
        ([1, DAY, 2 * DAY, 4 * DAY], True),
        ([1, 2, 3, 4, 5, 6, 7], True),
        ([1, 2, 3, 4, 5, 3 * DAY, 3 * DAY + 1], False),
    ],
)
def test_five_soft_bounces_in_a_row_over_three_days_are_hard(minutes, reached):
    """Four, or any number within a shorter time, may be bad luck."""
    person = Person()
    person.hears("", 0, type_="page", identifiers=is_email(OLD))
    said = [person.told("Email Bounced", minute, "email", bounce_type="soft")[0] for minute in minutes]
    assert person.may() is reached
    assert any(one.hard for one in said) is not reached


@pytest.mark.parametrize("name", ["Email Delivered", "Email Opened", "Email Link Clicked"])
def test_a_delivery_begins_the_count_of_soft_bounces_anew(name):
    """So does another address, or a yes."""
    for between in ({"name": name}, {"name": "Subscription Changed", "subscribed": True}):
        person = Person()
        person.hears("", 0, type_="page", identifiers=is_email(OLD))
        for day in range(1, 5):
            person.hears("Email Bounced", day * DAY, "email", bounce_type="soft")
        person.hears(between["name"], 4 * DAY + 1, "email", **{k: v for k, v in between.items() if k != "name"})
        person.hears("Email Bounced", 5 * DAY, "email", bounce_type="soft")
        assert person.may()
    person = Person()
    for day, address in enumerate((OLD, OLD, OLD, OLD, NEW)):
        person.hears("Email Bounced", day * DAY, "email", bounce_type="soft", identifiers=is_email(address))
    assert person.may()


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
    person.hears("Email Bounced", 5, "email", identifiers=is_email(OLD))
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


def test_what_fails_on_a_messenger_says_nothing_of_text_messages():
    """A number without WhatsApp is written to by SMS as before, and what arrives there proves nothing of SMS."""
    person = Person()
    person.profile.contacts["sms"] = Dated("+4915112345678", 0)
    person.hears("SMS Failed", 1, "messenger", bounce_type="hard", error_code="21211")
    assert person.may("sms")
    assert "sms!bounced" not in person.profile.consent
    person.hears("SMS Failed", 2, "sms", bounce_type="soft")
    person.hears("SMS Delivered", 3, "messenger")
    assert person.profile.soft_bounces["sms"].count == 1
    person.hears("SMS Delivered", 4, "sms")
    assert "sms" not in person.profile.soft_bounces
