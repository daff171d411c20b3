"""Whose address is it: which events give one, and what becomes of it when it turns out to be somebody else's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from schemas.settings import Settings
from schemas.times import iso
from streams.testing import Topology

START = 1_773_129_600_000
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
CAMPAIGNS = """
campaigns:
  - id: cart
    trigger: {{on: cart_abandoned}}
    steps:
      - {{id: reminder, after: {after}, channel: {reach}, template: cart_reminder}}
"""
ADVERTISING = "aaaaaaaa-0000-4000-8000-000000000001"


class Shop:
    """A shop with one campaign; minutes count from START."""

    def __init__(self, folder: Path, reach: str = "email", after: str = "0m", more: str = "") -> None:
        file = folder / "campaigns.yaml"
        file.write_text(more + CAMPAIGNS.format(reach=reach, after=after))
        self.topology = Topology(Settings(clock="event", campaigns=file))
        self.count = 0

    def hears(
        self, minute: float, channel: str, *people: dict[str, Any], event: str | None = None, **more: Any
    ) -> None:
        """An identify call of these people; with `event`, a track call."""
        self.count += 1
        said: dict[str, Any] = {"type": "identify", "messageId": f"m{self.count}", "context": {}}
        if event is not None:
            said |= {"type": "track", "event": event}
        for one in people:
            said |= {**one, "context": {**said["context"], **one.get("context", {})}}
        self.topology.play(f"channels.{channel}", [{**said, **more, "timestamp": iso(START + round(minute * MINUTE))}])

    def adds(self, minute: float, *people: dict[str, Any], channel: str = "web") -> None:
        """A cart is begun."""
        self.hears(minute, channel, *people, event="Product Added", properties={"sku": "s1", "price": 30})

    def sent(self) -> list[str]:
        """Where messages go in the end, less those that were taken back."""
        self.topology.finish()
        cancelled = {
            row["message_id"] for row in self.topology.read("retargeting.decisions") if row["outcome"] == "cancelled"
        }
        return [row["to"] for row in self.topology.read("retargeting.messages") if row["message_id"] not in cancelled]


def user(name: str) -> dict[str, Any]:
    """A user id."""
    return {"userId": name}


def mail(address: str) -> dict[str, Any]:
    """An e-mail address in the traits of the context."""
    return {"context": {"traits": {"email": address}}}


def phone(number: str) -> dict[str, Any]:
    """A phone number in the traits of the context."""
    return {"context": {"traits": {"phone": number}}}


def device(token: str | None = None, advertising_id: str | None = None) -> dict[str, Any]:
    """A device that names itself."""
    return {"context": {"device": {"token": token, "advertisingId": advertising_id}}}


@pytest.mark.parametrize(
    ("channel", "given"),
    [
        ("web", True), ("app", True), ("store", True), ("marketplace", True), ("messenger", True), ("callcenter", True),
        ("email", False), ("sms", False), ("ads", False), ("social", False), ("mail", False),
    ],
)  # fmt: skip
def test_an_email_is_given_where_the_customer_is(tmp_path, channel, given):
    """Or to an agent; what a provider, an ad or a letter names is not."""
    shop = Shop(tmp_path)
    shop.hears(0, channel, user("anna"), mail("anna@x.de"), event="Something")
    shop.adds(10, user("anna"))
    assert shop.sent() == ["anna@x.de"] * given


@pytest.mark.parametrize("channel", ["email", "sms", "ads", "callcenter"])
def test_an_identify_call_gives_an_email_on_any_channel(tmp_path, channel):
    """It says who somebody is."""
    shop = Shop(tmp_path)
    shop.hears(0, channel, user("anna"), mail("anna@x.de"))
    shop.adds(10, user("anna"))
    assert shop.sent() == ["anna@x.de"]


@pytest.mark.parametrize(
    ("channel", "given"),
    [("web", True), ("app", True), ("marketplace", True), ("messenger", True), ("store", False), ("callcenter", False),
     ("email", False)],
)  # fmt: skip
@pytest.mark.parametrize("event", [None, "Something"])
def test_a_device_is_given_where_the_customers_own_machine_speaks(tmp_path, channel, given, event):
    """A till's token and an agent's advertising id are not the customer's."""
    for reach, address in (("push", "T1"), ("ads", ADVERTISING)):
        shop = Shop(tmp_path, reach)
        shop.hears(0, channel, user("anna"), device("T1", ADVERTISING), event=event)
        shop.adds(10, user("anna"))
        assert shop.sent() == [address] * given


