"""Consent: what the customer said last, by channel and by topic; what holds when nothing was said; and what bounced.

Keys are `email`, `email:offers` (that topic on that channel), `*:offers` (on all), `email!complained` (the no was a
complaint), and `email!bounced`: an address that nothing can be delivered to. The latter two stand beside what the
customer said, so that another address does not undo a no.
Contract 8.56 to 8.61.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from schemas.consent_said import ALL
from schemas.consent_words import BOUNCED, COMPLAINED
from schemas.names import (
    EMAIL_DELIVERED,
    EMAIL_LINK_CLICKED,
    EMAIL_OPENED,
    PUSH_NOTIFICATION_RECEIVED,
    PUSH_NOTIFICATION_TAPPED,
    SMS_DELIVERED,
    SMS_LINK_CLICKED,
)
from schemas.topics import DAY_MS
from streams.core.contact.recipients import sent_to
from streams.core.contact.statements import MESSENGER, Statement, addresses, statements
from streams.core.profile.event import Sealed
from streams.core.profile.state import Consent, Profile, SoftBounces

_MARK: Final = "!"
DELIVERED: Final = {
    EMAIL_DELIVERED: "email", EMAIL_OPENED: "email", EMAIL_LINK_CLICKED: "email",
    SMS_DELIVERED: "sms", SMS_LINK_CLICKED: "sms",
    PUSH_NOTIFICATION_RECEIVED: "push", PUSH_NOTIFICATION_TAPPED: "push",
}  # fmt: skip
"""What shows that a message has arrived, and on which channel."""
SOFT_MOST: Final = 4
"""So many soft bounces in a row may be bad luck."""
SOFT_FOR_MS: Final = 3 * DAY_MS
"""One more is for good when they have gone on for so long."""


def on_event(profile: Profile, event: Sealed) -> Sequence[Statement]:
    """What an event says, each statement taken into the profile unless something newer is known.

    Returns all statements: of several soft bounces in a row the last is hard. One that is older than what is known of
    the channel does not count here; it holds for its address all the same.
    """
    if profile.soft_bounces and event.name in DELIVERED and event.channel != MESSENGER:
        _arrived(profile, event)
    said = statements(event, profile.traits)
    for nth, statement in enumerate(said):
        if statement.reason == BOUNCED:
            address = statement.address or sent_to(profile, event, statement.channel)
            said[nth] = _bounced(profile, event.time, statement._replace(address=address))
        else:
            said[nth] = _said(profile, event.time, statement)
    return said


def given(profile: Profile, channel: str, topic: str | None = None, *, default: bool) -> bool:
    """Whether this customer may be written to on this channel, about this topic.

    `default` holds for the channel when nothing was said; for a topic, that it was not refused is enough.
    """
    consent = profile.consent
    if not consent:
        return default
    said = consent.get(channel)
    if not (default if said is None else said.given) or _dead(profile, channel):
        return False
    return topic is None or (_yes(consent.get(f"{channel}:{topic}")) and _yes(consent.get(f"{ALL}:{topic}")))


def own_yes(profile: Profile, channel: str, topic: str | None, address: str) -> tuple[int, int]:
    """When the customer's own yes to an address was, to the channel and to the topic there: epoch milliseconds, or 0.

    It holds for the customer at once, whatever had been said of the address before.
    """
    return _yes_at(profile, channel, address), _yes_at(profile, f"{channel}:{topic}", address)


def _yes_at(profile: Profile, key: str, address: str) -> int:
    said = profile.consent.get(key)
    return said.at if said is not None and said.given and said.address == address else 0


def deliverable(profile: Profile, channel: str) -> bool:
    """Whether a message that needs no consent may go to the address of a channel: none that is dead or complained."""
    return f"{channel}{_MARK}{COMPLAINED}" not in profile.consent and not _dead(profile, channel)


def refuses(profile: Profile, channel: str, topic: str | None, address: str) -> bool:
    """Whether a no forbids a message to an `address` of a channel, about a topic: that nothing was said is none."""
    said = profile.consent
    keys = (channel,) if topic is None else (channel, f"{channel}:{topic}", f"{ALL}:{topic}")
    return not all(_yes(said.get(key)) for key in keys) or unwanted(profile, channel, address)


def unwanted(profile: Profile, channel: str, address: str) -> bool:
    """Whether a channel has been complained of, or its `address` has bounced: that stops all messages."""
    bounced = profile.consent.get(_bounce(channel))
    return f"{channel}{_MARK}{COMPLAINED}" in profile.consent or (bounced is not None and bounced.address == address)


def absorb(winner: Profile, loser: Profile) -> None:
    """The strictest consent wins: once withdrawn on either side, withdrawn. What bounced on either side has bounced."""
    for key, theirs in loser.consent.items():
        mine = winner.consent.get(key)
        if mine is None or (mine.given and not theirs.given) or (mine.given == theirs.given and theirs.at > mine.at):
            winner.consent[key] = theirs
    for channel, row in loser.soft_bounces.items():
        known = winner.soft_bounces.get(channel)
        if known is None or row.at > known.at:
            winner.soft_bounces[channel] = row


def _said(profile: Profile, at: int, said: Statement) -> Statement:
    key = said.channel if said.topic is None else f"{said.channel}:{said.topic}"
    known = profile.consent.get(key)
    if known is not None and at < known.at:
        return said._replace(counts=False)
    point = profile.contacts.get(said.channel) if said.given and said.address is None else None
    address = said.address if point is None else str(point.value)
    profile.consent[key] = Consent(said.given, at, address if said.given else None)
    complained = f"{key}{_MARK}{COMPLAINED}"
    if said.reason == COMPLAINED:
        profile.consent[complained] = Consent(False, at)
    elif said.given:
        profile.consent.pop(complained, None)
    if said.given and said.topic is None:
        profile.soft_bounces.pop(said.channel, None)
        bounced = profile.consent.get(_bounce(key))
        if bounced is not None and at >= bounced.at:
            del profile.consent[_bounce(key)]
    return said


def _bounced(profile: Profile, at: int, said: Statement) -> Statement:
    """Nothing can be delivered to an address, for now or for good: unless the customer has said yes since."""
    channel, known = said.channel, profile.contacts.get(said.channel)
    address = said.address or (str(known.value) if known is not None else None)
    if address is None:
        return said
    if not said.hard:
        if not _too_often(profile, channel, address, at):
            return said
        said = said._replace(hard=True)
    profile.soft_bounces.pop(channel, None)
    yes, before = profile.consent.get(channel), profile.consent.get(_bounce(channel))
    newer = before is not None and before.at > at
    if not newer and not (yes is not None and yes.given and yes.at > at):
        profile.consent[_bounce(channel)] = Consent(False, at, address)
    return said


def _too_often(profile: Profile, channel: str, address: str, at: int) -> bool:
    row = profile.soft_bounces.get(channel)
    if row is None or row.address != address:
        profile.soft_bounces[channel] = SoftBounces(address, 1, at, at)
        return False
    row.count, row.since, row.at = row.count + 1, min(row.since, at), max(row.at, at)
    return row.count > SOFT_MOST and row.at - row.since >= SOFT_FOR_MS


def _arrived(profile: Profile, event: Sealed) -> None:
    """A message has arrived: what had bounced before was for a while only."""
    channel = DELIVERED[event.name]
    row = profile.soft_bounces.get(channel)
    if row is None or event.time < row.at:
        return
    if (addresses(event).get(channel) or sent_to(profile, event, channel) or row.address) == row.address:
        del profile.soft_bounces[channel]


def _dead(profile: Profile, channel: str) -> bool:
    """Whether the address of a channel has bounced: another one of the customer's stops nothing."""
    bounced = profile.consent.get(_bounce(channel))
    if bounced is None:
        return False
    known = profile.contacts.get(channel)
    return known is None or known.value == bounced.address


def _bounce(channel: str) -> str:
    return f"{channel}{_MARK}bounced"


def _yes(said: Consent | None) -> bool:
    return said is None or said.given
