"""back_in_stock: a product that a customer is interested in can be had again."""

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
    """For each campaign that takes this interest."""
    interest = interests.of_product(profile, change.key)
    if interest is None:
        return []
    about = {}
    for name in ("price", "old_price"):
        if (amount := micros(change.properties.get(name))) is not None and amount >= 0:
            about[name] = to_number(amount)
    return [
        of_product.trigger("stock", profile, change, campaign, interest, about)
        for campaign in campaigns
        if of_product.takes(campaign, interest, change.time)
    ]
