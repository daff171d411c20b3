"""product_added: something went into the cart. What follows is what goes with it."""

from __future__ import annotations

from schemas.money import LIMIT, micros, quantity
from streams.core.interests import product, product_key
from streams.core.lines import currency_of
from streams.core.profile import Profile
from streams.core.sealed import Sealed
from streams.core.triggers.trigger import Trigger, ref


def on_added(profile: Profile, event: Sealed) -> Trigger | None:
    """The trigger that an addition is, worth price x quantity; None when it names no product."""
    item = event.properties
    key = product_key(item)
    if key is None:
        return None
    shown, pieces = product(item), quantity(item.get("quantity"))
    worth = round((micros(shown["price"]) or 0) * (1 if pieces is None else pieces))
    about: dict[str, str | float] = {"product_id": key}
    if shown["price"] is not None:
        about["price"] = shown["price"]
    if (currency := currency_of(item)) is not None:
        about["currency"] = currency
    return Trigger(
        "product_added", event.time, event.time, ref(profile, "added", event.message_id),
        value=max(-LIMIT, min(worth, LIMIT)), products=[shown], about=about,
    )  # fmt: skip
