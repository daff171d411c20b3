"""All triggers of a campaigns file, asked in one place.

`on_event`, `on_time` and `on_product` change what the profile is known to be interested in, and return what sets
campaigns off. They never look at a sequence: whether one begins is the sequencer's business.
"""

from __future__ import annotations

from streams.core.campaigns import Campaigns
from streams.core.cart import Transition
from streams.core.catalogue import ProductChange
from streams.core.orders import Conversion
from streams.core.profile import Profile
from streams.core.sealed import Sealed
from streams.core.triggers.trigger import Trigger


class Triggers:
    """The triggers that a campaigns file uses."""

    def __init__(self, campaigns: Campaigns) -> None:
        self._campaigns = campaigns

    def due_at(self, profile: Profile) -> int | None:
        """When the next timer is due: of an abandoned visit, or of an order that was long ago."""
        raise NotImplementedError

    def on_time(self, profile: Profile, due: int) -> list[Trigger]:
        """The timers of `due_at` have come: all of this instant, the visit first, then in the order of the file."""
        raise NotImplementedError

    def on_transition(self, transition: Transition) -> Trigger | None:
        """The trigger that a cart's transition is: it was abandoned."""
        raise NotImplementedError

    def on_event(self, profile: Profile, event: Sealed, counted: Conversion | None) -> list[Trigger]:
        """An event has had its effect on cart and orders (`counted`: the order, if it is one that counts)."""
        raise NotImplementedError

    def on_product(self, profile: Profile, change: ProductChange) -> list[Trigger]:
        """Something has happened to a product, which may be one of this profile's interests."""
        raise NotImplementedError

    def absorb(self, winner: Profile, loser: Profile) -> None:
        """A merge, after that of the carts: what either side is interested in is the winner's."""
        raise NotImplementedError
