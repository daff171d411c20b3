"""product_added: something went into the cart. What follows is what goes with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas.money import LIMIT, quantity
from streams.core.cart.lines import currency_of
from streams.core.products.interests import whole
from streams.core.profile.event import Sealed
from streams.core.profile.state import Profile
from streams.core.triggers.trigger import Triggered, ref_of_event


def on_added(
    profile: Profile, event: Sealed, item: Mapping[str, Any], price: int | None, said: dict[str, Any]
) -> Triggered:
    """The trigger that an addition is, worth price x quantity.

    `item` is what was added, `price` its price in micros, `said` what the event says of it.
    """
    pieces = quantity(item.get("quantity"))
    worth = round((price or 0) * (1 if pieces is None else pieces))
    about: dict[str, str | int | float] = {"product_id": said.get("product_id") or said["sku"]}
    if price is not None:
        about["price"] = said["price"]
    if (currency := currency_of(item)) is not None:
        about["currency"] = currency
    return Triggered(
        "product_added", event.time, event.time, ref_of_event(profile, "added", event),
        value=max(-LIMIT, min(worth, LIMIT)), products=[whole(said)], about=about,
    )  # fmt: skip
