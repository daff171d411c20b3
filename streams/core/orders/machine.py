"""The slice of a profile that says which orders have counted, and what the next one will be credited to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from schemas.identifiers import ORDER_ID, Hasher
from schemas.names import ORDER_COMPLETED, ORDER_EVENTS
from schemas.orders import order_value
from schemas.referrers import NoReferrers
from streams.core.campaigns import Attribution
from streams.core.contact.points import SaleMoved
from streams.core.orders import attribution, conversions, corrections, elsewhere
from streams.core.orders.conversions import Conversion
from streams.core.profile.event import Sealed
from streams.core.profile.machine import Leaving, Machine
from streams.core.profile.state import Order, Profile

_FALLEN: Final = elsewhere.UNSOLD | {conversions.CANCELLED}


class OrderMachine(Machine[None, Conversion]):
    """Touches and orders. An order is counted before the cart machine ends its cart."""

    fields: ClassVar = frozenset({"orders", "touches", "reminders", "elsewhere"})

    def __init__(self, no_referrers: NoReferrers, secret: str, rules: Attribution | None = None) -> None:
        """`no_referrers`: hosts from which nobody comes. The secret is that of the settings.

        `rules` say which touches an order is credited to.
        """
        self._no_referrers = no_referrers
        self._hasher = Hasher(secret)
        self._rules = rules or Attribution()

    def on_event(self, profile: Profile, event: Sealed, _told: None, /) -> Sequence[Conversion]:
        """Remember a touch; what an event of an order changes of what orders come to."""
        if not event.copy:
            attribution.on_event(profile, event, self._no_referrers, self._rules.lookback)
        if event.name not in ORDER_EVENTS:
            return ()
        order_id = conversions.order_id(event)
        if event.name == ORDER_COMPLETED and order_value(event.properties) >= 0:
            conversion = conversions.on_completed(profile, event, order_id, self._rules)
        else:
            conversion = corrections.on_change(profile, event, order_id)
        if conversion is not None and not self._counts(profile, order_id):
            conversion = elsewhere.without(conversion)
        return () if conversion is None else (conversion,)

    def _counts(self, profile: Profile, order_id: str) -> bool:
        return not profile.elsewhere or self._hasher(ORDER_ID, order_id) not in profile.elsewhere

    def has(self, profile: Profile, event: Sealed) -> bool:
        """Whether the order that an event is about has been sold to this customer, and counts here."""
        order_id = conversions.order_id(event)
        order = profile.orders.get(order_id)
        return order is not None and not elsewhere.UNSOLD & set(order.flags) and self._counts(profile, order_id)

    def standing(self, profile: Profile) -> dict[str, Order]:
        """The orders that stand (complete, not cancelled) and count here, by what they are known by."""
        return {
            order_id: order
            for order_id, order in profile.orders.items()
            if not _FALLEN & set(order.flags) and self._counts(profile, order_id)
        }

    def on_moved(self, profile: Profile, moved: SaleMoved) -> Sequence[Conversion]:
        """An order counts in this profile from now on, or in another; what that changes."""
        return elsewhere.move(profile, moved, self._hasher)

    def absorb(self, winner: Profile, loser: Profile, _at: int, /) -> Sequence[Conversion]:
        """The touches, orders and reminders of both; an order that both have counted is one."""
        attribution.absorb(winner, loser, self._rules.lookback)
        known = dict(winner.orders)
        conversions.absorb(winner, loser, self._counts)
        elsewhere.absorb(winner, known, loser, self._hasher)
        return ()

    def divide(self, profile: Profile, share: Profile, leaving: Leaving, /) -> Sequence[Conversion]:
        """Which orders have counted both sides know; orders and touches go with who brought them. Reminders stay."""
        conversions.divide(profile, share, leaving, self._counts)
        share.elsewhere = profile.elsewhere
        share.touches = [touch for touch in profile.touches if touch.by in leaving.by]
        profile.touches = [touch for touch in profile.touches if touch.by not in leaving.by]
        return ()
