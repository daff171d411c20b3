"""All triggers of a campaigns file, asked in one place.

`on_event`, `on_time` and `on_product` change what the profile is known to be interested in, and return what sets
campaigns off. They never look at a sequence: whether one begins is the sequencer's business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar, Final

from schemas.aliases.table import squash
from schemas.money import micros
from schemas.names import HASHTAG_EVENTS, ORDER_COMPLETED, PRODUCT_ADDED, PRODUCT_VIEWED
from schemas.products import items_of, product_key
from streams.core.campaigns import Campaign, Campaigns
from streams.core.cart import purchases
from streams.core.cart.lines import currency_of
from streams.core.engagement.feedback import Feedback
from streams.core.orders.conversions import Conversion
from streams.core.products import interests
from streams.core.products.changes import ProductChange
from streams.core.profile.event import Sealed
from streams.core.profile.machine import Leaving, Machine, Moment
from streams.core.profile.state import Profile
from streams.core.triggers import (
    back_in_stock,
    browse_abandoned,
    content_viewed,
    event_happened,
    hashtag_used,
    lapsed,
    message_told,
    order_completed,
    price_dropped,
    product_added,
    store_nearby,
)  # fmt: skip
from streams.core.triggers.trigger import Triggered

_CATALOGUE: Final = {"price_dropped": price_dropped.on_product, "back_in_stock": back_in_stock.on_product}
_PLACES: Final = frozenset({"latitude", "lat", "store_id"})
_compared: Final = lru_cache(maxsize=1_000)(squash)
"""What a name is compared by, remembered: shops have few names and many events."""


class Triggers(Machine[Sequence[Conversion], Triggered]):
    """The triggers that a campaigns file uses, and what they remember. Those of carts are in `abandoned`."""

    fields: ClassVar = frozenset({"browsed", "interests", "topics", "location", "lapsed"})

    def __init__(self, campaigns: Campaigns) -> None:
        def on(name: str) -> tuple[Campaign, ...]:
            return campaigns.by_trigger.get(name, ())

        self.stores, self._grace = campaigns.stores, campaigns.file.order_grace
        self._browse, self._lapsed = on("browse_abandoned"), on("lapsed")
        self._orders, self._added = bool(on("order_completed")), bool(on("product_added"))
        self._content, self._hashtags, self._nearby = on("content_viewed"), on("hashtag_used"), on("store_nearby")
        self._catalogue = {name: on(name) for name in _CATALOGUE}
        self._events: dict[str, list[Campaign]] = {}
        for campaign in on("event"):
            self._events.setdefault(_compared(campaign.trigger.name or ""), []).append(campaign)
        self._told = any(on(kind) for kind in message_told.KINDS.values())

    def due_at(self, profile: Profile, /) -> int | None:
        """When the next timer is due, of a visit or of the last order: epoch milliseconds, None without one."""
        visit = browse_abandoned.due_at(profile) if profile.browsed else None
        order = lapsed.due_at(profile, self._lapsed) if self._lapsed else None
        if visit is None or order is None:
            return order if visit is None else visit
        return min(visit, order)

    def on_time(self, profile: Profile, due: int, _moment: Moment, /) -> Sequence[Triggered]:
        """The triggers whose timers are due at `due` (epoch ms): a visit's first, then in the order of the file."""
        found = browse_abandoned.on_time(profile, due, self._browse) if browse_abandoned.due_at(profile) == due else []
        return found + lapsed.on_time(profile, due, self._lapsed) if self._lapsed else found

    def on_event(self, profile: Profile, event: Sealed, counted: Sequence[Conversion], /) -> Sequence[Triggered]:
        """The triggers of an event that has changed cart and orders; `counted` is the order, empty if none counts.

        An event that comes late is remembered, but sets nothing off.
        """
        found: list[Triggered] = []
        name = event.name
        if name in interests.KINDS:
            found = self._product(profile, event)
        elif name == ORDER_COMPLETED:
            interests.forget_bought(profile, self._grace)
            if self._orders:
                found.extend(order_completed.on_order(profile, event, conversion) for conversion in counted)
        elif self._hashtags and name in HASHTAG_EVENTS:
            found = hashtag_used.on_post(profile, event, self._hashtags)
        if profile.browsed and (profile.cart is not None or name == ORDER_COMPLETED):
            browse_abandoned.settle(profile)
        properties = event.properties
        if "topic" in properties or "topics" in properties:
            found += content_viewed.on_event(profile, event, self._content)
        if "location" in event.context or not _PLACES.isdisjoint(properties):
            found += store_nearby.on_event(profile, event, self.stores, self._nearby)
        if self._events and event.type == "track" and (waiting := self._events.get(_compared(name))) is not None:
            found += event_happened.on_event(profile, event, waiting)
        return [] if event.late else found

    def on_feedback(self, profile: Profile, event: Sealed, told: Sequence[Feedback]) -> list[Triggered]:
        """The triggers that the feedback of an event is."""
        if not self._told:
            return []
        found = (message_told.on_feedback(profile, event, one) for one in told)
        return [trigger for trigger in found if trigger is not None]

    def on_product(self, profile: Profile, change: ProductChange) -> list[Triggered]:
        """Something has happened to a product, which may be one of this profile's interests."""
        campaigns = self._catalogue[change.kind]
        found = _CATALOGUE[change.kind](profile, change, campaigns) if campaigns else []
        if found and profile.purchases:
            key = product_key(found[0].products[0])
            if key is not None and purchases.bought(profile, key, change.time):
                return []
        return found

    def absorb(self, winner: Profile, loser: Profile, _at: int, /) -> Sequence[Triggered]:
        """A merge, after that of the carts: what either side is interested in is the winner's."""
        interests.absorb(winner, loser, self._grace)
        browse_abandoned.absorb(winner, loser)
        content_viewed.absorb(winner, loser)
        store_nearby.absorb(winner, loser)
        lapsed.absorb(winner, loser)
        return ()

    def divide(self, profile: Profile, share: Profile, _leaving: Leaving, /) -> Sequence[Triggered]:
        """It stays, for nothing says which identifier an interest, a topic or a place came with.

        Both sides know the last order, and so of which it has been said that it was long ago.
        """
        share.lapsed = dict(profile.lapsed)
        return ()

    def _product(self, profile: Profile, event: Sealed) -> list[Triggered]:
        """Products were viewed, added or wished. What several added at once set off is about the first of them."""
        found: list[Triggered] = []
        for item in items_of(event.properties, currency_of(event.properties)):
            found += self._item(profile, event, item)
        return found[:1]

    def _item(self, profile: Profile, event: Sealed, item: Mapping[str, Any]) -> list[Triggered]:
        """An item of such an event; a thing just bought is of no interest, and in no message for long."""
        key = product_key(item)
        if key is None:
            return []
        price, said = interests.seen(item)
        if price is None and (micros(item.get("price")) or 0) < 0:
            return []  # A discount is no product.
        if not profile.purchases:
            known, again = False, False
        else:
            known = purchases.looked_at(profile, key, event.time, self._grace)
            again = known or purchases.bought(profile, key, event.time)
        if not known:
            interests.on_product_event(profile, event, key, price, said)
        if again:
            return []
        if event.name == PRODUCT_VIEWED:
            browse_abandoned.on_view(profile, event, key, said)
        elif self._added and event.name == PRODUCT_ADDED:
            return [product_added.on_added(profile, event, item, price, said)]
        return []
