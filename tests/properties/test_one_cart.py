"""One cart a customer, whatever the shop calls it on each device."""

from __future__ import annotations

import pytest

from tests.oracle.core import agreed
from tests.oracle.story import in_short, told

ADDED = "Product Added"


@pytest.mark.parametrize("second", ["c1", "c2", None])
def test_there_is_one_cart_whatever_its_cart_id(second: str | None) -> None:
    """Two devices of one customer name the same cart, two, or none: their lines are in one, an order ends it."""
    rows = agreed(
        told(
            (0, "web", "u1", ADDED, {"sku": "s1", "price": 10, "cart_id": "c1"}),
            (1, "app", "u1", ADDED, {"sku": "s2", "price": 5, "cart_id": second, "checkout_id": "k"}),
            (2, "web", "u1", "Order Completed", {"cart_id": "c1"}),
        )
    ).transitions
    assert in_short(rows) == ["none>open 0 10", "open>converted 2 15"]


def test_a_merge_makes_one_cart_of_two_cart_ids() -> None:
    """The devices meet later."""
    rows = agreed(
        told(
            (0, "web", "u1", ADDED, {"sku": "s1", "price": 10, "cart_id": "c1"}),
            (1, "app", "a2", ADDED, {"sku": "s2", "price": 5, "cart_id": "c2"}),
            (2, "app", "u1 a2", "identify"),
        )
    ).transitions
    assert [row for row in in_short(rows) if "abandoned 31" in row] == ["open>abandoned 31 15"]
