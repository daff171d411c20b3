"""The slice of a profile that says which orders have counted, and what the next one will be credited to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from schemas.names import ORDER_COMPLETED, ORDER_EVENTS
from schemas.orders import order_value
from schemas.referrers import NoReferrers
from streams.core.orders import attribution, conversions, corrections
from streams.core.orders.conversions import Conversion
from streams.core.profile.event import Sealed
from streams.core.profile.machine import Leaving, Machine
from streams.core.profile.state import Profile


class OrderMachine(Machine[None, Conversion]):
    """Touches and orders. An order is counted before the cart machine ends its cart."""

    fields: ClassVar = frozenset({"orders", "touches", "reminders"})

    def __init__(self, no_referrers: NoReferrers) -> None:
        """`no_referrers`: hosts from which nobody comes."""
        self._no_referrers = no_referrers

    def on_event(self, profile: Profile, event: Sealed, _told: None, /) -> Sequence[Conversion]:
        """Remember a touch; what an event of an order changes of what orders come to."""
        attribution.on_event(profile, event, self._no_referrers)
        if event.name not in ORDER_EVENTS:
            return ()
        order_id = conversions.order_id(event)
        if event.name == ORDER_COMPLETED and order_value(event.properties) >= 0:
            conversion = conversions.on_completed(profile, event, order_id)
        else:
            conversion = corrections.on_change(profile, event, order_id)
        return () if conversion is None else (conversion,)

    def absorb(self, winner: Profile, loser: Profile, _at: int, /) -> Sequence[Conversion]:
        """The touches, orders and reminders of both; an order that both have counted is one."""
        attribution.absorb(winner, loser)
        conversions.absorb(winner, loser)
        return ()

    def divide(self, profile: Profile, share: Profile, leaving: Leaving, /) -> Sequence[Conversion]:
        """Which orders have counted both sides know; orders and touches go with who brought them. Reminders stay."""
        conversions.divide(profile, share, leaving)
        share.touches = [touch for touch in profile.touches if touch.by in leaving.by]
        profile.touches = [touch for touch in profile.touches if touch.by not in leaving.by]
        return ()
