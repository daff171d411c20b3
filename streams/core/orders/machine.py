"""The slice of a profile that says which orders have counted, and what the next one will be credited to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from schemas.names import ORDER_COMPLETED
from streams.core.orders import attribution, conversions
from streams.core.orders.conversions import Conversion
from streams.core.profile.event import Sealed
from streams.core.profile.machine import Leaving, Machine
from streams.core.profile.state import Profile


class OrderMachine(Machine[None, Conversion]):
    """Touches and orders. An order is counted before the cart machine ends its cart."""

    fields: ClassVar = frozenset({"orders", "touches", "reminders"})

    def on_event(self, profile: Profile, event: Sealed, _told: None, /) -> Sequence[Conversion]:
        """Remember a touch; an order that has not been counted yet is a conversion."""
        attribution.on_event(profile, event)
        conversion = conversions.on_completed(profile, event) if event.name == ORDER_COMPLETED else None
        return () if conversion is None else (conversion,)

    def absorb(self, winner: Profile, loser: Profile, _at: int, /) -> Sequence[Conversion]:
        """The touches, orders and reminders of both; an order that both have counted is one."""
        attribution.absorb(winner, loser)
        conversions.absorb(winner, loser)
        return ()

    def divide(self, profile: Profile, share: Profile, leaving: Leaving, /) -> Sequence[Conversion]:
        """Which orders have counted is on both sides; touches go with who brought them. Reminders stay."""
        share.orders = profile.orders
        share.touches = [touch for touch in profile.touches if touch.by in leaving.by]
        profile.touches = [touch for touch in profile.touches if touch.by not in leaving.by]
        return ()
