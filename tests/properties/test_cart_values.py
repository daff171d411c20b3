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


EURO, DOLLAR = {"sku": "E", "price": 50, "currency": "EUR"}, {"sku": "D", "price": 20, "currency": "usd"}
YEN, DAY = {"sku": "Y", "price": 9, "currency": "JPY"}, 24 * 60


def on_day(day: int, *products: object, **more: object) -> tuple:
    """The same so many days later."""
    return (day * DAY, *viewed(*products, **more)[1:])


@pytest.mark.parametrize(
    ("event", "value", "currency", "messages"),
    [
        (viewed(EURO, DOLLAR, currency="EUR"), 66, "EUR", 1),
        (viewed(EURO, DOLLAR, currency="USD"), 82.5, "USD", 1),
        (viewed(EURO, DOLLAR), 82.5, "USD", 1),
        (viewed(DOLLAR, EURO), 66, "EUR", 1),
        (viewed(EURO, {**DOLLAR, "quantity": 3}, {"sku": "V", "price": -10}, currency="EUR"), 88, "EUR", 1),
        (viewed(EURO, {**DOLLAR, "price": 10}, currency="EUR"), 58, "EUR", 0),
        (viewed({**DOLLAR, "currency": "GBP"}, {**DOLLAR, "sku": "F"}, currency="GBP"), 32.8, "GBP", 0),
        (viewed(EURO, DOLLAR, YEN, currency="EUR"), None, "EUR", 1),
        (viewed(YEN, {"sku": "K", "price": 5}, currency="JPY"), 14, "JPY", 0),
        (on_day(2, EURO, DOLLAR, currency="EUR"), 60, "EUR", 1),
        (on_day(-2, EURO, DOLLAR, currency="EUR"), None, "EUR", 1),
        (on_day(2, {**EURO, "currency": "GBP"}, DOLLAR, currency="USD"), None, "USD", 1),
    ],
)
def test_other_currencies_are_converted_by_the_rates_of_the_day(
    event: tuple, value: float | None, currency: str, messages: int
) -> None:
    """Into the cart's currency, or that of its last line; by the latest day that has rates, and not if one is missing.

    1 EUR is 1.25 USD and 0.8 GBP on the first day, 2 USD two days later; before it there are no rates.
    """
    out = agreed(told(event), f"rates: rates.yaml{REMINDER}")
    rows = [(row["value"], row["currency"]) for row in out.transitions if row["to"] == "abandoned"]
    assert rows == [(value, currency)]
    assert len(out.messages) == messages


def test_a_cart_is_worth_what_it_is_on_the_day_of_each_transition() -> None:
    """Opened before midnight and abandoned behind it: by the rates of either day, a message by those of its own."""
    event = (1_536, *viewed(EURO, DOLLAR, currency="EUR")[1:])
    out = agreed(told(event), f"rates: rates.yaml{REMINDER}")
    assert [(row["at"][8:10], row["value"]) for row in out.transitions[:2]] == [("15", 66), ("16", 60)]
    (message,) = out.messages
    assert " EUR 60 " in message["body"]


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