@pytest.mark.parametrize("name", ["Email Opened", "Email Link Clicked", "Email Bounced", "Unsubscribed"])
@pytest.mark.parametrize("channel", ["email", "web"])
def test_feedback_gives_no_address(tmp_path, name, channel):
    """An old mail that is opened in the old mailbox does not bring the old address back, wherever it is told."""
    shop = Shop(tmp_path)
    shop.hears(0, "web", user("anna"), mail("old@x.de"))
    shop.hears(1, "web", user("anna"), mail("new@x.de"))
    said = {"topic": "news"} if name == "Unsubscribed" else {}
    shop.hears(2, channel, mail("old@x.de"), event=name, properties=said)
    shop.adds(10, user("anna"))
    assert shop.sent() == ["new@x.de"]


def test_feedback_does_not_count_as_being_seen(tmp_path):
    """An address that only scanners open is as old as the customer's last visit with it."""
    shop = Shop(tmp_path, more="stale_after: {email: 9d}\n")
    shop.hears(0, "web", user("anna"), mail("anna@x.de"))
    shop.hears(8 * 24 * 60, "email", mail("anna@x.de"), event="Email Opened")
    shop.adds(10 * 24 * 60, user("anna"))
    assert shop.sent() == []


@pytest.mark.parametrize(
    ("reach", "kind", "addresses"),
    [("email", mail, ("anna@x.de", "ben@x.de")), ("sms", phone, ("+491711111111", "+491712222222"))],
)
@pytest.mark.parametrize("times", [1, 3])
def test_an_address_whose_link_was_refused_is_no_contact_point(tmp_path, reach, kind, addresses, times):
    """Ben names Anna's address, once or again and again: what is his goes on to his own."""
    shop = Shop(tmp_path, reach)
    shop.hears(0, "web", user("anna"), kind(addresses[0]))
    shop.hears(1, "web", user("ben"), kind(addresses[1]))
    for nth in range(times):
        shop.hears(2 + nth, "web", user("ben"), kind(addresses[0]))
    shop.adds(10, user("ben"), kind(addresses[0]))
    assert shop.sent() == [addresses[1]]


def test_a_sixth_address_that_is_refused_is_none(tmp_path):
    """The limit of a type refuses it, so it is somebody else's."""
    shop = Shop(tmp_path)
    for nth in range(6):
        shop.hears(nth, "web", user("anna"), mail(f"a{nth}@x.de"))
    shop.adds(10, user("anna"))
    assert shop.sent() == ["a4@x.de"]


def test_an_address_that_comes_to_be_the_customers_is_one_from_then_on(tmp_path):
    """An alias joins the two profiles that the address stood between."""
    shop = Shop(tmp_path)
    shop.hears(0, "web", user("anna"), mail("anna@x.de"))
    shop.hears(1, "web", user("ben"), mail("anna@x.de"))
    shop.hears(2, "web", user("ben"), previousId="anna", type="alias")
    shop.hears(3, "web", user("ben"), mail("anna@x.de"))
    shop.adds(10, user("ben"))
    assert shop.sent() == ["anna@x.de"]


@pytest.mark.parametrize(
    ("reach", "names", "address"),
    [("push", ("T1",), "T1"), ("ads", (None, ADVERTISING), ADVERTISING)],
)
def test_a_device_that_changes_hands_takes_its_address_along(tmp_path, reach, names, address):
    """Before the decision: Anna is not reached on Ben's phone; Ben is."""
    shop = Shop(tmp_path, reach)
    shop.hears(0, "app", user("anna"), device(*names))
    shop.adds(5, user("anna"), device(*names))
    shop.hears(20, "app", user("ben"), device(*names))
    assert shop.sent() == []
    ben = Shop(tmp_path, reach)
    ben.hears(0, "app", user("anna"), device(*names))
    ben.hears(20, "app", user("ben"), device(*names))
    ben.adds(25, user("ben"))
    assert ben.sent() == [address]


