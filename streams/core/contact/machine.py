"""The slice of a profile that says who may be written to, and where: consent, contact points, zone, locale, traits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from streams.core.contact import consent, points
from streams.core.contact.statements import Statement
from streams.core.profile.event import Sealed
from streams.core.profile.machine import Leaving, Machine
from streams.core.profile.state import Profile

_TYPE_OF: Final = {channel: type_ for type_, channel in points.CHANNEL_OF.items()}


class ContactMachine(Machine[None, Statement]):
    """What an event says of consent is taken before its addresses and traits, and compared with those of before."""

    fields: ClassVar = frozenset({"consent", "soft_bounces", "contacts", "zone", "locale", "traits"})

    def on_event(self, profile: Profile, event: Sealed, _told: None, /) -> Sequence[Statement]:
        """What an event says of consent, addresses, zone, language and traits; returns all that it says of consent."""
        said = consent.on_event(profile, event)
        points.on_event(profile, event)
        return said

    def absorb(self, winner: Profile, loser: Profile, _at: int, /) -> Sequence[Statement]:
        """The strictest consent; the newest address, zone and language."""
        consent.absorb(winner, loser)
        points.absorb(winner, loser)
        return ()

    def divide(self, profile: Profile, share: Profile, leaving: Leaving, /) -> Sequence[Statement]:
        """Consent and zone are on both sides; a contact point goes with its identifier. The rest stays."""
        share.zone, share.consent, share.soft_bounces = profile.zone, profile.consent, profile.soft_bounces
        for channel, point in list(profile.contacts.items()):
            if leaving.takes(_TYPE_OF[channel], point.value):
                share.contacts[channel] = point
                del profile.contacts[channel]
        return ()
