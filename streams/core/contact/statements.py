"""What an event says of consent and of addresses: who may be written to no more, or again, where, and why.

The one reading of these events: of consent (contract 8.56 to 8.58), of bounces (contract 8.60), and of what holds for
an address, whoever has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from schemas.consent_said import said
from schemas.consent_words import (
    BOUNCED,
    SUBSCRIBED,
    UNSUBSCRIBED_BY,
    answer,
    claim,
    claims_in,
    told_before,
)
from schemas.identifiers import ADVERTISING_ID, EMAIL, PHONE, PUSH_TOKEN
from schemas.names import (
    CONSENT_EVENTS,
    EMAIL_BOUNCED,
    PUSH_NOTIFICATION_BOUNCED,
    SMS_FAILED,
)
from streams.core.contact.bounces import is_hard
from streams.core.profile.event import Sealed
from streams.core.profile.state import Dated

_CHANNEL_OF: Final = {EMAIL: "email", PHONE: "sms", PUSH_TOKEN: "push", ADVERTISING_ID: "ads"}
_BOUNCES: Final = {EMAIL_BOUNCED: "email", SMS_FAILED: "sms", PUSH_NOTIFICATION_BOUNCED: "push"}
MESSENGER: Final = "messenger"
SAYING: Final = CONSENT_EVENTS | frozenset(_BOUNCES)
"""Names of the events that may say something; any event may by its traits."""


class Statement(NamedTuple):
    """One thing that an event says.

    `channel`: one on which a shop writes (`*` with a `topic`: on all of them). `given`: a yes, which lifts what was
    said before; else a no, whose `reason` is unsubscribed, complained or bounced. `hard` is False of a bounce that may
    not come again. `address`: the one that the event names on that channel; None: those that the profile has then.
    `counts`: the profile knows nothing newer of the channel.
    """

    channel: str
    topic: str | None
    given: bool
    reason: str
    hard: bool
    address: str | None
    counts: bool = True

    @property
    def withdraws(self) -> bool:
        """The customer has said no, and has not said yes since."""
        return self.counts and not self.given and self.reason != BOUNCED


def statements(event: Sealed, traits: Mapping[str, Dated]) -> list[Statement]:
    """All that an event says, in order; empty for most events.

    `traits` are the profile's before the event: a trait that has been repeated is no new yes.
    """
    name = event.name
    found: list[Statement] = []
    if name in SAYING:
        if name in _BOUNCES:
            channel = _bounced_on(event)
            if channel is not None:
                hard = is_hard(event.properties, channel)
                found.append(Statement(channel, None, False, BOUNCED, hard, addresses(event).get(channel)))
        else:
            found.extend(_of_consent(event))
    if event.traits and event.type != "group":
        found.extend(_of_traits(event, traits))
    return found


def _bounced_on(event: Sealed) -> str | None:
    """The channel whose addresses a bounce is about; None on `messenger`: a number without WhatsApp has SMS."""
    return None if event.channel == MESSENGER else _BOUNCES.get(event.name)


def addresses(event: Sealed) -> dict[str, str]:
    """The addresses that an event names, by channel: of several the strongest."""
    found: dict[str, str] = {}
    for one in event.identifiers:
        channel = _CHANNEL_OF.get(one["type"])
        if channel is not None:
            found.setdefault(channel, one["value"])
    return found


def _of_consent(event: Sealed) -> Iterator[Statement]:
    known = addresses(event)
    for one in said(event.name, event.channel, event.properties):
        yield Statement(one.channel, one.topic, one.given, one.reason, True, known.get(one.channel))


def _about(event: Sealed, channels: tuple[str, ...], topic: str | None, *, given: bool) -> Iterator[Statement]:
    known = addresses(event)
    reason = SUBSCRIBED if given else UNSUBSCRIBED_BY
    for channel in channels:
        yield Statement(channel, topic, given, reason, True, known.get(channel))


def _of_traits(event: Sealed, before: Mapping[str, Dated]) -> Iterator[Statement]:
    """Traits that say it. A yes counts in an identify call where the trait has changed to it, or was not known."""
    for name, value in claims_in(event.traits):
        found = claim(name)
        if found is None:
            continue
        if found.positive and not found.vague and answer(value) is True:
            if event.type == "identify" and answer(_before(before, name)) is not True:
                yield from _about(event, found.channels, None, given=True)
        elif refused := found.refused(value):
            yield from _about(event, refused, None, given=False)


def _before(traits: Mapping[str, Dated], name: str) -> Any:
    """What a trait, or one within a trait, has been until now; None if it has not been told."""
    known = traits.get(name)
    outer, *path = (name,) if known is not None else name.split(".")
    known = known or traits.get(outer)
    return None if known is None else told_before(known.value, path)
