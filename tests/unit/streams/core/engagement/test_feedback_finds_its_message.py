"""Feedback that names a message is that message's: whoever has the address, and whoever its profile has become."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from schemas.identifiers import Hasher
from schemas.message_ids import MessageIds
from schemas.settings import Settings
from schemas.times import iso
from streams.testing import Topology

START = 1_773_129_600_000
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
SECRET = "feedback"  # noqa: S105 - of made-up customers
HASH = Hasher(SECRET)
CAMPAIGNS = """
campaigns:
  - id: cart
    trigger: {on: cart_abandoned}
    steps:
      - {id: first, channel: best, of: [CHANNEL], template: cart_reminder}
      - {id: second, after: 20h, unless: engaged, channel: best, of: [CHANNEL], template: cart_reminder}
"""
RESPONSE = {"email": "Email Opened", "push": "Push Notification Tapped"}
ANNA = {"userId": "anna", "context": {"traits": {"email": "home@x.de"}, "device": {"token": "T1"}}}
BEN = {"userId": "ben", "context": {"traits": {"email": "ben@x.de"}, "device": {"token": "T2"}}}
SENT = 35 * MINUTE
"""When the first reminder has been sent: half an hour after the cart, and a little."""


class Shop:
    """Anna has left a cart and been reminded, Ben is another customer. Times are milliseconds since START."""

    def __init__(self, folder: Path, channel: str = "email", who: dict[str, Any] = ANNA) -> None:
        file = folder / "campaigns.yaml"
        file.write_text(CAMPAIGNS.replace("CHANNEL", channel))
        self.topology = Topology(Settings(clock="event", campaigns=file, secret=SECRET))
        self.count, self.channel = 0, channel
        self.hears(0, "app", {"type": "identify", **BEN})
        self.hears(0, "app", {"type": "identify", **who})
        self.hears(0, "app", {"event": "Product Added", "properties": {"sku": "s1", "price": 9}, **who})
        self.reach(SENT)
        [message] = self.read("retargeting.messages")
        self.message_id, self.profile = message["message_id"], message["profile_id"]

    def hears(self, at: int, channel: str, message: dict[str, Any]) -> None:
        """An event."""
        self.count += 1
        said = {"type": "track", "messageId": f"m{self.count}", "timestamp": iso(START + at), **message}
        self.topology.play(f"channels.{channel}", [said])

    def told(self, at: int, name: str = "", message_id: str | None = None, **more: Any) -> None:
        """Feedback about the reminder, or about another message."""
        properties = {"message_id": message_id or self.message_id, **more.pop("properties", {})}
        name = name or RESPONSE[self.channel]
        self.hears(at, self.channel, {"event": name, "properties": properties, **more})

    def reach(self, at: int) -> None:
        """Time comes to a moment."""
        self.topology.reach(START + at)

    def read(self, topic: str) -> list[dict[str, Any]]:
        """What was written."""
        return self.topology.read(topic)

    def whose(self, at: int) -> list[str]:
        """The profiles of the events of a moment."""
        return [row["profile_id"] for row in self.read("stitched.events") if row["event_time"] == iso(START + at)]

    def second(self) -> str:
        """What becomes of the second reminder: sent, unless its customer has responded to the first."""
        self.topology.finish()
        return next(row["outcome"] for row in self.read("retargeting.decisions") if row["step"] == "second")

    def outcomes(self, since: int) -> set[str]:
        """What became of steps from a moment on, by their reasons."""
        rows = self.read("retargeting.decisions")
        return {row["reason"] for row in rows if row["decided_at"] >= iso(START + since)}

    def opens(self) -> int:
        """Opens and clicks that the campaign counts."""
        cells = {str(row["cell"]): row for row in self.read("aggregates") if row["cell"]["name"] == "campaign_day"}
        return sum(row["values"].get("opens", 0) + row["values"].get("clicks", 0) for row in cells.values())

    def reasons(self) -> list[str]:
        """Why events were refused."""
        log = self.topology.topics["dead.letters"]
        return [dict(record.headers)["reason"].decode() for record in log]


@pytest.mark.parametrize(
    "who",
    [
        {}, {"context": {}}, BEN, {"userId": "ben"}, {"context": {"traits": {"email": "ben@x.de"}}},
        {"context": {"traits": {"email": "nobody@x.de"}}}, {"context": {"traits": {"email": "home@x.de"}}},
        {"userId": "esp-4711"}, {"anonymousId": "a9"},
    ],
)  # fmt: skip
def test_it_is_the_messages_whoever_it_names(tmp_path, who):
    """Nobody, another customer, a stranger or a provider's own id: Anna has opened it, and is not reminded again."""
    shop = Shop(tmp_path)
    shop.told(SENT + HOUR, **who)
    assert shop.second() == "suppressed"
    assert shop.whose(SENT + HOUR) == [shop.profile]
    assert shop.opens() == 1


