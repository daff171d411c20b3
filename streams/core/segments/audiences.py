"""Audiences of advertising: whom a segment gives to an ad platform, known by hashes of addresses alone.

A member is one hash of one customer in one audience. It is told when the customer is in the segment, may be advertised
to and has the address; when any of that ends, a record without a value under the same key takes it out, so that a
removal needs nothing that has been forgotten since. Contract 8, "Segments".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from hashlib import sha256
from typing import Any, Final, NamedTuple

from schemas.audiences import member_key, normalised
from schemas.identifiers import Hasher
from schemas.times import iso
from streams.core.campaigns import AdAudience, CampaignFile
from streams.core.contact import consent
from streams.core.contact.telling import kept_as
from streams.core.profile.membership import Segments
from streams.core.profile.state import Dated, Profile
from streams.core.segments.subject import NEVER

ADS: Final = "ads"
_CHANNEL_OF: Final = {"email": "email", "phone": "sms"}
_KNOWN_BY: Final = (ADS, "email", "sms")
"""What is said of one of a customer's addresses about ads holds for the customer's hashes."""


class Addressed(NamedTuple):
    """A hash of a profile belongs in an audience from now on, as `row` says, or no more (None). `key`: the record's."""

    profile_id: str
    key: str
    row: dict[str, Any] | None


class Audiences:
    """The audiences of one campaigns file. `hasher` makes the keyed hashes of addresses."""

    def __init__(self, file: CampaignFile, hasher: Hasher) -> None:
        self._of = [(segment.id, segment.audience) for segment in file.segments if segment.audience is not None]
        self._hasher = hasher
        self._agreed_by_default = file.consent.default == "opt_out"
        self._stale_after = file.stale_after.get("ads")

    def assess(self, profile: Profile, state: Segments, at: int) -> tuple[list[Addressed], int]:
        """What has changed since it was told last, and when time alone may change it. `at`: epoch milliseconds.

        First what is taken out, then what is told, in the order of the file.
        """
        if not self._of and not state.told:
            return [], NEVER
        wanted, until = self._wanted(profile, state.members, at)
        told = state.told
        found = [_out(profile, state, key) for key in list(told) if key not in wanted]
        for key, (row, said) in wanted.items():
            if told.get(key) != said:
                told[key] = said
                found.append(Addressed(profile.id, key, row))
        return found, until

    def _wanted(
        self, profile: Profile, members: Collection[str], at: int
    ) -> tuple[dict[str, tuple[dict[str, Any], str]], int]:
        """By key of the record, the row and what is compared of it; and when the first address is too old."""
        wanted: dict[str, tuple[dict[str, Any], str]] = {}
        until = NEVER
        for segment, audience in self._of:
            if segment not in members:
                continue
            if not consent.given(profile, ADS, audience.topic, default=self._agreed_by_default):
                continue
            known = self._addresses(profile, audience)
            for kind in audience.identifiers:
                point = profile.contacts.get(_CHANNEL_OF[kind.partition("_")[0]])
                if point is None:
                    continue
                if self._stale_after is not None:
                    ends = point.at + int(self._stale_after) + 1
                    if at >= ends:
                        continue
                    until = min(until, ends)
                hashed = sha256(normalised(kind, str(point.value)).encode()).hexdigest()
                key = member_key(profile.id, audience.webhook, kind, hashed, segment)
                row = {
                    "profile_id": profile.id, "webhook": audience.webhook, "audience": segment, "identifier": kind,
                    "sha256": hashed, "addresses": known, "at": iso(at),
                }  # fmt: skip
                wanted[key] = row, " ".join(f"{one['address_hash']}:{one['agreed_at']}" for one in known)
        return wanted, until

    def _addresses(self, profile: Profile, audience: AdAudience) -> list[dict[str, Any]]:
        """Under which hashes others may say no to ads for this customer, and when the customer has said yes."""
        points = [point for channel in _KNOWN_BY if (point := profile.contacts.get(channel)) is not None]
        return [
            {
                "address_hash": self._hasher(kept_as(ADS, about), str(point.value)),
                "agreed_at": iso(yes) if yes else None,
            }
            for point in points
            for about, yes in _agreed(profile, audience.topic, point)
        ]


def leave(profile: Profile, state: Segments) -> list[Addressed]:
    """A profile that is no more is taken out of all audiences."""
    return [_out(profile, state, key) for key in list(state.told)]


def keys_of(profile: Profile) -> Iterable[str]:
    """The keys of the records that put a profile into audiences."""
    return () if profile.segments is None else profile.segments.told


def _out(profile: Profile, state: Segments, key: str) -> Addressed:
    del state.told[key]
    return Addressed(profile.id, key, None)


def _agreed(profile: Profile, topic: str | None, point: Dated) -> list[tuple[str | None, int]]:
    channel, about = consent.own_yes(profile, ADS, topic, str(point.value))
    return [(None, channel)] if topic is None else [(None, channel), (topic, about)]
