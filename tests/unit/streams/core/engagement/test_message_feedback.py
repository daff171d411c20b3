"""What became of messages: flags, totals, responses and hours, links followed, and machines that look first."""

from __future__ import annotations

from typing import Any

import pytest

from streams.core.engagement import feedback, hours
from streams.core.engagement.feedback import Feedback
from streams.core.profile.event import Sealed
from streams.core.profile.state import Engagement, Enrollment, Profile, SentMessage
from tests.support.happenings import HOUR, at, happened

MID, OTHER = "a" * 48, "b" * 48
OF = {"campaign_id": "c0", "step": "s", "variant": "plain", "arm": "treatment", "channel": "sms"}


class Recipient:
    """A profile that had two messages of two campaigns, whose enrollments go on."""

    def __init__(self) -> None:
        self.profile = Profile("p")
        self.profile.sent = [
            SentMessage(at(-9), "sms", MID, "c0", "s", "r0", "", "plain", 0, "lapsed", at(-9), at(-9)),
            SentMessage(at(-8), "email", OTHER, "c1", "s", "r1", "", None, 0, "lapsed", at(-8), at(-8)),
        ]
        self.profile.enrollments = [
            Enrollment("c0", "lapsed", 0, 0, "r0"), Enrollment("c1", "lapsed", 0, 0, "r1"),
            Enrollment("c0", "lapsed", 0, 0, "another"),
        ]  # fmt: skip

    def hears(self, *args: Any, **properties: Any) -> Feedback | None:
        """An event."""
        return feedback.on_event(self.profile, happened(*args, **properties), "Europe/Berlin", 0)

    def visits(self, minute: float, url: str | None = None, **more: Any) -> Feedback | None:
        """A page is opened."""
        return self.hears("", minute, type_="page", context={"page": {"url": url}}, **more)

    @property
    def flags(self) -> list[str]:
        """Those of the two messages."""
        return [message.flags for message in self.profile.sent]

    @property
    def engaged(self) -> list[bool]:
        """Those of the enrollments."""
        return [enrollment.engaged for enrollment in self.profile.enrollments]


@pytest.mark.parametrize(
    ("name", "flag", "counts", "channel"),
    [
        ("Email Delivered", "d", "delivered", None),
        ("SMS Delivered", "d", "delivered", None),
        ("Push Notification Received", "d", "delivered", None),
        ("Email Opened", "o", "opens", "email"),
        ("Email Link Clicked", "c", "clicks", "email"),
        ("SMS Link Clicked", "c", "clicks", "sms"),
        ("Push Notification Tapped", "c", "clicks", "push"),
        ("Email Bounced", "b", "bounces", None),
        ("SMS Failed", "b", "bounces", None),
        ("Push Notification Bounced", "b", "bounces", None),
        ("Unsubscribed", "u", "unsubscribes", None),
        ("Email Marked as Spam", "u", "unsubscribes", None),
    ],
)
def test_the_first_of_each_kind_counts_for_its_message(name, flag, counts, channel):
    """With the message's own campaign, step, variant and channel; a response counts each time, the rest once."""
    recipient = Recipient()
    first = recipient.hears(name, 0, message_id=MID)
    assert first is not None
    assert (first.counts, first.of, first.channel) == (counts, OF, channel)
    assert recipient.flags == [flag, ""]
    again = recipient.hears(name, 1, message_id=MID)
    assert again is None if channel is None else (again.counts, again.channel) == (None, channel)
    assert recipient.profile.engagement == ({channel: Engagement(0, 2)} if channel else {})


def test_flags_of_one_message_add_up_in_the_alphabet():
    """Whatever came first."""
    recipient = Recipient()
    for name in ("Unsubscribed", "Email Opened", "Email Delivered", "Email Link Clicked"):
        recipient.hears(name, 0, message_id=OTHER)
    assert recipient.flags == ["", "cdou"]


def test_a_response_engages_the_sequence_of_its_message():
    """Of its campaign and what it was about; told once."""
    recipient = Recipient()
    found = recipient.hears("SMS Link Clicked", 0, message_id=MID)
    assert [enrollment.ref for enrollment in found.engaged] == ["r0"]
    assert recipient.engaged == [True, False, False]
    assert recipient.hears("SMS Link Clicked", 1, message_id=MID).engaged == ()


def test_a_response_without_a_known_message_engages_the_campaign_it_names():
    """And counts for the channel; without a campaign nobody's enrollment is meant."""
    recipient = Recipient()
    found = recipient.hears("Email Opened", 0, campaign_id="c1", message_id="f" * 48)
    assert [enrollment.campaign for enrollment in found.engaged] == ["c1"]
    assert (found.counts, found.channel) == (None, "email")
    for junk in (None, [], {"a": 1}, 5, "", True):
        assert recipient.hears("Email Opened", 1, campaign_id=junk, message_id=junk).engaged == ()
    assert recipient.hears("Email Delivered", 2, message_id="f" * 48) is None
    assert recipient.profile.engagement == {"email": Engagement(0, 7)}


def test_a_known_message_says_more_than_the_campaign_an_event_names():
    """Only its own enrollment is engaged."""
    recipient = Recipient()
    recipient.hears("Email Opened", 0, message_id=OTHER, campaign_id="c0")
    assert recipient.engaged == [False, True, False]