@pytest.mark.parametrize("name", ["Push Notification Tapped", "Push Notification Received"])
def test_it_is_the_messages_after_the_phone_has_changed_hands(tmp_path, name):
    """Ben has logged in on Anna's phone since: what was tapped is what Anna was sent."""
    shop = Shop(tmp_path, "push")
    shop.hears(SENT + MINUTE, "app", {"type": "identify", "userId": "ben", "context": {"device": {"token": "T1"}}})
    shop.told(SENT + HOUR, name, context={"device": {"token": "T1"}})
    shop.topology.finish()
    assert shop.whose(SENT + HOUR) == [shop.profile]
    assert shop.opens() == (name == "Push Notification Tapped")


@pytest.mark.parametrize("written", [str.upper, lambda one: f"<{one}@shop.example>"], ids=["capitals", "Message-ID"])
def test_an_id_may_be_written_as_mail_servers_do(tmp_path, written):
    """It is the same message's, and stands on the event as on the message."""
    shop = Shop(tmp_path)
    shop.told(SENT + HOUR, message_id=written(shop.message_id), userId="ben")
    assert shop.second() == "suppressed"
    named = [row["properties"].get("message_id") for row in shop.read("stitched.events") if row["channel"] == "email"]
    assert named == [shop.message_id]


@pytest.mark.parametrize("kind", ["forged", "another secret's", "a provider's", "no text"])
def test_what_names_no_message_of_ours_goes_by_its_identifiers(tmp_path, kind):
    """Ben's, as it says; without anybody named it is refused."""
    shop = Shop(tmp_path)
    other = {
        "forged": shop.message_id[:-1] + ("0" if shop.message_id[-1] != "0" else "1"),
        "another secret's": MessageIds("other").of(shop.profile, "cart", START),
        "a provider's": "20260310.1.4711@mailer.example",
        "no text": 5,
    }[kind]
    shop.told(SENT + HOUR, message_id=other, userId="ben")
    shop.told(SENT + 2 * HOUR, message_id=other)
    assert shop.second() == "sent"
    assert shop.whose(SENT + HOUR) == [HASH("user_id", "ben")]
    assert shop.whose(SENT + 2 * HOUR) == []
    assert shop.reasons() == ["no_identifier"]


def test_only_feedback_goes_by_the_message(tmp_path):
    """A page, an order or a product's view that names one is its visitor's: so is the page that a link led to."""
    shop = Shop(tmp_path)
    named = {"message_id": shop.message_id, "sku": "s2", "url": f"https://x.example/?wb_mid={shop.message_id}"}
    for nth, said in enumerate(({"type": "page", "name": "Email Opened"}, {"event": "Product Viewed"})):
        shop.hears(SENT + HOUR + nth, "web", {**said, "properties": named, "userId": "ben"})
    assert shop.second() == "sent"
    assert {*shop.whose(SENT + HOUR), *shop.whose(SENT + HOUR + 1)} == {HASH("user_id", "ben")}


def test_it_follows_its_profile_into_the_one_that_this_becomes_part_of(tmp_path):
    """A visitor who was reminded logs in: hers, also when another customer has logged in on the same tablet since."""
    tablet = {"anonymousId": "a1"}
    visitor = {**tablet, "context": {"traits": {"email": "home@x.de"}}}
    shop = Shop(tmp_path, who=visitor)
    shop.hears(SENT + MINUTE, "app", {"type": "identify", "userId": "anna", **tablet})
    shop.hears(SENT + 2 * MINUTE, "app", {"type": "identify", "userId": "ben", **tablet})
    shop.told(SENT + HOUR)
    assert shop.second() == "suppressed"
    anna, ben = HASH("user_id", "anna"), HASH("user_id", "ben")
    assert shop.whose(SENT + HOUR) == [anna]
    assert shop.whose(SENT + 2 * MINUTE) == [ben]


@pytest.mark.parametrize("days", [20, 45, 100])
def test_a_no_to_an_old_message_finds_its_customer(tmp_path, days):
    """The link in a mail of long ago, after its profile has become part of another."""
    shop = Shop(tmp_path, who={"anonymousId": "a1", "context": {"traits": {"email": "home@x.de"}}})
    shop.hears(SENT + MINUTE, "app", {"type": "identify", "userId": "anna", "anonymousId": "a1"})
    for day in range(1, days):
        shop.reach(day * DAY)
    shop.told(days * DAY, "Unsubscribed")
    since = days * DAY + HOUR
    shop.hears(since, "web", {"userId": "anna", "event": "Product Added", "properties": {"sku": "s1", "price": 9}})
    shop.topology.finish()
    assert shop.whose(days * DAY) == [HASH("user_id", "anna")]
    assert shop.outcomes(since) == {"no_consent"}


@pytest.mark.parametrize("type_", ["email", "user_id"])
def test_after_a_split_it_is_with_the_profile_that_keeps_the_id(tmp_path, type_):
    """As the sequence is, whose step it stops."""
    shop = Shop(tmp_path)
    value = {"email": "home@x.de", "user_id": "anna"}[type_]
    shop.topology.request("split", type_, HASH(type_, value), now=START + SENT + MINUTE)
    shop.told(SENT + HOUR, context={"traits": {"email": "home@x.de"}})
    assert shop.second() == "suppressed"
    assert shop.whose(SENT + HOUR) == [shop.profile]


