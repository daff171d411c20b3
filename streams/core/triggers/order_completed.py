"""order_completed: an order that counts, the first with its order_id. What follows is thanks."""

from __future__ import annotations

from schemas.money import to_number
from streams.core.orders.conversions import Conversion
from streams.core.products.interests import product, products
from streams.core.profile.event import Sealed
from streams.core.profile.state import Profile
from streams.core.triggers.trigger import Triggered, ref


def on_order(profile: Profile, event: Sealed, counted: Conversion) -> Triggered:
    """The trigger that an order is, for all campaigns of the type; only a later order ends what follows."""
    order_id, currency = counted.row["order_id"], counted.row["currency"]
    about: dict[str, str | int | float] = {"order_id": order_id, "value": to_number(counted.revenue)}
    if currency is not None:
        about["currency"] = currency
    shown = [product(item) for item in products(event.properties)]
    return Triggered(
        "order_completed", event.time, event.time, ref(profile, "order", order_id, event.time), value=counted.revenue,
        products=shown, about=about,
    )  # fmt: skip
