"""The example of deploy/examples: one campaign of every trigger, in two languages."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import orjson
import pytest

import deploy
from deploy.stack.lines import of_objects
from schemas.record import Record
from schemas.settings import Settings
from streams.campaigns import load
from streams.core.campaigns import CHANNELS, TRIGGERS
from streams.core.messaging.render import Renderer
from streams.testing import replay

EXAMPLE = Path(deploy.__file__).parent / "examples" / "campaigns" / "campaigns.yaml"


def test_every_trigger_has_a_campaign_in_the_example():
    """All types of triggers, every channel, an offer, conditions, priorities, topics."""
    campaigns = load(EXAMPLE)
    assert set(campaigns.by_trigger) == set(TRIGGERS)
    steps = [step for campaign in campaigns.file.campaigns for step in campaign.steps]
    assert {channel for step in steps for channel in step.candidates} == set(CHANNELS)
    assert any(step.condition for step in steps)


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_example_is_written_in_two_languages(language):
    """Each template is there in both, and is Liquid."""
    campaigns = load(EXAMPLE)
    named = {(step.template, c) for x in campaigns.file.campaigns for step in x.steps for c in step.candidates}
    assert {(name, channel) for of, name, channel in campaigns.templates if of == language} == named
    assert Renderer(campaigns).errors == {}


MORNING = 1_772_442_000_000
"""Monday 2026-03-02, 10:00 in Berlin."""
HOUR = 3_600_000
DAY = 24 * HOUR
BERLIN = {"latitude": 52.521, "longitude": 13.405}
LAMP = {"product_id": "p1", "name": "Lamp", "price": 50, "currency": "EUR", "url": "https://shop.example/p1"}
BULB = {"product_id": "p2", "name": "Bulb", "price": 5, "currency": "EUR", "url": "https://shop.example/p2"}
CHEAP = {"product_id": "p3", "name": "Mug", "price": 9, "currency": "EUR", "url": "https://shop.example/p3"}


def order(at, number, *products):
    """An order of some products."""
    return at, "Order Completed", {"order_id": number, "revenue": 55, "currency": "EUR", "products": list(products)}


def viewed(at, product):
    """A product page."""
    return at, "Product Viewed", product


ERRANDS = {
    "abandoned-checkout": [(0, "Product Added", LAMP), (60_000, "Checkout Started", {"products": [LAMP]})],
    "abandoned-cart": [(0, "Product Added", LAMP)],
    "browse": [viewed(0, LAMP)],
    "thank-you": [order(0, "o1-{}", LAMP, BULB)],
    "cross-sell": [(2 * DAY, "Product Added", LAMP)],
    "price-drop": [(0, "Product Added to Wishlist", CHEAP)],
    "back-in-stock": [viewed(0, CHEAP)],
    "win-back": [order(0, "o2-{}", CHEAP)],
    "read-on": [(n * HOUR, "page", {"topic": "Coffee"}) for n in range(3)],
    "billboard": [(0, "page", {}), (HOUR, "Hashtag Used", {"hashtags": ["#CozyHome"]})],
    "nearby": [(0, "page", {})],
}
"""What customers do that each campaign is made for: (when after MORNING, event, properties)."""
NEWS = [
    (DAY, "Product Price Changed", {**CHEAP, "price": 7, "old_price": 9}),
    (DAY, "Product Restocked", {**CHEAP, "price": 7}),
]


def call(at, user, name, properties, **context):
    """A record on a channel, as one customer's client sends it."""
    kind = {"type": "page", "name": "Home"} if name == "page" else {"type": "track", "event": name}
    if name == "identify":
        kind = {"type": "identify", "traits": properties}
    value = {**kind, "userId": user, "messageId": f"{user}-{name}-{at}", "timestamp": MORNING + at,
             "properties": properties, "context": {"timezone": "Europe/Berlin", **context}}  # fmt: skip
    return {"topic": "channels.web", "key": user, "timestamp": MORNING + at, "value": value}


def customers(campaign, count):
    """Some customers who have agreed to everything and then run that errand."""
    for n in range(count):
        user = f"{campaign}-{n}"
        traits = {"email": f"{user}@example.com", "language": ("de", "en")[n % 2]}
        device = {"id": f"d-{user}", "token": f"t-{user}"}
        yield call(-2 * HOUR, user, "identify", traits, device=device)
        for channel in ("email", "push", "sms", "ads", "broadcast"):
            said = {"channel": channel, "subscribed": True}
            yield call(-HOUR + len(channel), user, "Subscription Changed", said)
        where = {"location": BERLIN} if campaign in ("billboard", "nearby") else {}
        for at, name, properties in ERRANDS[campaign]:
            number = {"order_id": properties["order_id"].format(n)} if "order_id" in properties else {}
            yield call(at, user, name, properties | number, **where)


def played(campaigns):
    """The messages of a shop in which every errand is run by a few customers."""
    lines = [line for campaign in ERRANDS for line in customers(campaign, 4)]
    lines += [call(at, "shop-itself", name, properties) for at, name, properties in NEWS]
    lines.sort(key=lambda line: line["timestamp"])
    offsets = Counter()
    records = []
    for chunk in of_objects(lines, 4):
        for line in chunk:
            place = line.topic, line.partition
            records.append(Record(*place, offsets[place], line.timestamp, line.key, line.value))
            offsets[place] += 1
    found = replay(records, Settings(campaigns=campaigns))
    return [orjson.loads(record.value) for record in found["retargeting.messages"]]


def test_every_campaign_of_the_example_writes_to_somebody():
    """Customers who do what each of them is made for get its messages, in their language, with offer and links."""
    messages = played(EXAMPLE)
    by_campaign = {}
    for message in messages:
        by_campaign.setdefault(message["campaign_id"], []).append(message)
    assert set(by_campaign) == set(ERRANDS)
    assert {m["to"] for m in by_campaign["billboard"]} == {"B-ALEX-1"}
    assert {"bis gleich" in m["body"] for m in by_campaign["billboard"]} == {True, False}
    assert all(m["offer"]["code"].startswith("HELLO-") for m in by_campaign["win-back"])
    assert all(f"wb_mid={m['message_id']}" in m["url"] for m in by_campaign["price-drop"])
    assert {m["step"] for m in by_campaign["cross-sell"]} == {"goes-with-it"}
    assert "Bulb" in by_campaign["cross-sell"][0]["body"]
