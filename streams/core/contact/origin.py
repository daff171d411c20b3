"""Zone, language and traits: where a customer is at home, and what is known of them; the newest wins.

Zone and language are told by the customer's own machine: a till, an agent's browser and a mail server have their own.
docs/contract.md, "Contact points".
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

import orjson

from schemas.zones import zone_named
from streams.core.contact.points import OWN_MACHINE
from streams.core.profile.event import Sealed
from streams.core.profile.state import Dated, Profile

MOST_TRAITS: Final = 500
_LONGEST_NAME: Final = 256
_LONGEST_TEXT: Final = 2_000
"""Characters of a trait; templates see no more of a text (contract 8.94)."""
_MOST_BYTES: Final = 10_000
"""Of the JSON of a trait that is a list or an object."""
_TOO_LARGE: Final = object()
_LANGUAGE: Final = re.compile(r"\s*([A-Za-z]{2})")
_CHINESE: Final = re.compile(r"\s*zh[-_](?:(hant|tw|hk|mo)|(hans|cn|sg|my))(?![a-z])", re.IGNORECASE)
"""Who reads Traditional characters does not read Simplified ones with pleasure: a script, else a region says which."""


def on_event(profile: Profile, event: Sealed) -> None:
    """Remember the time zone, the language and the traits an event carries."""
    own = event.channel in OWN_MACHINE
    if own:
        zone, last = event.context.get("timezone"), profile.zone
        if isinstance(zone, str) and (last is None or event.time >= last.at):
            if last is not None and last.value == zone:
                last.at = event.time
            elif (named := zone_named(zone)) is not None:
                profile.zone = Dated(named, event.time)
        locale = event.context.get("locale")
        if locale is not None or event.traits:
            _locale(profile, event, locale)
    if event.type == "identify":
        if not own and event.traits:
            _locale(profile, event, None)
        traits = profile.traits
        for name, value in event.traits.items():
            known = traits.get(name)
            if known is not None:
                if event.time >= known.at and (kept := _kept(value)) is not _TOO_LARGE:
                    traits[name] = Dated(kept, event.time)
            elif len(name) <= _LONGEST_NAME and len(traits) < MOST_TRAITS and (kept := _kept(value)) is not _TOO_LARGE:
                traits[name] = Dated(kept, event.time)


def absorb(winner: Profile, loser: Profile) -> None:
    """Newest zone and language win; of traits the survivor's, the other's fill the gaps."""
    if loser.zone is not None and (winner.zone is None or loser.zone.at > winner.zone.at):
        winner.zone = loser.zone
    if loser.locale is not None and (winner.locale is None or loser.locale.at > winner.locale.at):
        winner.locale = loser.locale
    for name, known in loser.traits.items():
        if len(winner.traits) < MOST_TRAITS:
            winner.traits.setdefault(name, known)


def _kept(value: Any) -> Any:
    """As much of a trait as is kept; `_TOO_LARGE` for a list or object that is not."""
    if type(value) is str:
        return value[:_LONGEST_TEXT]
    if (type(value) is list or type(value) is dict) and len(orjson.dumps(value)) > _MOST_BYTES:
        return _TOO_LARGE
    return value


def _locale(profile: Profile, event: Sealed, machine: Any) -> None:
    """A language, two letters, Chinese with its script: of the browser or app, else as the customer's data have it."""
    last = profile.locale
    if last is not None and event.time < last.at:
        return
    language = _language(machine) if isinstance(machine, str) else None
    if language is None and (traits := event.traits):
        for said in (traits.get("language"), traits.get("locale")):
            if language is None and isinstance(said, str):
                language = _language(said)
    if language is None:
        return
    if last is not None and last.value == language:
        last.at = event.time
    else:
        profile.locale = Dated(language, event.time)


@lru_cache(maxsize=1024)
def _language(said: str) -> str | None:
    if (chinese := _CHINESE.match(said)) is not None:
        return "zh-Hant" if chinese[1] else "zh-Hans"
    match = _LANGUAGE.match(said)
    return None if match is None else match[1].lower()
