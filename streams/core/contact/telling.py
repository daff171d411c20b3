"""Who tells what an event says of addresses, and from when on it counts.

A no of an address that the event names is told by ingest, and counts from the event's own order key on. The rest is
told by the event's profile when the event takes effect: a no without an address is about those that the profile has
then, a yes counts unless it is a repeat, and a soft bounce may be one too many. For the profile itself that counts at
once; for others it counts from the next midnight (UTC) on, where time stands until all partitions know
(watermark/rounds.py). An address has several owners only where one came after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from schemas.consent_said import ALL
from schemas.topics import DAY_MS
from streams.core.contact.recipients import sent_to
from streams.core.contact.statements import Statement, addresses, statements
from streams.core.profile.event import Sealed
from streams.core.profile.state import Profile
from streams.core.protocol.order_key import order_key_behind

ADDRESSED: Final = ("email", "sms", "push", "ads", "messenger")
"""The channels that a person has an address on."""


class Told(NamedTuple):
    """What a profile tells: at the order `key` of its event, counting from the bound `upto` on.

    `addresses` are (channel, topic, address).
    """

    key: bytes
    upto: bytes
    given: bool
    reason: str
    addresses: tuple[tuple[str, str | None, str], ...]


def kept_as(channel: str, topic: str | None) -> str:
    """What is hashed with an address: the channel, or a topic on it."""
    return channel if topic is None else f"{channel}:{topic}"


def at_once(event: Sealed) -> list[Statement]:
    """What ingest tells of an event: the no's to addresses that it names."""
    return [one for one in statements(event, {}) if _named(one)]


def by_profile(profile: Profile, event: Sealed, said: Sequence[Statement]) -> list[Told]:
    """What the profile tells, having taken in what was `said`: of its addresses at this time, or of the one named."""
    told = []
    once = at_once(event)
    for one in said:
        if not one.hard or any(one[:-1] == other[:-1] for other in once):
            continue
        found = tuple(
            (channel, one.topic, address)
            for channel in (ADDRESSED if one.channel == ALL else (one.channel,))
            for address in ([one.address] if one.address is not None else _addresses(profile, event, channel))
        )
        if found:
            told.append(Told(event.order, known_from(event.time), one.given, one.reason, found))
    return told


def known_from(time: int) -> bytes:
    """The bound behind which others know what a profile tells of an event at `time` (epoch ms): the next midnight's.

    What is decided at that midnight itself belongs to the day that ends.
    """
    return order_key_behind((time // DAY_MS + 1) * DAY_MS)


def _named(said: Statement) -> bool:
    """Whether the event alone says all."""
    return said.hard and said.address is not None and not said.given


def _addresses(profile: Profile, event: Sealed, channel: str) -> list[str]:
    """The addresses that a profile has on a channel; an audience of ads knows it by the e-mail address as well."""
    found = {}
    for of in (channel, "email") if channel == "ads" else (channel,):
        known, named = profile.contacts.get(of), addresses(event).get(of) or sent_to(profile, event, of)
        found.update(dict.fromkeys(([str(known.value)] if known is not None else []) + ([named] if named else [])))
    return list(found)
