"""`unsubscribe_url` in templates: the signed link of each message, where the setting has an address."""

from __future__ import annotations

import pytest

from schemas.settings import Settings
from schemas.times import iso
from schemas.unsubscribe_links import UnsubscribeLinks
from streams.campaigns.samples import samples
from streams.testing import Topology
from tests.support.campaigning import campaign, campaigns_of, step
from tests.support.happenings import at

BASE = "https://events.shop.example/v1/unsubscribe"
LINK = "subject: Hello\n\nstop: {{ unsubscribe_url }}"


def messages(base: str, channel: str = "email", *, switched: bool = False) -> list[dict[str, object]]:
    """What a customer who has left a cart gets."""
    rules = campaigns_of([campaign("c", "cart_abandoned", step(channel=channel))], {"t": LINK})
    shop = Topology(Settings(clock="event", unsubscribe_url=base), rules)
    if switched:
        shop.switch(rules)
    traits = {"email": "ana@example.com", "phone": "+4915112345678"}
    shop.play("channels.web", [{
        "type": "track", "event": "Product Added", "userId": "ana", "messageId": "1", "timestamp": iso(at(12 * 60)),
        "context": {"traits": traits, "device": {"token": "t"}}, "properties": {"sku": "A", "price": 30},
    }])  # fmt: skip
    shop.reach(at(24 * 60))
    return shop.read("retargeting.messages")


@pytest.mark.parametrize("channel", ["email", "sms", "push"])
@pytest.mark.parametrize("switched", [False, True])
def test_each_message_has_a_link_of_its_own(channel, switched):
    """It says message and channel to who has the secret, also under campaigns that were switched to."""
    [message] = messages(BASE, channel, switched=switched)
    link = UnsubscribeLinks("winback-development", BASE).of(message["message_id"], channel)
    assert f"stop: {link}" in message["body"]


def test_without_an_address_a_template_that_asks_for_it_is_no_message():
    """A mail without its way out is not sent: the template is told to be invalid."""
    assert messages("") == []


def test_a_look_at_the_campaigns_knows_the_name():
    """`campaigns check` shows a link, whatever the setting is where it runs."""
    shown = list(samples(campaigns_of([campaign()], {"t": LINK})))
    assert all("https://shop.example/v1/unsubscribe?u=" in sample.body for sample in shown)
    assert shown