def test_a_device_that_changes_hands_by_its_id_takes_the_addresses_on_it_along(tmp_path):
    """Ben's app has not told its token yet: it is the one that Anna's had on that phone."""
    shop = Shop(tmp_path, "push")
    shop.hears(0, "app", user("anna"), {"context": {"device": {"id": "D1", "token": "T1"}}})
    shop.adds(5, user("anna"))
    shop.hears(20, "app", user("ben"), {"context": {"device": {"id": "D1"}}})
    assert shop.sent() == []
    shop = Shop(tmp_path, "push")
    shop.hears(0, "app", user("anna"), {"context": {"device": {"id": "D1", "token": "T1"}}})
    shop.hears(1, "app", user("anna"), {"context": {"device": {"id": "D2", "token": "T2"}}})
    shop.adds(5, user("anna"))
    shop.hears(20, "app", user("ben"), {"context": {"device": {"id": "D1"}}})
    assert shop.sent() == ["T2"]


def test_with_the_phone_gone_another_address_is_left(tmp_path):
    """An older phone of the customer's, or another channel."""
    shop = Shop(tmp_path, "best, of: [push, email]")
    shop.hears(0, "app", user("anna"), mail("anna@x.de"), device("T1"))
    shop.adds(5, user("anna"))
    shop.hears(20, "app", user("ben"), device("T1"))
    assert shop.sent() == ["anna@x.de"]
    shop = Shop(tmp_path, "push")
    shop.hears(0, "app", user("anna"), device("T0"))
    shop.hears(1, "app", user("anna"), device("T1"))
    shop.adds(5, user("anna"))
    shop.hears(20, "app", user("ben"), device("T1"))
    assert shop.sent() == ["T0"]


@pytest.mark.parametrize(
    ("feedback", "gone"), [(None, True), ("Push Notification Received", False), ("Push Notification Tapped", False)]
)
def test_a_message_that_has_not_arrived_is_taken_back(tmp_path, feedback, gone):
    """Decided, not delivered, and the phone is Ben's since: one more row, with the message's id."""
    shop = Shop(tmp_path, "push")
    shop.hears(0, "app", user("anna"), device("T1"))
    shop.adds(5, user("anna"))
    shop.topology.reach(START + 36 * MINUTE)
    message = shop.topology.read("retargeting.messages")[0]
    if feedback is not None:
        said = {"message_id": message["message_id"]}
        shop.hears(36, "push", device("T1"), event=feedback, properties=said)
    shop.hears(50, "app", user("ben"), device("T1"))
    assert shop.sent() == ["T1"] * (not gone)
    rows = [row for row in shop.topology.read("retargeting.decisions") if row["outcome"] == "cancelled"]
    assert [(row["reason"], row["message_id"], row["decided_at"]) for row in rows] == [
        ("no_contact", message["message_id"], iso(START + 50 * MINUTE))
    ] * gone


def test_what_was_deferred_by_the_night_is_decided_with_who_has_the_phone_then(tmp_path):
    """In the morning the phone is Ben's."""
    shop = Shop(tmp_path, "push", more='quiet_hours: {from: "08:30", to: "20:00"}\n')
    shop.hears(0, "app", user("anna"), device("T1"))
    shop.adds(5, user("anna"))
    shop.hears(60, "app", user("ben"), device("T1"))
    assert shop.sent() == []


def test_a_device_that_comes_back_is_the_customers_again(tmp_path):
    """To Ben and back to Anna: her phone."""
    shop = Shop(tmp_path, "push")
    shop.hears(0, "app", user("anna"), device("T1"))
    shop.hears(1, "app", user("ben"), device("T1"))
    shop.hears(2, "app", user("anna"), device("T1"))
    shop.adds(5, user("anna"))
    shop.adds(6, user("ben"))
    assert shop.sent() == ["T1"]


