"""Histories thick with identity: merges of merges, crossing transfers, devices that come and go, aliases of users.

Each event is small; what matters is who sends it, how close together they come, and how many there are.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from tests.oracle.histories import DAY, HOUR, MINUTE, Choose, History, Step, campaigns, loosely, track

USERS = ("u1", "u2", "u3", "z@Shop.example")
ANONYMOUS = ("a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8")
EMAILS = ("v@shop.example", "w@shop.example", "x@shop.example", "y@shop.example", "z@shop.example")
PHONES = ("+4930123456", "+4930123457", "+4930123458")
GAPS = (0, 0, 1, MINUTE, MINUTE, 3 * MINUTE, 3 * MINUTE, 10 * MINUTE, 20 * MINUTE, 30 * MINUTE)
LONG_GAPS = (HOUR, 5 * HOUR, DAY, 8 * DAY, 31 * DAY)
COMPANY = (
    "anon", "anon", "anon", "user", "email", "device", "email anon", "email anon", "anon device", "token anon",
    "card anon", "user anon", "user anon", "user device", "user token", "user email", "user email anon device",
    "email card", "phone anon",
)  # fmt: skip
PRODUCTS = (
    {"sku": "s1", "price": 10}, {"sku": "s2", "price": "2.50"}, {"sku": "s3"}, {"product_id": "p", "price": 7},
    {"product_id": "P", "sku": "s3"}, {"product_id": "p", "sku": "S1", "variant": "red"},
    {"sku": "s1", "variant": "blue", "price": 12},
)  # fmt: skip
KNOWN = ("user", "user", "email", "email", "card anon", "phone anon", "user device", "user email", "anon", "")
ORDERS = ({"order_id": "o1", "revenue": 50}, {"order_id": "o2", "total": "25.5"}, {"order_id": "o3", "value": 9}, {})


def people(choose: Choose, users: int, company: Sequence[str] = COMPANY) -> dict[str, Any]:
    """The identifiers of one event."""
    ids: dict[str, Any] = {}
    context: dict[str, Any] = {}
    device: dict[str, Any] = {}
    traits: dict[str, Any] = {}
    for kind in choose(company).split():
        if kind == "anon":
            ids["anonymousId"] = choose(ANONYMOUS)
        elif kind == "user" and users:
            ids["userId"] = choose(USERS[:users])
        elif kind in {"email", "user"}:
            traits["email"] = choose(EMAILS)
        elif kind == "phone":
            traits["phone"] = choose(PHONES)
        elif kind == "device":
            device["id"] = choose(("d1", "d2", "d3"))
        elif kind == "token":
            device["token"] = choose(("t1", "t2", "t3"))
        else:
            context["externalIds"] = [{"type": "loyalty", "id": choose(("c1", "c2", "c3"))}]
    context |= {name: value for name, value in (("device", device), ("traits", traits)) if value}
    return {**ids, "context": context}


def errand(choose: Choose) -> tuple[str, dict[str, Any]]:
    """What one event is about: its channel, and the message without its identifiers."""
    shop = choose(("web", "web", "app", "store"))
    kind = choose(("add", "add", "add", "add", "remove", "view", "checkout", "page", "order", "identify", "word"))
    if kind == "add":
        return shop, track("Product Added", choose(PRODUCTS))
    if kind == "remove":
        return shop, track("Product Removed", choose(PRODUCTS))
    if kind in {"view", "checkout"}:
        name = "Cart Viewed" if kind == "view" else "Checkout Started"
        return shop, track(name, choose(({"products": []}, {"products": [choose(PRODUCTS)]}, {})))
    if kind == "page":
        return shop, {"type": "page", "name": "Home"}
    if kind == "order":
        items = choose(({}, {}, {"products": [choose(PRODUCTS)]}, {"products": [choose(PRODUCTS), choose(PRODUCTS)]}))
        return choose(("web", "store", "marketplace")), track("Order Completed", {**choose(ORDERS), **items})
    if kind == "identify":
        return shop, {"type": "identify"}
    return choose(
        (
            ("email", track("Email Opened", {"campaign_id": "c"})),
            ("sms", track("Unsubscribed", {})),
            ("web", track("Subscription Changed", {"channel": choose(("email", "sms")), "subscribed": True})),
            ("callcenter", track("Something else", {})),
        )
    )


def told_again(choose: Choose, order: dict[str, Any]) -> dict[str, Any]:
    """Something more of an order, as another system tells it: that it is complete, another value, a refund, its end."""
    number = order["order_id"].removeprefix("#")
    order_id = {"order_id": choose((number, number, f"#{number}"))}
    kind = choose(("Completed", "Completed", "Completed", "Refunded", "Refunded", "Updated", "Cancelled"))
    worth = choose(({}, {"revenue": 50}, {"revenue": 20}, {"total": 5, "refund_id": "r"}))
    return track(f"Order {kind}", {**order_id, **worth})


def crowd(rng: random.Random) -> History:
    """A history of 20 to 90 events, most of them links, close together but for a few long gaps."""
    choose = rng.choice
    users = choose((0, 1, 2, 4))
    long_gaps = choose((0.0, 0.02, 0.1))
    aliases = choose((0.0, 0.05, 0.2))
    steps = []
    for _ in range(rng.randint(20, 90)):
        gap = choose(LONG_GAPS if rng.random() < long_gaps else GAPS)
        channel, message = errand(choose)
        message, ids = loosely(choose, message, people(choose, users), EMAILS)
        if rng.random() < aliases:
            message = {"type": "alias", "previousId": choose((*USERS, *ANONYMOUS))}
            ids["userId"] = choose((*USERS, *ANONYMOUS[:2]))
        name = choose(({}, {}, {}, {}, {}, {}, {}, {"messageId": "same"}))
        delay = choose((0, 0, 0, 1, MINUTE, 20 * MINUTE, 2 * HOUR))
        steps.append(Step(gap, channel, choose((0, 1, 2)), {**message, **ids, **name}, delay))
        while "order_id" in message.get("properties", ()) and rng.random() < 0.7:
            # Other systems know the customer by other names.
            again, by = told_again(choose, message["properties"]), people(choose, users or 2, KNOWN)
            place, late = choose(("web", "store", "email", "callcenter")), choose((0, 0, 1, MINUTE))
            steps.append(Step(choose(GAPS), place, choose((0, 1, 2)), {**again, **by}, late))
    return History(steps, campaigns(choose))
