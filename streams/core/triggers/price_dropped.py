"""price_dropped: a product that a customer is interested in costs less than before."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.money import micros, to_number
from streams.core.campaigns import Campaign
from streams.core.products import interests
from streams.core.products.changes import ProductChange
from streams.core.profile.state import Profile
from streams.core.triggers import product_change as of_product
from streams.core.triggers.trigger import Triggered


def on_product(profile: Profile, change: ProductChange, campaigns: Sequence[Campaign]) -> list[Triggered]:
    """For each campaign that takes this interest and this drop.

    The old price is the event's, else the one that the customer saw; without one nothing has dropped.
    """
    interest = interests.of_product(profile, change.key)
    price, old = micros(change.properties.get("price")), micros(change.properties.get("old_price"))
    if interest is None or price is None:
        return []
    old = interest.price if old is None else old
    if old is None or not 0 <= price < old:
        return []
    about = {"price": to_number(price), "old_price": to_number(old)}
    return [
        of_product.trigger("price", profile, change, campaign, interest, about)
        for campaign in campaigns
        if is_drop(price, old, campaign) and of_product.takes(campaign, interest, change.time)
    ]


def is_drop(price: int, old: int, campaign: Campaign) -> bool:
    """Whether `price` is lower than `old`, both in micros, by at least what the campaign's `min_drop` asks for."""
    return 0 <= price < old and (old - price) / old >= campaign.trigger.min_drop
