"""The slice of a profile that says who may be written to, and where: consent, contact points, zone, locale, traits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from schemas.identifiers import Hasher
from streams.core.contact import consent, origin, points
from streams.core.contact.points import Lost, SaleMoved
from streams.core.contact.statements import SAYING, Statement
from streams.core.profile.event import Sealed
from streams.core.profile.machine import Leaving, Machine, Moment
from streams.core.profile.state import Profile
from streams.core.protocol.order_key import bound, link_of


class ContactMachine(Machine[None, Statement | Lost | SaleMoved]):
    """What an event says of consent is taken before its addresses and traits, and compared with those of before.

    The secret is that of the settings: identity speaks of addresses by their keyed hashes.
    """

    fields: ClassVar = frozenset({
        "consent", "soft_bounces", "contacts", "earlier", "belongings", "strangers", "devices", "zone", "locale",
        "traits",
    })  # fmt: skip

    def __init__(self, secret: str) -> None:
        self._hasher = Hasher(secret)

    def due_at(self, profile: Profile, /) -> int | None:
        """When an address may have become somebody else's: epoch milliseconds, None for none that may."""
        return points.due_at(profile)

    def on_time(self, profile: Profile, due: int, _moment: Moment, /) -> Sequence[Lost | SaleMoved]:
        """What identity has said of before `due` (epoch ms): addresses that are lost by it, orders that moved."""
        return points.settle(profile, bound(due), self._hasher)

    def before(self, profile: Profile, event: Sealed) -> Sequence[Lost | SaleMoved]:
        """What identity has said up to an event, the event's own link included: asked before the event."""
        return points.settle(profile, event.order + b"\xff\xff\xff", self._hasher)

    def before_merge(self, profile: Profile, merged: bytes) -> Sequence[Lost | SaleMoved]:
        """What identity has said before the link that merges the profile at the key `merged`, and of orders in it."""
        lost = points.settle(profile, link_of(merged), self._hasher)
        return [*lost, *points.settle_orders(profile, merged)]

    def on_event(self, profile: Profile, event: Sealed, _told: None, /) -> Sequence[Statement]:
        """What an event says of consent, addresses, zone, language and traits; returns all that it says of consent."""
        # Most events say nothing of consent, and are not asked.
        asked = event.traits or event.name in SAYING or profile.soft_bounces
        said = consent.on_event(profile, event) if asked else ()
        if event.identifiers:
            points.on_event(profile, event, self._hasher)
        origin.on_event(profile, event)
        return said

    def absorb(self, winner: Profile, loser: Profile, at: int, /) -> Sequence[Lost | SaleMoved]:
        """The strictest consent; the newest addresses, zone and language. `at` in epoch milliseconds."""
        lost = [*points.settle(winner, bound(at), self._hasher), *points.settle(loser, bound(at), self._hasher)]
        consent.absorb(winner, loser)
        points.absorb(winner, loser)
        origin.absorb(winner, loser)
        return lost

    def divide(self, profile: Profile, share: Profile, leaving: Leaving, /) -> Sequence[Lost | SaleMoved]:
        """Consent and zone are on both sides; a contact point goes with its identifier. The rest stays."""
        share.zone, share.consent, share.soft_bounces = profile.zone, profile.consent, profile.soft_bounces
        points.divide(profile, share, leaving)
        return ()
