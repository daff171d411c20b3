"""What an event names weakly, behind all else: addresses only typed, and the numbers of purchases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from schemas.identifiers import CHECKOUT_ID, ORDER_ID, Identifier

ORDERS: Final = frozenset({"Order Completed", "Order Updated", "Order Cancelled", "Order Refunded"})
"""Events whose order number links."""
NAMING: Final = ORDERS | {
    "Checkout Started", "Checkout Step Viewed", "Checkout Step Completed", "Payment Info Entered",
}  # fmt: skip
"""Events that name a purchase by the numbers in their properties."""


def with_weak(
    ids: tuple[Identifier, ...], typed: tuple[Identifier, ...], name: str, properties: Mapping[str, Any]
) -> tuple[tuple[Identifier, ...], int]:
    """All identifiers of an event, strongest first, and how many at the end are weak.

    `ids`: what it names for certain; `typed`: the addresses in its properties, strongest first; `name`: a track call's,
    empty for any other call.
    """
    claims = [one for one in typed if one not in ids]
    numbers = []
    if name in NAMING:
        named = [Identifier(type_, properties[type_]) for type_ in (ORDER_ID, CHECKOUT_ID) if type_ in properties]
        numbers = [one for one in named if one not in ids]
    if ids and name in ORDERS and numbers and numbers[0].type == ORDER_ID:
        return (*ids, numbers[0], *claims, *numbers[1:]), len(claims) + len(numbers) - 1
    return (*ids, *claims, *numbers), len(claims) + len(numbers)
