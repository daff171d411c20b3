"""What a message that waits shows of a product is what the shop says of it by then."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from schemas.topics import RETARGETING_MESSAGES
from tests.support.campaigning import campaign, campaigns_of, step
from tests.unit.streams.core.products.test_catalogue import CHANGED, HOUR, VIEWED, Said, Shop, track

TEXT = (
    "{% for p in products %}{{ p.name }} {{ p.price }} x{{ p.quantity }};{% endfor %}{{ trigger.price | default: '' }}"
)
ADDED = "Product Added"


def bodies(name: str, on: str, *told: Said) -> list[str]:
    """The messages of a campaign that waits ten hours, to a customer to whom this happens."""
    shop = Shop(2, campaigns_of([campaign(name, on, step(after="10h"))], {"t": TEXT}))
    who: dict[str, Any] = {"type": "identify", "userId": "u1", "channel": "web", "traits": {"email": "u1@x.de"}}
    shop.tell((0, who), *told)
    shop.topology.finish()
    return [orjson.loads(record.value or b"")["body"] for record in shop.topology.topics[RETARGETING_MESSAGES]]


def changed(hours: float, name: str = CHANGED, /, **said: Any) -> Said:
    """The shop says something of a product, to nobody."""
    return track(hours * HOUR, name, None, channel="broadcast", message_id=f"c{hours}", **said)


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ((), "Pot 10 x1;Pan 20 x1;"),
        ((changed(3, price=8),), "Pot 8 x1;Pan 20 x1;"),
        ((changed(3, price=8), changed(5, price=12)), "Pot 12 x1;Pan 20 x1;"),
        ((changed(3, product_id="q", price=18, name="Wok", quantity=7),), "Pot 10 x1;Wok 18 x1;"),
        ((changed(3, "Product Restocked", price=9),), "Pot 9 x1;Pan 20 x1;"),
        ((changed(3, product_id="r", price=1), changed(30, price=1)), "Pot 10 x1;Pan 20 x1;"),
    ],
)
def test_what_was_viewed(told: tuple[Said, ...], shown: str) -> None:
    """A reminder of a visit shows each product at its price of when it is decided, not of when it was looked at."""
    views = track(1, VIEWED, name="Pot", price=10), track(2, VIEWED, product_id="q", name="Pan", price=20)
    assert bodies("browse", "browse_abandoned", *views, *told) == [shown]


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ((), "Pot 10 x2;10"),
        ((changed(3, price=8, currency="EUR"),), "Pot 8 x2;8"),
        ((changed(3, price=8, currency="SEK"),), "Pot 10 x2;10"),
        ((changed(3, name="Big Pot"),), "Big Pot 10 x2;10"),
    ],
)
def test_what_was_added(told: tuple[Said, ...], shown: str) -> None:
    """So does a message about what was put into the cart, but for the price of a shop in another currency."""
    added = track(1, ADDED, name="Pot", price=10, quantity=2, currency="EUR")
    assert bodies("added", "product_added", added, *told) == [shown]


def test_an_order_shows_what_was_paid() -> None:
    """What was bought is thanked for as it was bought, whatever it costs by then."""
    order = track(1, "Order Completed", order_id="o", products=[{"product_id": "p", "name": "Pot", "price": 10}])
    assert bodies("thanks", "order_completed", order, changed(3, price=8)) == ["Pot 10 x1;"]
