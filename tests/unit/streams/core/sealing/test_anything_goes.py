"""Whatever producers send: no event stops anything, and what is remembered of a customer stays small."""

from __future__ import annotations

import random
from typing import Any

import orjson
import pytest

from schemas.names import EVENTS
from streams.core.products.changes import ProductChange
from streams.core.profile.state import decode, encode
from tests.support.campaigning import Customer, campaign, campaigns_of, step
from tests.support.happenings import STORES, at, happened

TRIGGERS = (
    "cart_abandoned", "checkout_abandoned", "browse_abandoned", "order_completed", "product_added", "price_dropped",
    "back_in_stock", {"on": "lapsed", "after": "1h"}, "content_viewed", "hashtag_used", "store_nearby",
)  # fmt: skip
JUNK = (
    None, True, False, 0, -1, 5, 1.5, 10**18, -(10**18), 1e308, "", " ", "x", "NaN", "1e9", "-0", "#", "\u0000", "💥",
    "y" * 3000, [], [None], ["a", 5, {}], {}, {"a": 1}, [[[]]], "de", "a@b.c", "2026-01-01T00:00:00Z",
)  # fmt: skip
NAMES = (
    "product_id", "sku", "name", "price", "quantity", "products", "topic", "topics", "hashtag", "hashtags", "latitude",
    "lat", "longitude", "lng", "store_id", "channel", "subscribed", "message_id", "campaign_id", "url", "order_id",
    "currency", "old_price", "machine", "user_agent", "bounce_type", "type", "revenue", "image_url", "variant",
)  # fmt: skip


def junk(rng: random.Random, *names: str) -> dict[str, Any]:
    """An object with some of these names, whose values are anything."""
    return {name: rng.choice(JUNK) for name in names if rng.random() < 0.5}


@pytest.mark.parametrize("seed", range(3))
def test_no_event_stops_anything(seed):
    """Events of all names with anything in them, in time and late, and products that change as they like."""
    rng = random.Random(seed)
    file = [campaign(f"c{n}", on, step(), step("t", "2h", "best", of=["sms", "ads"])) for n, on in enumerate(TRIGGERS)]
    customer = Customer(campaigns_of(file, None, STORES, quiet_hours={"from": "21:00", "to": "09:00"}))
    names = [*sorted(EVENTS), "", "Anything"]
    for n in range(500):
        said: dict[str, Any] = junk(rng, *NAMES)
        if isinstance(said.get("products"), list) and rng.random() < 0.5:
            said["products"] = [junk(rng, *NAMES[:5]) for _ in range(3)]
        known = [message.message_id for message in customer.profile.sent]
        if known and rng.random() < 0.3:
            said["message_id"] = rng.choice(known)
        context = junk(rng, "location", "page", "locale", "timezone", "userAgent", "campaign")
        if rng.random() < 0.3:
            context["location"] = junk(rng, "latitude", "longitude", "lat", "lon")
        minute = n * 7 - (rng.randrange(3000) if (late := rng.random() < 0.2) else 0)
        kind = rng.choice(("track", "track", "page", "screen", "identify"))
        event = happened(
            rng.choice(names) if kind == "track" else "", minute, rng.choice(("web", "email", "store", "social")),
            **said, type_=kind, context=context, traits=junk(rng, "language", "locale"), id_=f"e{n}", late=late,
        )  # fmt: skip
        customer.upto(n * 7)
        customer.logic.on_event(customer.profile, event, customer.effects)
        for product_id in rng.sample(sorted(customer.profile.interests), min(2, len(customer.profile.interests))):
            change = ProductChange(at(n * 7), rng.choice(("price_dropped", "back_in_stock")), product_id, f"c{n}", said)
            customer.logic.on_product(customer.profile, change, customer.effects)
        customer.profile = decode(encode(customer.profile))
    assert len({row["decision_id"] for row in customer.decisions}) == len(customer.decisions) > 50
    orjson.dumps(customer.effects.rows)


def test_what_is_remembered_of_a_customer_stays_small():
    """Thousands of products, topics and places with texts as long as they come."""
    customer = Customer([])
    for n in range(3000):
        customer.does(
            "Product Viewed", n, product_id=f"p{n}", name="n" * 10_000, url="u" * 1500, image_url="i" * 1500, price=n,
            topics=[f"t{n}", "x" * 10_000], latitude=n % 90, longitude=n % 180, id_=f"m{n % 50}",
        )  # fmt: skip
        customer.profile.seen.clear()
    assert len(customer.profile.interests) == 50
    assert len(customer.profile.browsed) <= 10
    assert len(encode(customer.profile)) < 50 * 3_500 + 10 * 3_500 + 20_000
    customer.does("Product Viewed", 3000, product_id="p" * 2001)
    assert "p" * 2001 not in customer.profile.interests
