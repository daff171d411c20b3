"""The slice of a profile that says who may be written to, and where: consent, contact points, zone, locale, traits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from streams.core.contact import consent, points
from streams.core.contact.consent import Withdrawn
from streams.core.profile.event import Sealed
from streams.core.profile.machine import Leaving, Machine
from streams.core.profile.state import Profile

_TYPE_OF: Final = {channel: type_ for type_, channel in points.CHANNEL_OF.items()}


class ContactMachine(Machine[None, Withdrawn]):
    """What an event says of consent is taken before its addresses, each of which may end a bounce of another one."""

    fields: ClassVar = frozenset({"consent", "contacts", "zone", "locale", "traits"})

    def on_event(self, profile: Profile, event: Sealed, _told: None, /) -> Sequence[Withdrawn]:
        """What an event says of consent, addresses, zone, language and traits; returns what it withdraws."""
        withdrawn = consent.on_event(profile, event)
        points.on_event(profile, event)
        return () if withdrawn is None else (withdrawn,)

    def absorb(self, winner: Profile, loser: Profile, _at: int, /) -> Sequence[Withdrawn]:
        """The strictest consent; the newest address, zone and language."""
        consent.absorb(winner, loser)
        points.absorb(winner, loser)
        return ()

    def divide(self, profile: Profile, share: Profile, leaving: Leaving, /) -> Sequence[Withdrawn]:
        """Consent and zone are on both sides; a contact point goes with its identifier. The rest stays."""
        share.zone, share.consent = profile.zone, profile.consent
        for channel, point in list(profile.contacts.items()):
            if leaving.takes(_TYPE_OF[channel], point.value):
                share.contacts[channel] = point
                del profile.contacts[channel]
        return ()
