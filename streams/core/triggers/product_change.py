"""What price_dropped and back_in_stock have in common: they happen to a product, and so to all who want it."""

from __future__ import annotations

from collections.abc import Mapping

from schemas.money import micros
from streams.core.campaigns import Campaign
from streams.core.cart.lines import currency_of
from streams.core.products.changes import ProductChange
from streams.core.products.interests import seen, whole
from streams.core.profile.state import Interest, Profile
from streams.core.triggers.trigger import Triggered, ref


def takes(campaign: Campaign, interest: Interest, at: int) -> bool:
    """Whether an interest is of a kind that the campaign asks for, and at `at` (epoch ms) not older than it allows."""
    rule = campaign.trigger
    return bool(interest.at > at - rule.within and not set(rule.kinds).isdisjoint(interest.kinds))


def trigger(
    prefix: str, profile: Profile, change: ProductChange, campaign: Campaign, interest: Interest,
    about: Mapping[str, int | float],
) -> Triggered:  # fmt: skip
    """The trigger of one campaign: the product as it was seen, with what the event says of it now.

    `prefix` begins the trigger's `ref`; `about` holds what else a template may say of the change, by name.
    """
    shown = whole({**interest.product, "quantity": 1, **seen(change.properties)[1]})
    known: dict[str, str | int | float] = {"product_id": change.product_id, **about}
    if (currency := currency_of(change.properties)) is not None:
        known["currency"] = currency
    return Triggered(
        change.kind, change.time, change.time, ref(profile, prefix, change.key, change.message_id, change.time),
        value=micros(shown["price"]) or 0, products=[shown], about=known, campaign=campaign.id,
    )  # fmt: skip
