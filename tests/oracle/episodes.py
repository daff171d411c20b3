"""Episodes of campaigns: a few events that belong together, as errands one by one hardly ever come to them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tests.oracle.campaign_words import PRODUCTS
from tests.oracle.histories import DAY, HOUR, MINUTE, Step, track

CLICKED = {"email": ("email", "Email Link Clicked"), "sms": ("sms", "SMS Link Clicked")}
BOUNCED = {"email": "Email Bounced", "sms": "SMS Failed", "push": "Push Notification Bounced"}


def handed_over(rng: random.Random, now: int) -> list[tuple[int, Step]]:
    """One of a household says no on the tablet or elsewhere; then another logs in on it, and leaves a cart."""
    device = {"context": {"device": {"token": "token0"}}}
    said = track("Subscription Changed", {"channel": rng.choice(("push", "push", "all")), "subscribed": False})
    told = [
        {"userId": "u0", **device, "type": "identify"}, {"userId": "u0", **said, **rng.choice((device, {}))},
        {"userId": "u1", **device, "type": "identify"},
        {"userId": "u1", **track("Checkout Started", {"products": [rng.choice(PRODUCTS)]})},
    ]  # fmt: skip
    timed = []
    for nth, message in enumerate(told):
        now += rng.choice((1, MINUTE - 1, MINUTE, 5 * MINUTE))
        timed.append((now, Step(0, "app", rng.choice((0, 1)), {"messageId": f"h{nth}", **message})))
    return timed


def priced_anew(rng: random.Random, times: Sequence[int]) -> list[tuple[int, Step]]:
    """Somebody wants a thing, which gets cheaper; then its price changes again, and again, whoever waits to tell of it.

    It begins at one of `times` (ms).
    """
    now, thing = rng.choice(times), rng.choice(PRODUCTS[:4])
    names = {name: thing[name] for name in ("product_id", "sku") if name in thing}
    price = float(str(thing["price"]))
    want = rng.choice(("Product Viewed", "Product Added", "Product Added to Wishlist"))
    timed = [(now, Step(0, "web", 0, {"messageId": "w", "userId": "u0", "context": {}, **track(want, thing)}))]
    for nth in range(rng.choice((2, 3, 4))):
        now += rng.choice((MINUTE, 5 * MINUTE, HOUR, 5 * HOUR, 20 * HOUR, DAY))
        factor = rng.choice((0.5, 0.8)) if nth == 0 else rng.choice((0.4, 0.6, 0.79, 0.95, 1, 1.2))
        said = {**names, "price": round(price * factor, 2), **rng.choice(({}, {}, {"old_price": price}))}
        name = "Product Restocked" if rng.random() < 0.15 else "Product Price Changed"
        message = {"messageId": f"w{nth}", "context": {}, **track(name, said)}
        timed.append((now, Step(0, "broadcast", rng.choice((0, 1)), message, rng.choice((0, 0, MINUTE)))))
    return timed


def bought_together(rng: random.Random, times: Sequence[int]) -> list[tuple[int, Step]]:
    """Others buy a few things in one order; before or after midnight a customer leaves one of them in the cart.

    It begins at one of `times` (ms).
    """
    now, timed = rng.choice(times), []
    things = rng.sample(PRODUCTS[:4], 3)
    for nth in range(rng.choice((1, 1, 2))):
        order = track("Order Completed", {"order_id": f"b{nth}", "products": things[: rng.choice((2, 2, 3))]})
        message = {"messageId": f"b{nth}", "anonymousId": f"buyer{nth}", "context": {}, **order}
        timed.append((now, Step(0, rng.choice(("web", "store")), rng.choice((0, 1)), message)))
        now += rng.choice((1, MINUTE, HOUR))
    now += rng.choice((0, MINUTE, HOUR, HOUR, 5 * HOUR, DAY))
    left = track(rng.choice(("Product Added", "Product Added", "Product Viewed")), rng.choice(things[:2]))
    timed.append((now, Step(0, "web", 0, {"messageId": "b", "userId": "u0", "context": {}, **left})))
    return timed


def bought_instead(rng: random.Random, times: Sequence[int]) -> list[tuple[int, Step]]:
    """A customer does what sets campaigns off, and orders before or after they have written; the shop has not noticed.

    It begins at one of `times` (ms). The last two are the order and the cart, told once more.
    """
    now, who = rng.choice(times), {"userId": rng.choice(("u0", "u0", "u1")), "context": {}}
    things = rng.sample(PRODUCTS[:5], 2)
    bought = {"products": things[rng.choice((0, 1)) :]}
    told = [
        track(rng.choice(("Product Viewed", "Product Added", "Product Added to Wishlist")), things[0]),
        {"type": "page", "name": "Garden", "properties": {"topic": "garden"}},
        track("Hashtag Used", {"hashtag": "summer"}),
        track("Order Completed", {"order_id": "x", **bought}),
        track(rng.choice(("Cart Viewed", "Checkout Started")), bought),
    ]
    timed = []
    for nth, said in enumerate(told):
        timed.append((now, Step(0, "web", rng.choice((0, 1)), {"messageId": f"x{nth}", **who, **said})))
        now += rng.choice((0, 1, MINUTE, 9 * MINUTE, 31 * MINUTE, HOUR) if nth < len(told) - 2 else (1, MINUTE, HOUR))
    return timed


def scanned(rng: random.Random, messages: Sequence[dict[str, Any]], partitions: int) -> list[tuple[int, Step]]:
    """Some messages have all their links followed within a few seconds, long after they were sent."""
    timed = []
    for nth, message in enumerate(messages):
        if message["channel"] not in CLICKED or rng.random() < 0.8:
            continue
        channel, name = CLICKED[message["channel"]]
        at = round(datetime.fromisoformat(message["decided_at"]).timestamp() * 1000)
        at += rng.choice((MINUTE, 15 * MINUTE, HOUR, 20 * HOUR))
        for link in range(rng.choice((2, 3, 3, 4))):
            said = track(name, {"message_id": message["message_id"], "link": f"s{link}"})
            step = {"messageId": f"s{nth}.{link}", "userId": "u0", "context": {}, **said}
            timed.append((at, Step(0, channel, rng.randrange(partitions), step, rng.choice((0, 0, 0, MINUTE)))))
            at += rng.choice((0, 1, 700, 700, 1_000, 2_001))
    return timed


def bounced(rng: random.Random, messages: Sequence[dict[str, Any]], partitions: int) -> list[tuple[int, Step]]:
    """Some messages come back, once for good or softly three times in a row; the event names no address.

    Somebody leaves a thing in the cart then.
    """
    timed = []
    for nth, message in enumerate(messages):
        if message["channel"] not in BOUNCED or rng.random() < 0.8:
            continue
        at = round(datetime.fromisoformat(message["decided_at"]).timestamp() * 1000)
        for again, kind in enumerate(rng.choice((("Permanent",), ("soft",) * 3))):
            at += rng.choice((1, MINUTE, 15 * MINUTE))
            said = track(BOUNCED[message["channel"]], {"message_id": message["message_id"], "bounce_type": kind})
            step = {"messageId": f"n{nth}.{again}", "userId": "u0", "context": {}, **said}
            timed.append((at, Step(0, message["channel"], rng.randrange(partitions), step)))
        left = {"messageId": f"n{nth}", "userId": rng.choice(("u0", "u0", "u1")), "context": {}}
        left |= track("Product Added", rng.choice(PRODUCTS[:4]))
        timed.append((at + rng.choice((1, MINUTE, HOUR)), Step(0, "web", rng.randrange(partitions), left)))
    return timed
