"""The cart machine told as stories: each transition and each tie once, with the rows it must come to."""

from __future__ import annotations

import pytest

from tests.oracle.core import agreed
from tests.oracle.story import in_short, told

LAMP = {"sku": "lamp", "price": 10}
BULB = {"sku": "bulb", "price": 1}
DAY = 24 * 60
STORIES: dict[str, tuple[list[tuple], list[str]]] = {
    "opened, left alone, expired": (
        [(0, "web", "a1", "Product Added", LAMP)],
        ["none>open 0 10", "open>abandoned 30 10", f"abandoned>expired {30 * DAY} 10"],
    ),
    "a page keeps it open, a page on e-mail does not": (
        [
            (0, "web", "a1", "Product Added", LAMP),
            (20, "app", "a1", "page"),
            (40, "email", "a1", "page"),
        ],
        ["none>open 0 10", "open>abandoned 50 10", f"abandoned>expired {30 * DAY + 20} 10"],
    ),
    "an event exactly when the cart falls due comes after the abandonment": (
        [(0, "web", "a1", "Product Added", LAMP), (30, "web", "a1", "page")],
        [
            "none>open 0 10",
            "open>abandoned 30 10",
            "abandoned>open 30 10",
            "open>abandoned 60 10",
            f"abandoned>expired {30 * DAY + 30} 10",
        ],
    ),
    "an order exactly when the cart falls due finds it abandoned": (
        [(0, "web", "a1", "Product Added", LAMP), (30, "store", "a1", "Order Completed")],
        ["none>open 0 10", "open>abandoned 30 10", "abandoned>converted 30 10"],
    ),
    "an order a moment before it falls due": (
        [(0, "web", "a1", "Product Added", LAMP), (29.999, "callcenter", "a1", "Order Completed")],
        ["none>open 0 10", "open>converted 29.999 10"],
    ),
    "coming back opens it again, with what the event adds": (
        [(0, "web", "a1", "Product Added", LAMP), (60, "web", "a1", "Product Added", BULB)],
        [
            "none>open 0 10",
            "open>abandoned 30 10",
            "abandoned>open 60 11",
            "open>abandoned 90 11",
            f"abandoned>expired {30 * DAY + 60} 11",
        ],
    ),
    "lines added where nobody is present change an abandoned cart, and do not open it again": (
        [(0, "web", "a1", "Product Added", LAMP), (60, "callcenter", "a1", "Product Added", BULB)],
        ["none>open 0 10", "open>abandoned 30 10", f"abandoned>expired {30 * DAY} 11"],
    ),
    "emptied, from open": (
        [(0, "web", "a1", "Product Added", LAMP), (1, "web", "a1", "Product Removed", {"sku": "lamp"})],
        ["none>open 0 10", "open>emptied 1 0"],
    ),
    "emptied, from abandoned, is not reopened first": (
        [(0, "web", "a1", "Product Added", LAMP), (40, "web", "a1", "Cart Viewed", {"products": []})],
        ["none>open 0 10", "open>abandoned 30 10", "abandoned>emptied 40 0"],
    ),
    "a second cart after an order": (
        [
            (0, "web", "a1", "Product Added", LAMP),
            (1, "web", "a1", "Order Completed"),
            (2, "web", "a1", "Product Added", BULB),
            (3, "web", "a1", "Order Completed"),
        ],
        ["none>open 0 10", "open>converted 1 10", "none>open 2 1", "open>converted 3 1"],
    ),
    "a snapshot replaces the lines": (
        [
            (0, "web", "a1", "Product Added", LAMP),
            (1, "web", "a1", "Cart Viewed", {"products": [BULB, BULB, {"name": "keyless", "price": 5}]}),
            (2, "web", "a1", "Order Completed"),
        ],
        ["none>open 0 10", "open>converted 2 2"],
    ),
    "what is no snapshot leaves the lines": (
        [
            (0, "web", "a1", "Product Added", LAMP),
            (1, "web", "a1", "Cart Viewed", {"products": "none"}),
            (2, "web", "a1", "Checkout Started"),
            (3, "web", "a1", "Order Completed"),
        ],
        ["none>open 0 10", "open>converted 3 10"],
    ),
    "quantities that cannot be": (
        [
            (0, "web", "a1", "Product Added", {**LAMP, "quantity": 0}),
            (1, "web", "a1", "Product Added", {**LAMP, "quantity": "many"}),
            (2, "web", "a1", "Product Added", {**LAMP, "quantity": -1}),
            (3, "web", "a1", "Product Added", {**LAMP, "quantity": "2"}),
            (4, "web", "a1", "Product Removed", {**LAMP, "quantity": 0}),
            (5, "web", "a1", "Product Removed", {**LAMP, "quantity": 1}),
            (6, "web", "a1", "Order Completed"),
        ],
        ["none>open 1 10", "open>converted 6 20"],
    ),
    "removing more than there is": (
        [
            (0, "web", "a1", "Product Added", {**LAMP, "quantity": 2}),
            (1, "web", "a1", "Product Removed", {**LAMP, "quantity": 5}),
        ],
        ["none>open 0 20", "open>emptied 1 0"],
    ),
    "a newer price holds for the whole line, a negative one is none": (
        [
            (0, "web", "a1", "Product Added", LAMP),
            (1, "web", "a1", "Product Added", {"sku": "lamp", "price": "$12.50"}),
            (2, "web", "a1", "Product Added", {"sku": "lamp", "price": -3}),
            (3, "web", "a1", "Order Completed"),
        ],
        ["none>open 0 10", "open>converted 3 37.5"],
    ),
    "lines in the currency named last, or in none, count": (
        [
            (0, "web", "a1", "Product Added", {**LAMP, "currency": "EUR"}),
            (1, "web", "a1", "Product Added", BULB),
            (2, "web", "a1", "Product Added", {"sku": "desk", "price": 7, "currency": "EUR"}),
            (3, "web", "a1", "Order Completed"),
        ],
        ["none>open 0 10", "open>converted 3 18"],
    ),
    "a login joins two carts: larger quantity, younger activity, the user's cart goes on": (
        [
            (0, "web", "u1", "Product Added", {**LAMP, "quantity": 2}),
            (10, "app", "a1", "Product Added", {**LAMP, "quantity": 3}),
            (11, "app", "a1", "Product Added", BULB),
            (20, "web", "u1 a1", "identify"),
        ],
        ["none>open 0 20", "none>open 10 30", "open>abandoned 41 31", f"abandoned>expired {30 * DAY + 11} 31"],
    ),
    "a merge at the instant the loser's cart falls due: the timer first": (
        [
            (0, "web", "a1", "Product Added", LAMP),
            (10, "web", "u1", "Product Added", BULB),
            (30, "web", "u1 a1", "identify"),
        ],
        [
            "none>open 0 10",
            "none>open 10 1",
            "open>abandoned 30 10",
            "open>abandoned 40 11",
            f"abandoned>expired {30 * DAY + 10} 11",
        ],
    ),
    "an open cart reopens the winner's abandoned one at the merge": (
        [
            (0, "web", "u1", "Product Added", LAMP),
            (35, "web", "a1", "Product Added", BULB),
            (40, "web", "u1 a1", "identify"),
        ],
        [
            "none>open 0 10",
            "open>abandoned 30 10",
            "none>open 35 1",
            "abandoned>open 40 11",
            "open>abandoned 65 11",
            f"abandoned>expired {30 * DAY + 35} 11",
        ],
    ),
    "two abandoned carts stay one abandoned cart": (
        [
            (0, "web", "u1", "Product Added", LAMP),
            (5, "web", "a1", "Product Added", BULB),
            (50, "web", "u1 a1", "identify"),
        ],
        [
            "none>open 0 10",
            "none>open 5 1",
            "open>abandoned 30 10",
            "open>abandoned 35 1",
            f"abandoned>expired {30 * DAY + 5} 11",
        ],
    ),
    "the other side had ordered after this cart opened": (
        [
            (0, "web", "a1", "Product Added", LAMP),
            (5, "store", "u1", "Order Completed"),
            (10, "web", "u1 a1", "identify"),
        ],
        ["none>open 0 10", "open>converted 10 10"],
    ),
    "the other side had ordered before this cart opened": (
        [
            (0, "store", "u1", "Order Completed"),
            (6, "web", "a1", "Product Added", LAMP),
            (10, "web", "u1 a1", "identify"),
        ],
        ["none>open 6 10", "open>abandoned 36 10", f"abandoned>expired {30 * DAY + 6} 10"],
    ),
    "the other side ordered at the very moment this cart opened": (
        [
            (5, "store", "u1", "Order Completed"),
            (5, "web", "a1", "Product Added", LAMP),
            (10, "web", "u1 a1", "identify"),
        ],
        ["none>open 5 10", "open>converted 10 10"],
    ),
    "a lone abandoned cart stays abandoned through a merge": (
        [
            (0, "web", "a1", "Product Added", LAMP),
            (40, "web", "u1", "page"),
            (50, "web", "u1 a1", "identify"),
            (60, "web", "u1", "page"),
        ],
        [
            "none>open 0 10",
            "open>abandoned 30 10",
            "abandoned>open 60 10",
            "open>abandoned 90 10",
            f"abandoned>expired {30 * DAY + 60} 10",
        ],
    ),
    "activity no newer than what a merge brought along does not open a cart again": (
        [
            (0, "callcenter", "a1", "Product Added", LAMP),
            (40, "web", "u1", "page"),
            (40, "web", "u1 a1", "page", {"partition": 1}),
        ],
        ["none>open 0 10", "open>abandoned 30 10", f"abandoned>expired {30 * DAY + 40} 10"],
    ),
    "equal times: the topic's name decides, then partition, then offset": (
        [
            (0, "web", "a1", "Product Added", LAMP),
            (1, "web", "a1", "Product Added", BULB),
            (1, "app", "a1", "Order Completed"),
        ],
        [
            "none>open 0 10",
            "open>converted 1 10",
            "none>open 1 1",
            "open>abandoned 31 1",
            f"abandoned>expired {30 * DAY + 1} 1",
        ],
    ),
    "a repeated message within a day is dropped, a day later it counts": (
        [
            (0, "web", "a1", "Product Added", {**LAMP, "messageId": "one"}),
            (5, "web", "a1", "Product Added", {**LAMP, "messageId": "one"}),
            (DAY, "web", "a1", "Product Added", {**LAMP, "messageId": "one"}),
            (DAY + 1, "web", "a1", "Order Completed"),
        ],
        ["none>open 0 10", "open>abandoned 30 10", f"abandoned>open {DAY} 20", f"open>converted {DAY + 1} 20"],
    ),
}


@pytest.mark.parametrize("story", STORIES)
def test_story(story: str) -> None:
    """Each story comes to exactly the transitions written beside it."""
    events, wanted = STORIES[story]
    assert in_short(agreed(told(*events)).transitions) == wanted
