"""Money of raw events, in millionths: what an order or a refund is worth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from schemas.money import LIMIT, MICRO, micros

TOTALS: Final = ("revenue", "total", "value")
"""Where an order says what it is worth; the first that can be read counts."""


def order_value(properties: Mapping[str, Any]) -> int:
    """The value of an order by its `properties`, in millionths (contract 8.36).

    It is the revenue, else the total, else the value, else the sum of price x quantity of the products.

    A quantity that is not given counts as 1, a price that cannot be read as 0.
    """
    for name in TOTALS:
        if name in properties and (amount := micros(properties[name])) is not None:
            return amount
    total = 0
    products = properties.get("products")
    for item in products if isinstance(products, list) else ():
        if isinstance(item, dict):
            price, pieces = micros(item.get("price")) or 0, micros(item.get("quantity"))
            total += price * (MICRO if pieces is None else pieces)
    # Two factors in millionths make a product in millionths of millionths.
    return max(-LIMIT, min(LIMIT, _half_even(total)))


def is_for_another(properties: Mapping[str, Any]) -> bool:
    """Whether an order, by its `properties`, goes to somebody else: marked as a gift, or with another recipient.

    The addresses in it may be that person's (contract 1).
    """
    gift = properties.get("gift")
    if isinstance(gift, str):
        gift = gift.strip().lower() not in {"", "false", "no", "0", "none", "null"}
    recipient = properties.get("recipient")
    return bool(gift) or bool(recipient.strip() if isinstance(recipient, str) else recipient)


def refund_value(properties: Mapping[str, Any]) -> int:
    """What was paid back, by the `properties` of a refund, in millionths: never negative, whatever its sign."""
    return abs(order_value(properties))


def _half_even(amount: int) -> int:
    whole, rest = divmod(amount, MICRO)
    twice = 2 * rest
    return whole + (twice > MICRO or (twice == MICRO and whole % 2 == 1))
