"""Customers who do all sorts of things, late and in time, and may be one: every step ends once, no id repeats."""

from __future__ import annotations

import random
from typing import Any

import pytest

from streams.core.products.changes import ProductChange
from tests.support.campaigning import Customer, campaign, campaigns_of, step
from tests.support.happenings import STORES, at, happened
from tests.unit.streams.core.sealing.test_anything_goes import TRIGGERS

DOINGS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("Product Viewed", {}), ("Product Viewed", {}), ("Product Added", {}), ("Product Removed", {}),
    ("Cart Viewed", {"products": []}), ("Article Read", {"topic": "t"}), ("Hashtag Used", {"hashtag": "x"}),
    ("Moved", {"latitude": 52.52, "longitude": 13.405}), ("Email Opened", {}), ("Unsubscribed", {"channel": "email"}),
    ("Subscription Changed", {"channel": "email", "subscribed": True}),
)  # fmt: skip
EXITS = ("engaged", "visited", "unsubscribed", "order_completed")


def customers(rng: random.Random) -> list[Customer]:
    """Three of them under campaigns of every trigger, each with two steps."""
    file = [
        campaign(
            f"c{n}", on, step(), step("t", "2h", "best", of=["sms", "push"]), priority=rng.randrange(3),
            reentry=rng.choice(["always", "1d", "never"]), exit_on=rng.sample(EXITS, 2),
        )
        for n, on in enumerate(TRIGGERS)
    ]  # fmt: skip
    return [Customer(campaigns_of(file, None, STORES), id_=f"{n:032x}") for n in range(3)]


@pytest.mark.parametrize("seed", range(8))
def test_every_step_ends_once(seed):
    """As many ends as steps have begun, under as many ids."""
    rng = random.Random(seed)
    everybody, minute = customers(rng), 0
    present = list(everybody)
    for n in range(250):
        minute += rng.choice([0, 0, 1, 1, 5, 30, 60, 600])
        name, said = rng.choice(DOINGS)
        if rng.random() < 0.1:
            name, said = "Order Completed", {"order_id": f"o{rng.randrange(15)}"}
        late = rng.random() < 0.15
        told = happened(
            name, minute - (rng.randrange(200) if late else 0), rng.choice(["web", "app", "store"]),
            **{"sku": rng.choice("ab"), "price": 10, **said}, id_=f"e{n}", late=late,
        )  # fmt: skip
        told.clock = at(minute)
        customer = rng.choice(present)
        if customer.profile.sent and rng.random() < 0.3:
            told.properties["message_id"] = rng.choice(customer.profile.sent).message_id
        customer.upto(minute)
        customer.logic.on_event(customer.profile, told, customer.effects)
        if rng.random() < 0.1:
            kind = rng.choice(["price_dropped", "back_in_stock"])
            change = ProductChange(at(minute), kind, rng.choice("ab"), f"k{n}", {"price": 5, "old_price": 9})
            for one in present:
                one.upto(minute)
                one.logic.on_product(one.profile, change, one.effects)
        if len(present) > 1 and rng.random() < 0.02:
            winner, loser = rng.sample(present, 2)
            winner.absorbs(loser, minute)
            present.remove(loser)
    for customer in present:
        customer.upto(minute + 100_000)

    rows = [row for customer in everybody for row in customer.decisions]
    messages = [row for customer in everybody for row in customer.messages]
    begun = sum(customer.entries(f"c{n}").get("entered", 0) for customer in everybody for n in range(len(TRIGGERS)))
    taken_back = [row for row in rows if row["outcome"] == "cancelled" and row["message_id"] is not None]
    ended = [row for row in rows if row["outcome"] != "deferred"]
    assert len(ended) - len(taken_back) == 2 * begun > 50
    assert len({row["decision_id"] for row in rows}) == len(rows)
    assert len({row["message_id"] for row in messages}) == len(messages) > 20
    assert len({row["message_id"] for row in taken_back}) == len(taken_back)