@pytest.mark.parametrize(
    "said",
    [
        {"context": {"page": {"url": f"https://shop.example/a?x=1&wb_mid={MID}#top"}}},
        {"context": {"page": {"url": "https://shop.example/a", "search": f"?wb_mid={MID}&x=1"}}},
        {"url": f"https://shop.example/a?wb_mid={MID}"},
    ],
)
def test_a_link_that_was_followed_is_a_click(said):
    """On the channel of the message; the first time only, and not when a click was told of it before."""
    recipient = Recipient()
    found = recipient.hears("", 0, type_="page", **said)
    assert (found.counts, found.of, found.channel) == ("clicks", OF, "sms")
    assert [enrollment.ref for enrollment in found.engaged] == ["r0"]
    assert recipient.hears("Product Viewed", 1, "app", **said) is None
    assert recipient.profile.engagement == {"sms": Engagement(0, 1)}
    assert recipient.hears("SMS Link Clicked", 2, message_id=MID).counts is None
    assert recipient.profile.engagement == {"sms": Engagement(0, 2)}


@pytest.mark.parametrize(
    "url",
    [
        f"https://shop.example/?wb_mid={'c' * 48}", f"https://shop.example/?wb_mid={MID}0",
        f"https://shop.example/?xwb_mid={MID}", "https://shop.example/?wb_mid=", None, 5, [], {"wb_mid=": MID},
    ],
)  # fmt: skip
def test_a_link_that_names_no_message_of_this_customer_is_a_visit(url):
    """Somebody else's message that was passed on, or no message at all."""
    recipient = Recipient()
    assert recipient.visits(0, url) is None
    assert recipient.hears("", 0, type_="page", url=url, context={"page": url}) is None
    assert recipient.flags == ["", ""]


def test_only_where_a_customer_visits_a_link_is_followed():
    """An event of a mail server that quotes the link is no visit."""
    recipient = Recipient()
    assert recipient.hears("Anything", 0, "email", url=f"https://x.example/?wb_mid={MID}") is None
    assert recipient.flags == ["", ""]


@pytest.mark.parametrize("agent", [
    "Mozilla/5.0", "Googlebot/2.1", "Barracuda Sentinel", "Mimecast", "ProofPoint URL Defense", "LinkPreview/1",
    "some SPIDER", "crawler", "Mail Scanner",
])  # fmt: skip
@pytest.mark.parametrize("where", ["context", "properties"])
def test_machines_open_and_click_for_nobody(agent, where):
    """Counted apart for the channel, no flag, no response, no hour, no enrollment."""
    recipient = Recipient()
    said = {"context": {"userAgent": agent}} if where == "context" else {"user_agent": agent}
    opened = happened("Email Opened", 0, message_id=MID, **said)
    clicked = happened("Email Link Clicked", 0, message_id=MID, **said)
    assert (feedback.counted(opened), feedback.counted(clicked)) == ("machine_opens", "machine_clicks")
    for event in (opened, clicked):
        assert feedback.on_event(recipient.profile, event, "UTC", 0) is None
    page = {"context": {"page": {"url": f"https://x.example/?wb_mid={MID}"}}} if where != "context" else {}
    recipient.hears("", 0, type_="page", **(said | page))
    assert recipient.flags == ["", ""]
    assert (recipient.profile.engagement, recipient.profile.hours, any(recipient.engaged)) == ({}, {}, False)


def test_people_and_what_only_machines_can_tell_count_as_they_are():
    """A browser, no agent at all, and deliveries, whoever reports them."""

    def count(name: str, **said: Any) -> str | None:
        event: Sealed = happened(name, 0, **said)
        return feedback.counted(event)

    browser = {"context": {"userAgent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}}
    assert count("Email Opened", **browser) == "opens"
    assert count("Email Opened", user_agent=["Mozilla/5.0"], machine=0) == "opens"
    assert count("Email Opened", user_agent="Mozilla/5.0 (Linux; Android 13; CUBOT P80)") == "opens"
    assert count("Email Opened", machine=True) == "machine_opens"
    assert count("Email Delivered", user_agent="bot") == "delivered"
    assert count("Product Viewed") is None


def test_responses_by_local_hour():
    """Where the customer is; of two customers they add."""
    recipient, other = Recipient(), Recipient()
    # START is midnight in UTC, one o'clock in Berlin's winter.
    assert recipient.hears("Email Opened", 0).hour == 1
    recipient.hears("Email Opened", 23 * 60 - 1)
    recipient.hears("Email Opened", 23 * 60)
    other.hears("SMS Link Clicked", 0)
    feedback.absorb(recipient.profile, other.profile)
    assert recipient.profile.hours == {"1": 2, "23": 1, "0": 1}


def test_local_hours_follow_daylight_saving_to_the_ends_of_the_calendar():
    """Berlin in summer, a zone off by three quarters of an hour, and the year 9999."""
    summer = 1_783_036_800_000  # 2026-07-03 00:00 UTC
    assert hours.local_hour(summer, "Europe/Berlin") == 2
    assert hours.local_hour(summer, "Asia/Kathmandu") == 5
    assert hours.local_hour(253_402_300_799_999, "Asia/Tokyo") in range(24)
    assert hours.local_hour(0, "America/New_York") in range(24)
    assert hours.local_hour(at(0) + 5 * HOUR, "UTC") == 5
