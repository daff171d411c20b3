"""Splits: what is linked with an identifier before it is cut off, and which profiles there are afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from deploy.operate.person import tables, waiting
from deploy.operate.person.lookup import Person, members_of
from deploy.operate.person.requests import Answers

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

SHOWN_WITHIN: Final = 10.0
"""Seconds for ClickHouse to show the new profiles; after them, their identifiers are given as numbers alone."""


def cut(person: Person) -> list[tables.Shown]:
    """The identifiers linked with this one directly, as far as ClickHouse knows, and how each came in."""
    own = person.asked_by.hash
    return [
        entry
        for entry in tables.identifiers(person)
        if entry["hash"] == own or (entry["linked_to"] and entry["linked_to"]["hash"] == own)
    ]


def clusters(
    client: Client, person: Person, answers: Answers, seconds: float, shown_within: float = SHOWN_WITHIN
) -> list[dict[str, Any]]:
    """The profiles after a split, each with `profile_id`, `identifiers` (how many) and `members`.

    `members` are filled in when ClickHouse shows all of them within these seconds, and within `shown_within` seconds,
    else empty.
    """
    told = dict(answers.identify.clusters or ()) if answers.identify is not None else {}
    members: dict[str, list[dict[str, Any]]] = {}

    def look() -> bool:
        members.clear()
        for row in members_of(client, list(told)):
            hashed, type_, profile = row["identifier"], row["identifier_type"], row["profile_id"]
            seen = person.values.get(hashed)
            members.setdefault(profile, []).append({"type": type_, "value": seen[1] if seen else None, "hash": hashed})
        return all(len(members.get(profile, ())) == n for profile, n in told.items() if n > 1)

    shown = not told or waiting.wait_until(look, min(seconds, shown_within))
    return [
        {"profile_id": profile, "identifiers": n, "members": members.get(profile, []) if shown else []}
        for profile, n in told.items()
    ]


def receipt(person: Person, answers: Answers, after: list[dict[str, Any]]) -> dict[str, Any]:
    """What was cut, and the profiles there are `after` it."""
    said = answers.identify
    return {
        "request": answers.request,
        "type": person.asked_by.type,
        "found": bool(said and said.found),
        "profiles": answers.profiles,
        "clusters": after,
        "edges": int(said.edges or 0) if said else 0,
        "refused": int(said.refused or 0) if said else 0,
        "removed": answers.removed(),
    }
