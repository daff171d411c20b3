"""Contact points, zone and traits: where a customer can be reached and what is known of them; the newest wins."""

from __future__ import annotations

from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from schemas.identifiers import EMAIL, PHONE, PUSH_TOKEN
from streams.core.profile import Profile
from streams.core.sealed import Sealed

CHANNEL_OF: Final = {EMAIL: "email", PHONE: "sms", PUSH_TOKEN: "push"}


def on_event(profile: Profile, event: Sealed) -> None:
    """Remember addresses, the time zone and the traits an event carries."""
    # Strongest first, so the first of a kind is written last: it is the one the event would belong to.
    for identifier in reversed(event.identifiers):
        channel = CHANNEL_OF.get(identifier["type"])
        if channel is not None:
            known = profile.contacts.get(channel)
            if known is None or event.time >= known[1]:
                profile.contacts[channel] = [identifier["value"], event.time]
    zone = event.context.get("timezone")
    if isinstance(zone, str) and _is_zone(zone) and (profile.zone is None or event.time >= profile.zone[1]):
        profile.zone = [zone, event.time]
    if event.type == "identify":
        for name, value in event.traits.items():
            known = profile.traits.get(name)
            if known is None or event.time >= known[1]:
                profile.traits[name] = [value, event.time]


def absorb(winner: Profile, loser: Profile) -> None:
    """Newest address and zone win; of traits the survivor's, the other's fill the gaps."""
    for channel, theirs in loser.contacts.items():
        mine = winner.contacts.get(channel)
        if mine is None or theirs[1] > mine[1]:
            winner.contacts[channel] = theirs
    if loser.zone is not None and (winner.zone is None or loser.zone[1] > winner.zone[1]):
        winner.zone = loser.zone
    for name, known in loser.traits.items():
        winner.traits.setdefault(name, known)


@lru_cache(maxsize=1024)
def _is_zone(name: str) -> bool:
    """Is this a name of the IANA list? Anything may come in `context.timezone`."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return bool(name)
