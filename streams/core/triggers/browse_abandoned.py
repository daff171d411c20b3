"""browse_abandoned: products were viewed, none went into a cart, and nothing happened for an hour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from schemas.money import LIMIT, micros
from schemas.names import ACTIVITY_CHANNELS, PRODUCT_VIEWED
from streams.core.campaigns import Campaign
from streams.core.interests import product, product_key
from streams.core.profile import Profile
from streams.core.sealed import Sealed
from streams.core.triggers.trigger import Trigger, ref

BROWSE_AFTER_MS: Final = 60 * 60_000
MOST_PRODUCTS: Final = 10


def due_at(profile: Profile) -> int | None:
    """An hour after the last activity, while there is something viewed and no cart."""
    return profile.last_activity + BROWSE_AFTER_MS if profile.browsed and profile.cart is None else None


def on_event(profile: Profile, event: Sealed) -> None:
    """A view without a cart is kept; an order and a cart end the visit. Asked after the cart machine."""
    if event.name == PRODUCT_VIEWED and event.channel in ACTIVITY_CHANNELS and profile.cart is None:
        key = product_key(event.properties)
        if key is not None:
            known = profile.browsed.get(key)
            if known is None or event.time >= known[0]:
                profile.browsed[key] = [event.time, product(event.properties)]
    if profile.browsed:
        _limit(profile)


def on_time(profile: Profile, due: int, campaigns: Sequence[Campaign]) -> list[Trigger]:
    """The timer of `due_at` has come: what was viewed, in order of time; it is over then.

    A view that comes late may bring the same moment about a second time; then it is for those campaigns only that did
    not begin at the first.
    """
    seen = sorted((time, key, shown) for key, (time, shown) in profile.browsed.items())
    profile.browsed = {}
    worth = min(sum(micros(shown["price"]) or 0 for _, _, shown in seen), LIMIT)
    about = ref(profile, "browse", profile.last_activity)
    return [
        Trigger(
            "browse_abandoned", due, seen[0][0], about, value=worth, products=[shown for _, _, shown in seen],
            campaign=campaign.id,
        )
        for campaign in campaigns
        if profile.entered.get(campaign.id, -1) < due
    ]  # fmt: skip


def absorb(winner: Profile, loser: Profile) -> None:
    """What either side has viewed, of one product the newer; asked after the carts and orders are one."""
    for key, theirs in loser.browsed.items():
        mine = winner.browsed.get(key)
        if mine is None or theirs[0] > mine[0]:
            winner.browsed[key] = theirs
    _limit(winner)


def _limit(profile: Profile) -> None:
    """Nothing while there is a cart, nothing of before the last order, and at most so many: the oldest go."""
    if profile.cart is not None:
        profile.browsed = {}
        return
    browsed, since = profile.browsed, profile.last_order
    for gone in [key for key, (time, _) in browsed.items() if time <= since]:
        del browsed[gone]
    while len(browsed) > MOST_PRODUCTS:
        del browsed[min(browsed, key=lambda key: (browsed[key][0], key))]
