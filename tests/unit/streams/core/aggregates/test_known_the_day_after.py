"""What somebody does on one day is known to everybody's decisions on the next, wherever both are and whoever merges."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from schemas.record import Record
from schemas.settings import Settings
from schemas.topics import RETARGETING_MESSAGES
from streams.testing import Topology
from tests.support.campaigning import campaign, campaigns_of, step

START = 1_767_600_000_000
"""08:00 UTC."""
HOUR = 3_600_000
RULES = campaigns_of(
    [campaign("c", "cart_abandoned", step("s", channel="best", of=["email", "sms"]))],
    {"t": "subject: Hello\n\n{% for r in recommendations %}{{ r.product_id }} {{ r.name }} {% endfor %}"},
)


class Shop:
    """Customers in several partitions, whose events are told at once or as time comes."""

    def __init__(self, partitions: int) -> None:
        self.topology = Topology(Settings(secret="day", partitions=partitions), RULES)  # noqa: S106 - made up
        self._told: list[tuple[int, dict[str, Any]]] = []

    def tell(self, hour: float, name: str, *, user: str | None = None, more: Any = None, **traits: str) -> None:
        """A track call of whoever these traits and the user are."""
        said: dict[str, Any] = {"type": "track", "event": name, "context": {"traits": traits}, "properties": more or {}}
        if user is not None:
            said["userId"] = user
        self._told.append((START + int(hour * HOUR), said))

    def messages(self, *, step_hours: float | None) -> dict[str, tuple[str, str]]:
        """(channel, body) of the message of each recipient."""
        for offset, (time, said) in enumerate(sorted(self._told, key=lambda one: one[0])):
            value = orjson.dumps({"timestamp": time, "messageId": f"m{offset}", **said})
            if step_hours is not None:
                self.topology.reach(time)
            self.topology.feed([Record("channels.web", 0, offset, time, None, value)])
        self.topology.finish()
        rows = [orjson.loads(record.value or b"") for record in self.topology.topics[RETARGETING_MESSAGES]]
        return {row["to"]: (row["channel"], row["body"]) for row in rows}


@pytest.mark.parametrize("partitions", [1, 3, 4])
@pytest.mark.parametrize("step_hours", [None, 1])
def test_of_a_profile_that_waits_for_its_merge(partitions, step_hours):
    """A message on the first day, to an address that becomes a user's on the third; the decision is on the second.

    Read at once the address waits in the user's profile from the beginning; as time comes it does not.
    """
    shop = Shop(partitions)
    cart = {"sku": "s", "price": 10}
    shop.tell(0, "Product Added", email="x@shop.example", more=cart)
    shop.tell(30, "Product Added", user="v2", email="w@shop.example", phone="+4915112345679", more=cart)
    shop.tell(50, "Product Viewed", user="u1", email="x@shop.example")
    shop.tell(51, "Product Viewed", user="u1")
    found = shop.messages(step_hours=step_hours)
    # E-mail has been used without a response, so it is the weaker channel on the next day.
    assert found["x@shop.example"][0] == "email"
    assert found["+4915112345679"][0] == "sms"


@pytest.mark.parametrize("partitions", [1, 3])
@pytest.mark.parametrize("step_hours", [None, 1])
def test_of_orders(partitions, step_hours):
    """What was bought together yesterday is recommended today, with what is known of it; not on the same day."""
    shop = Shop(partitions)
    both = {"order_id": "o", "products": [{"product_id": "a"}, {"product_id": "b", "name": "Bee"}]}
    shop.tell(1, "Order Completed", user="buyer", more=both)
    cart = {"product_id": "a", "price": 10}
    shop.tell(2, "Product Added", email="same@shop.example", more=cart)
    shop.tell(17, "Product Added", email="next@shop.example", more=cart)
    found = shop.messages(step_hours=step_hours)
    assert found["same@shop.example"][1].strip() == ""
    assert found["next@shop.example"][1].strip() == "b Bee"


def test_of_a_profile_that_waits_in_one_that_waits():
    """Three profiles that become one step by step, days apart: each has had its time at every midnight."""
    outcomes = []
    for partitions, step_hours in ((1, None), (4, None), (3, 1)):
        shop = Shop(partitions)
        cart = {"sku": "s", "price": 10}
        for n in range(4):
            shop.tell(n, "Product Added", email=f"x{n}@shop.example", more=cart)
        for n in range(3):
            shop.tell(49 + n * 30, "Product Viewed", email=f"x{n}@shop.example", phone=f"+491511234567{n}")
            shop.tell(60 + n * 30, "Product Viewed", email=f"x{n + 1}@shop.example", phone=f"+491511234567{n}")
        for n in range(6):
            user = {"email": f"v{n}@shop.example", "phone": f"+491511234569{n}"}
            shop.tell(17 + n * 24, "Product Added", user=f"v{n}", more=cart, **user)
        outcomes.append(shop.messages(step_hours=step_hours))
    assert outcomes[0] == outcomes[1] == outcomes[2]
    assert len({channel for channel, _ in outcomes[0].values()}) == 2
