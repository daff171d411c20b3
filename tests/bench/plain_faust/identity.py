"""Who an event belongs to, in simple form: the first link decides, a second user takes the device over."""

from __future__ import annotations

from typing import Any

from schemas.identifiers import DEVICE_LIKE, USER_ID, Hasher, Identifier
from tests.bench.plain_faust.app import merges, moves, owners, people
from tests.bench.plain_faust.models import Moved, Person

_hash = Hasher("plain")


async def profile_of(identifiers: tuple[Identifier, ...], message_id: str, event_time: str) -> str:
    """The profile of an event, after its own links."""
    if not identifiers:
        return _hash("broadcast", message_id)
    head, *others = identifiers
    profile_id = _owner(head)
    if others:
        user = head.type == USER_ID
        if user and not _person(profile_id).user:
            people[profile_id] = Person(user=True)
        for other in others:
            hashed = _hash(*other)
            owner = owners.get(hashed)
            if owner is None:
                owners[hashed] = profile_id
                continue
            owner = _current(owner)
            if owner == profile_id:
                continue
            if user and _person(owner).user:
                if other.type in DEVICE_LIKE:
                    owners[hashed] = profile_id
                continue
            await _merge(owner, profile_id, event_time)
    return profile_id


async def _merge(loser: str, winner: str, event_time: str) -> None:
    people[loser] = Person(user=False, into=winner)
    await moves.send(key=loser, value=Moved(loser=loser, winner=winner))
    row: dict[str, Any] = {
        "merged_profile_id": loser, "into_profile_id": winner, "reason": "link", "merged_at": event_time, "version": 1,
    }  # fmt: skip
    await merges.send(key=loser, value=row)


def _owner(identifier: Identifier) -> str:
    hashed = _hash(*identifier)
    owner = owners.get(hashed)
    if owner is None:
        return _current(hashed)
    return _current(owner)


def _current(profile_id: str) -> str:
    person = people.get(profile_id)
    while person is not None and person.into is not None:
        profile_id = person.into
        person = people.get(profile_id)
    return profile_id


def _person(profile_id: str) -> Person:
    return people.get(profile_id) or Person()
