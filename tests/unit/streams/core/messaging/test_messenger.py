"""The channel messenger: WhatsApp, Viber, Telegram and the like, by a webhook."""

from __future__ import annotations

import pytest

from schemas.times import parse
from streams.testing import Topology
from tests.support.campaigning import Customer, campaign, campaigns_of, step
from tests.support.happenings import happened


def customer(*steps, **file) -> Customer:
    """Somebody whose carts are reminded of on a messenger."""
    one = Customer(campaigns_of([campaign("c", "cart_abandoned", *(steps or [step(channel="messenger")]))], **file))
    one.profile.contacts = {}
    return one


def comes(one: Customer, channel: str, *identifiers: tuple[str, str], minute: float = 0) -> None:
    """An event with these identifiers."""
    named = [{"type": type_, "value": value} for type_, value in identifiers]
    one.logic.on_event(one.profile, happened("Hello", minute, channel, identifiers=named), one.effects)


@pytest.mark.parametrize(
    ("channel", "identifiers", "to"),
    [
        ("web", [("telegram", "4711")], "telegram:4711"),
        ("web", [("user_id", "u"), ("viber_id", "v=")], "viber_id:v="),
        ("messenger", [("phone", "+4915112345678")], "phone:+4915112345678"),
        ("messenger", [("phone", "+4915112345678"), ("whatsapp", "w1")], "whatsapp:w1"),
        ("web", [("phone", "+4915112345678")], None),
        ("messenger", [("user_id", "u")], None),
    ],
)
def test_a_messenger_is_written_to_where_the_customer_has_one(channel, identifiers, to):
    """An external id of a messenger, or the number under which they write there."""
    one = customer()
    comes(one, channel, *identifiers)
    one.adds(1)
    one.upto(31)
    assert [message["to"] for message in one.messages] == ([to] if to else [])
    assert one.decisions[0]["reason"] == (None if to else "no_contact")


def test_caps_consent_best_and_other_hold_for_it():
    """A channel like the others."""
    steps = [step("one", channel="best", of=["messenger", "email"]),
             step("two", "1h", channel="other", of=["messenger", "email"])]  # fmt: skip
    one = customer(*steps, caps={"messenger": [{"limit": 1, "per": "7d"}]})
    comes(one, "web", ("telegram", "4711"), ("email", "a@x.example"))
    one.adds(1)
    one.upto(91)
    assert [message["channel"] for message in one.messages] == ["messenger", "email"]
    one.adds(200)
    one.upto(230)
    assert one.messages[-1]["channel"] == "email"


def test_who_said_no_to_messengers_is_not_written_to_there():
    """By name, or on the channel itself."""
    one = customer()
    comes(one, "web", ("telegram", "4711"))
    one.does("Unsubscribed", 1, "messenger")
    one.adds(2)
    one.upto(40)
    assert one.decisions[0]["reason"] == "no_consent"


def test_an_external_id_that_is_somebody_elses_is_no_contact_point(tmp_path):
    """Two customers name one account: it stays with the first, and the second is not written to there."""
    file = tmp_path / "campaigns.yaml"
    file.write_text(
        "campaigns:\n  - id: c\n    trigger: {on: cart_abandoned}\n    steps:\n"
        "      - {id: s, channel: messenger, template: cart_reminder}\n",
        encoding="utf-8",
    )
    account = {"context": {"externalIds": [{"id": "4711", "type": "telegram"}]}}
    cart = {"type": "track", "event": "Product Added", "properties": {"product_id": "p", "name": "Lamp", "price": 9}}
    shop = Topology.of(file)
    for minute, event in enumerate([
        {"userId": "ana", "type": "identify"} | account, {"userId": "bob", "type": "identify"} | account,
        {"userId": "ana"} | cart, {"userId": "bob"} | cart,
    ]):  # fmt: skip
        shop.play("channels.web", [event | {"messageId": f"{minute}", "timestamp": f"2026-03-02T09:0{minute}:00Z"}])
    shop.reach(parse("2026-03-02T10:00:00Z") or 0)
    assert [message["to"] for message in shop.read("retargeting.messages")] == ["telegram:4711"]
    assert sorted(made["reason"] or "" for made in shop.read("retargeting.decisions")) == ["", "no_contact"]
