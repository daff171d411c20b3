"""Contact points, zone, language and traits: where a customer can be reached, what is known of them; newest wins."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from schemas.identifiers import ADVERTISING_ID, EMAIL, PHONE, PUSH_TOKEN
from schemas.zones import zone_named
from streams.core.profile.event import Sealed
from streams.core.profile.state import Dated, Profile

CHANNEL_OF: Final = {EMAIL: "email", PHONE: "sms", PUSH_TOKEN: "push", ADVERTISING_ID: "ads"}
_LANGUAGE: Final = re.compile(r"\s*([A-Za-z]{2})")


def on_event(profile: Profile, event: Sealed) -> None:
    """Remember addresses, the time zone, the language and the traits an event carries."""
    found = None
    for identifier in event.identifiers:
        channel = CHANNEL_OF.get(identifier["type"])
        # Strongest first: of a kind it is the first that the event would belong to.
        if channel is not None and (found is None or channel not in found):
            found = {channel: identifier["value"]} if found is None else {**found, channel: identifier["value"]}
    if found is not None:
        _points(profile, found, event.time)
    zone, last = event.context.get("timezone"), profile.zone
    if isinstance(zone, str) and (last is None or event.time >= last.at):
        if last is not None and last.value == zone:
            last.at = event.time
        elif (named := zone_named(zone)) is not None:
            profile.zone = Dated(named, event.time)
    if "locale" in event.context or event.traits:
        _locale(profile, event)
    if event.type == "identify":
        for name, value in event.traits.items():
            known = profile.traits.get(name)
            if known is None or event.time >= known.at:
                profile.traits[name] = Dated(value, event.time)


def absorb(winner: Profile, loser: Profile) -> None:
    """Newest address, zone and language win; of traits the survivor's, the other's fill the gaps."""
    for channel, theirs in loser.contacts.items():
        mine = winner.contacts.get(channel)
        if mine is None or theirs.at > mine.at:
            winner.contacts[channel] = theirs
    if loser.zone is not None and (winner.zone is None or loser.zone.at > winner.zone.at):
        winner.zone = loser.zone
    if loser.locale is not None and (winner.locale is None or loser.locale.at > winner.locale.at):
        winner.locale = loser.locale
    for name, known in loser.traits.items():
        winner.traits.setdefault(name, known)


def _points(profile: Profile, found: Mapping[str, str], time: int) -> None:
    for channel, value in found.items():
        known = profile.contacts.get(channel)
        if known is None or time >= known.at:
            profile.contacts[channel] = Dated(value, time)


def _locale(profile: Profile, event: Sealed) -> None:
    """The two letters of a language: of the browser or app, else as the customer's data have it."""
    if profile.locale is not None and event.time < profile.locale.at:
        return
    for said in (event.context.get("locale"), event.traits.get("language"), event.traits.get("locale")):
        if isinstance(said, str) and (language := _language(said)) is not None:
            profile.locale = Dated(language, event.time)
            return


@lru_cache(maxsize=1024)
def _language(said: str) -> str | None:
    match = _LANGUAGE.match(said)
    return None if match is None else match[1].lower()