@pytest.mark.parametrize(
    "mark",
    [{"gift": True}, {"gift": "true"}, {"is_gift": 1}, {"recipient": {"name": "Omi"}}, {"recipient_email": "omi@x.de"}],
)
def test_the_recipient_of_a_gift_is_not_the_customer(tmp_path, mark):
    """The address on the order is somebody else's; what the traits say is the customer's."""
    order = {"order_id": "o1", "email": "omi@x.de", "phone": "+491713333333", **mark}
    for reach, own, expected in (
        ("email", mail("anna@x.de"), "anna@x.de"), ("sms", phone("+491711111111"), "+491711111111"),
    ):  # fmt: skip
        shop = Shop(tmp_path, reach)
        shop.hears(0, "web", user("anna"), own)
        shop.hears(1, "web", user("anna"), own, event="Order Completed", properties=order)
        shop.adds(100, user("anna"))
        assert shop.sent() == [expected]


@pytest.mark.parametrize("name", ["Order Completed", "Checkout Started", "Checkout Step Completed"])
@pytest.mark.parametrize(
    "mark",
    [{"gift": "yes"}, {"isGift": True}, {"gift_message": "For you"}, {"recipientName": "Ben"}, {"gift": {"to": 1}}],
)
def test_the_recipient_of_a_gift_keeps_the_address(tmp_path, name, mark):
    """Whoever sends Ben a present has not taken his address: he is reminded of what he leaves, and she is not there."""
    shop = Shop(tmp_path)
    shop.hears(0, "web", user("anna"), event=name, properties={"email": "ben@x.de", **mark})
    shop.hears(1, "web", user("ben"), mail("ben@x.de"))
    shop.adds(5, user("ben"))
    shop.adds(100, user("anna"))
    assert shop.sent() == ["ben@x.de"]


@pytest.mark.parametrize("mark", [{"gift": False}, {"is_gift": "no", "gift_message": ""}, {"recipient": None}])
def test_an_order_that_is_no_gift_gives_its_address(tmp_path, mark):
    """It is where the customer wants the receipt."""
    shop = Shop(tmp_path)
    order = {"order_id": "o1", "email": "anna@x.de", **mark}
    shop.hears(1, "web", user("anna"), event="Order Completed", properties=order)
    shop.adds(100, user("anna"))
    assert shop.sent() == ["anna@x.de"]


def test_an_old_tokens_bounce_stops_that_token_only(tmp_path):
    """The new one is pushed to."""
    shop = Shop(tmp_path, "push")
    shop.hears(0, "app", user("anna"), device("T1"))
    shop.hears(1, "app", user("anna"), device("T2"))
    shop.hears(2, "push", device("T1"), event="Push Notification Bounced")
    shop.adds(10, user("anna"))
    assert shop.sent() == ["T2"]


@pytest.mark.parametrize("channel", ["callcenter", "store", "email", "sms"])
def test_zone_and_language_are_those_of_the_customers_machine(tmp_path, channel):
    """An agent's browser, a till and a mail server have their own; what traits of an identify call say counts."""
    shop = Shop(tmp_path, more='quiet_hours: {from: "21:00", to: "09:00"}\n')
    own = {"timezone": "Europe/Berlin", "locale": "de-DE"}
    shop.hears(0, "web", user("anna"), mail("anna@x.de"), {"context": own})
    theirs = {"timezone": "Asia/Tokyo", "locale": "ja-JP"}
    shop.hears(1, channel, user("anna"), {"context": theirs}, event="Support Call")
    shop.adds(12 * 60, user("anna"))
    assert shop.sent() == ["anna@x.de"]
    message = shop.topology.read("retargeting.messages")[0]
    # 12:30 UTC plus eight hours: half past nine in the evening in Berlin.
    assert message["decided_at"] == "2026-03-11T08:00:00.000Z"
