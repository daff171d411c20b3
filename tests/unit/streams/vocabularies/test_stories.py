"""A cart, a checkout and an order in each vendor's own words do what they do in ours."""

from __future__ import annotations

import pytest

from streams.core.campaigns import Campaigns
from tests.unit.streams.vocabularies.shop import Told
from tests.unit.streams.vocabularies.stories import STORIES, Story

each = pytest.mark.parametrize("story", STORIES, ids=lambda story: story.source)


@each
def test_an_addition_opens_a_cart_that_is_reminded_of(reminding: Campaigns, story: Story) -> None:
    """The line is the lamp, twice, at its price; the cart is worth 60 and is abandoned, and the customer is told."""
    told = Told(reminding, (0, *story.added))
    assert told.ended == "abandoned"
    (line,) = told.carts[-1]["lines"]
    assert (line["product_id"], line["sku"], line["price"], line["quantity"]) == (*story.lamp, 30, 2)
    assert (told.carts[-1]["value"], told.carts[-1]["currency"]) == (60, story.currency)
    assert len(told.messages) == 1


@each
def test_a_checkout_is_the_same_cart_and_is_reminded_of(reminding: Campaigns, story: Story) -> None:
    """The snapshot neither doubles the line nor loses it; what is left is a checkout."""
    if story.source == "Pinterest":
        pytest.skip("Pinterest has no event of a checkout that begins")
    told = Told(reminding, (0, *story.added), (2, *story.checkout))
    assert (told.ended, told.carts[-1]["stage"]) == ("abandoned", "checkout")
    (line,) = told.carts[-1]["lines"]
    assert (line["price"], line["quantity"], told.carts[-1]["value"]) == (30, 2, 60)
    assert [message["campaign_id"] for message in told.messages] == ["checkout"]


@each
def test_an_order_converts_the_cart_and_nobody_is_reminded(reminding: Campaigns, story: Story) -> None:
    """The order counts once, with its id, value and currency; the buyer gets no reminder."""
    told = Told(reminding, (0, *story.added), (2, *story.checkout), (5, *story.purchase))
    assert (told.ended, told.messages) == ("converted", [])
    (order,) = told.orders
    assert (order["value"], order["currency"]) == (60, story.currency)
    if story.order_id is not None:
        assert order["order_id"] == story.order_id


@each
def test_the_producers_words_stay(reminding: Campaigns, story: Story) -> None:
    """`original_name` is the producer's where it is another, and nothing that was sent is lost."""
    sent = (story.added, story.checkout, story.purchase)
    told = Told(reminding, *((minute, *event) for minute, event in enumerate(sent)))
    for (name, properties), event in zip(sent, told.events, strict=True):
        assert event.get("original_name", event["name"]) == name
        kept = {key: value for key, value in properties.items() if value is not None}
        moved = {"order_id"} if name == "Checkout Started Webhook" else set()
        assert {key for key in kept if key not in event["properties"]} == moved
