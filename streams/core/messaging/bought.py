"""What no message names: a thing that the customer has bought in the last 30 days (contract 3, "After an order")."""

from __future__ import annotations

from typing import Final

from schemas.products import names, product_key
from streams.core.cart import purchases
from streams.core.profile.state import Enrollment, Profile

_WANTING: Final = frozenset({"browse_abandoned", "price_dropped", "back_in_stock", "product_added"})
"""The triggers about products that the customer is thought to want, and has not got."""


def take_out(profile: Profile, enrollment: Enrollment, at: int) -> bool:
    """Take out of an enrollment what has been bought by `at` (epoch milliseconds); False when nothing is left of it."""
    if not profile.purchases or enrollment.trigger not in _WANTING:
        return True
    enrollment.products = [
        product for product in enrollment.products
        if (key := product_key(product)) is None or not purchases.bought(profile, key, at)
    ]  # fmt: skip
    return bool(enrollment.products)


def names_of(profile: Profile, at: int) -> frozenset[str]:
    """Returns the ids and skus, without case, of what was bought in the 30 days before `at` (epoch milliseconds)."""
    if not profile.purchases:
        return frozenset()
    named = (names(key) for key in purchases.names_bought(profile, at))
    return frozenset(name for names_ in named for name in names_[:2] if name)