@pytest.mark.parametrize("days", [1, 30, 60])
def test_feedback_of_a_message_to_an_erased_person_is_dropped(tmp_path, days):
    """Under whatever name it comes, and however late; who has the address by then is nobody it concerns."""
    shop = Shop(tmp_path)
    shop.topology.request("erase", "user_id", HASH("user_id", "anna"), now=START + SENT + MINUTE)
    for day in range(1, days):
        shop.reach(day * DAY)
    at = days * DAY
    shop.told(at, userId="ben")
    shop.told(at + MINUTE, "Unsubscribed")
    shop.topology.finish()
    assert shop.whose(at) == shop.whose(at + MINUTE) == []
    assert shop.reasons() == []


def test_a_no_by_an_erased_persons_message_still_holds_for_its_address(tmp_path):
    """The mailbox is Ben's as well, and whoever reads there wants no more."""
    shop = Shop(tmp_path)
    shop.topology.request("erase", "user_id", HASH("user_id", "anna"), now=START + SENT + MINUTE)
    for day in range(1, 40):
        shop.reach(day * DAY)
    shop.told(40 * DAY, "Unsubscribed", context={"traits": {"email": "ben@x.de"}})
    since = 41 * DAY
    shop.hears(since, "web", {"userId": "ben", "event": "Product Added", "properties": {"sku": "s1", "price": 9}})
    shop.topology.finish()
    assert shop.outcomes(since) == {"no_consent"}


def test_feedback_from_before_its_message_is_that_messages_all_the_same(tmp_path):
    """A server's clock that is slow: it comes when the message is known."""
    shop = Shop(tmp_path)
    shop.told(MINUTE, userId="ben")
    assert shop.second() == "suppressed"
    assert shop.whose(MINUTE) == [shop.profile]
    assert shop.opens() == 1


def test_the_address_on_it_is_no_contact_point(tmp_path):
    """A mail that was passed on and opened elsewhere: the next one goes where the first went."""
    shop = Shop(tmp_path)
    shop.told(SENT + HOUR, "Email Delivered", context={"traits": {"email": "friend@x.de"}})
    assert shop.second() == "sent"
    assert {row["to"] for row in shop.read("retargeting.messages")} == {"home@x.de"}


@pytest.mark.parametrize("who", [{}, {"userId": "ben"}])
def test_a_no_is_that_of_the_messages_customer(tmp_path, who):
    """By one click, which names the message alone, or beside a name that is another's: Ben is written to."""
    shop = Shop(tmp_path)
    shop.told(SENT + HOUR, "Unsubscribed", **who)
    shop.hears(SENT + 2 * HOUR, "web", {"event": "Product Added", "properties": {"sku": "s2", "price": 5}, **BEN})
    assert shop.second() == "cancelled"
    ben = [row for row in shop.read("retargeting.decisions") if row["profile_id"] == HASH("user_id", "ben")]
    assert [row["outcome"] for row in ben] == ["sent", "sent"]


def test_its_identifiers_link_as_before(tmp_path):
    """A provider's event with two identifiers still says that they are one customer's, whoever the message was for."""
    shop = Shop(tmp_path)
    shop.told(SENT + HOUR, userId="cleo", context={"traits": {"email": "cleo@x.de"}})
    shop.topology.finish()
    owner = {row["linked_to"]: row["profile_id"] for row in shop.read("identity.assignments")}
    assert owner[HASH("user_id", "cleo")] == HASH("user_id", "cleo")
    assert shop.whose(SENT + HOUR) == [shop.profile]


@pytest.mark.parametrize(
    ("name", "properties", "second"),
    [
        ("Email Bounced", {}, "sent"), ("Email Bounced", {"bounce_type": "hard"}, "sent"),
        ("Email Delivered", {}, "sent"), ("Email Marked as Spam", {}, "cancelled"), ("Unsubscribed", {}, "cancelled"),
    ],
)  # fmt: skip
def test_without_an_address_it_is_about_the_one_that_the_message_went_to(tmp_path, name, properties, second):
    """Anna has another mailbox since: a bounce says nothing of that, and a no holds for both of them."""
    shop = Shop(tmp_path)
    new = {"userId": "anna", "context": {"traits": {"email": "new@x.de"}}}
    shop.hears(SENT + MINUTE, "app", {"type": "identify", **new})
    shop.told(SENT + HOUR, name, properties=properties)
    assert shop.second() == second
    assert [row["to"] for row in shop.read("retargeting.messages")] == ["home@x.de"] + ["new@x.de"] * (second == "sent")
    said = {row["address_hash"] for row in shop.read("contact.suppressions") if row["suppressed"]}
    old, now = HASH("email", "home@x.de"), HASH("email", "new@x.de")
    assert said == (set() if name == "Email Delivered" else {old} if second == "sent" else {old, now})
