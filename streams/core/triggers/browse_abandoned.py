"""browse_abandoned: products were viewed, none went into a cart, and nothing happened for an hour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from schemas.money import LIMIT, micros
from schemas.names import ACTIVITY_CHANNELS
from schemas.products import known_as
from streams.core.campaigns import Campaign
from streams.core.cart import purchases
from streams.core.products.interests import whole
from streams.core.profile.event import Sealed
from streams.core.profile.state import Profile, Viewed
from streams.core.triggers.trigger import Triggered, ref

BROWSE_AFTER_MS: Final = 60 * 60_000
MOST_PRODUCTS: Final = 10


def due_at(profile: Profile) -> int | None:
    """An hour after the last activity, while there is something viewed and no cart."""
    return profile.last_activity + BROWSE_AFTER_MS if profile.browsed and profile.cart is None else None


def on_view(profile: Profile, event: Sealed, key: str, said: dict[str, Any]) -> None:
    """A Product Viewed, after the cart machine: kept when there is no cart and it is not older than the last order.

    `key` is its product key, `said` what the event says of it (products/interests.py, `seen`).
    """
    if event.channel not in ACTIVITY_CHANNELS or profile.cart is not None or event.time <= profile.last_order:
        return
    browsed = profile.browsed
    place = (known_as(browsed, key, _at, _newer) if browsed else None) or key
    known = browsed.get(place)
    if known is None or event.time >= known.at:
        browsed[place] = Viewed(event.time, said)
        if len(browsed) > MOST_PRODUCTS:
            del browsed[min(browsed, key=lambda key: (browsed[key].at, key))]


def settle(profile: Profile) -> None:
    """Forget all views where there is a cart, else those before the last order, of things bought, and too many."""
    if profile.cart is not None:
        profile.browsed = {}
        return
    since = profile.last_order
    left = sorted(
        (viewed.at, key) for key, viewed in profile.browsed.items()
        if viewed.at > since and not purchases.bought(profile, key, viewed.at)
    )[-MOST_PRODUCTS:]  # fmt: skip
    if len(left) < len(profile.browsed):
        profile.browsed = {key: profile.browsed[key] for _, key in left}


def on_time(profile: Profile, due: int, campaigns: Sequence[Campaign]) -> list[Triggered]:
    """The timer of `due_at` has come, at `due`: what was viewed sets the campaigns off, and is forgotten.

    Products are in the order of their times. A view that comes late may bring the same moment about a second time; then
    it is for those campaigns only that did not begin at the first. `due` is epoch milliseconds.
    """
    seen = sorted((viewed.at, key) for key, viewed in profile.browsed.items())
    products = [whole(profile.browsed[key].product) for _, key in seen]
    profile.browsed = {}
    worth = min(sum(micros(product["price"]) or 0 for product in products), LIMIT)
    about = ref(profile, "browse", profile.last_activity)
    return [
        Triggered(
            "browse_abandoned", due, seen[0][0], about, value=worth, products=products, campaign=campaign.id,
        )
        for campaign in campaigns
        if profile.last_enrolled.get(campaign.id, -1) < due
    ]  # fmt: skip


def absorb(winner: Profile, loser: Profile) -> None:
    """Unite the views of both sides, of one product the newer; called after the carts and orders are one."""
    for key, theirs in sorted(loser.browsed.items(), key=lambda item: (item[1].at, item[0])):
        place = known_as(winner.browsed, key, _at, _newer) or key
        mine = winner.browsed.get(place)
        winner.browsed[place] = theirs if mine is None else _newer(mine, theirs)
    settle(winner)


def _at(viewed: Viewed) -> int:
    return viewed.at


def _newer(mine: Viewed, theirs: Viewed) -> Viewed:
    return theirs if theirs.at > mine.at else mine
