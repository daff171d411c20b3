"""What a cart is worth: discounts lower it, several currencies make it unknown."""

from __future__ import annotations

import pytest

from tests.oracle.core import agreed
from tests.oracle.story import told

A, DISCOUNT = {"sku": "A", "price": 65}, {"sku": "DISC", "price": -10}
WHO = "u1 x@shop.example"
REMINDER = """
campaigns:
  - id: cart
    trigger: {on: cart_abandoned, min_value: 60}
    steps: [{id: s, channel: email, template: all}]
"""


def viewed(*products: object, **more: object) -> tuple:
    """A cart with these products."""
    return (0, "web", WHO, "Cart Viewed", {"products": list(products), **more})


@pytest.mark.parametrize(
    ("event", "value", "messages"),
    [
        (viewed(A), 65, 1),
        (viewed(A, DISCOUNT), 55, 0),
        (viewed(A, {**A, "sku": "B", "price": "(5)"}), 60, 1),
        (viewed({**A, "quantity": 2}, {**DISCOUNT, "quantity": 3}), 100, 1),
        (viewed(A, {"sku": "GIFT", "price": 0}, {"sku": "B", "price": None}), 65, 1),
        (viewed({**A, "currency": "EUR"}, {"sku": "B", "price": 1, "currency": "USD"}), None, 1),
        (viewed({**A, "price": 1, "currency": "EUR"}, currency="USD"), None, 1),
        (viewed({**A, "price": 1, "currency": "EUR"}, currency="EUR"), 1, 0),
        (viewed({**A, "currency": "EUR"}, {"sku": "B", "currency": "USD"}), 65, 1),
    ],
)
def test_the_value_is_that_of_all_lines(event: tuple, value: float | None, messages: int) -> None:
    """A discount counts against `min_value` 60; a value that nobody knows does not keep a message back."""
    out = agreed(told(event), REMINDER)
    assert [row["value"] for row in out.transitions if row["to"] == "abandoned"] == [value]
    assert len(out.messages) == messages


def test_a_discount_is_no_product_in_a_message() -> None:
    """It stands among the lines of the cart, and in no text."""
    out = agreed(told(viewed({**A, "quantity": 2}, DISCOUNT)), REMINDER)
    assert {line["sku"] for row in out.transitions for line in row["lines"]} == {"A", "DISC"}
    (message,) = out.messages
    assert "DISC" not in message["body"]


@pytest.mark.parametrize("last", [("Product Removed", {"sku": "A"}), ("Cart Viewed", {"products": [DISCOUNT]})])
def test_a_cart_of_nothing_but_discounts_is_empty(last: tuple) -> None:
    """Nothing is left that could be bought."""
    rows = agreed(told(viewed(A, DISCOUNT), (1, "web", "u1", *last))).transitions
    assert [row["reason"] for row in rows] == ["opened", "emptied"]
    assert agreed(told(viewed(DISCOUNT))).transitions == []
