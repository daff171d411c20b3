"""Looks up the profile of an identifier, and what ClickHouse holds of it: identifiers, merges, numbers of rows.

Queries hold hashes, never a value: a value would stand in the server's query log.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from deploy.operate.person.identifiers import HashedIdentifier

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from schemas.identifiers import Hasher
    from schemas.settings import Settings

FACTS: Final = ("cart_transitions", "messages", "decisions", "conversions", "segment_members")
"""Tables of what happened to a profile, beside its events."""
NO_MERGE: Final = frozenset({"split", "split_history", "erased"})
"""Reasons of rows of `profile_merges` that unite nothing."""
LIVES: Final = 8
"""How often a customer may be erased and come back and still be found by an identifier that was never linked."""

Row = dict[str, Any]
Condition = tuple[str, dict[str, Any]]
"""A condition of SQL (what follows WHERE), and its parameters."""
Head = tuple[str, str]
"""An identifier as events carry it: (type, value)."""


@dataclass
class Person:
    """What is known of one profile: `ids` are its own id and its former ones, `asked_by` the identifier asked for.

    `members` are the rows of its identifiers, `values` their values by hash as far as its events show them, with the
    `keys` that stand for them in a query. `types` are those of other people's identifiers that were linked with them,
    or almost. `events` are its events: a condition and its parameters, which know what splits have brought and taken.
    """

    asked_by: HashedIdentifier
    profile_id: str
    former: list[str]
    members: list[Row]
    rows: dict[str, int] = field(default_factory=dict)
    merges: list[Row] = field(default_factory=list)
    refused: list[Row] = field(default_factory=list)
    splits: list[Row] = field(default_factory=list)
    values: dict[str, Head] = field(default_factory=dict)
    keys: dict[str, int] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    events: Condition = ("0", {})

    @property
    def ids(self) -> list[str]:
        """All ids that it has had, today's first."""
        return [self.profile_id, *self.former]

    @property
    def hashes(self) -> list[str]:
        """The hashes of its identifiers."""
        return [row["identifier"] for row in self.members] or [self.asked_by.hash]

    @property
    def known(self) -> bool:
        """Whether ClickHouse holds anything of it."""
        return bool(self.members or any(self.rows.values()))


@contextmanager
def opened(settings: Settings, identifier: HashedIdentifier, *, wait: float) -> Iterator[tuple[Client, Person]]:
    """A client of ClickHouse, tried for `wait` seconds, and the person. Raises UnavailableError."""
    from deploy.operate import clickhouse
    from schemas.identifiers import Hasher

    client = clickhouse.connect(settings, wait=wait)
    try:
        clickhouse.state(client)
        yield client, find(client, identifier, Hasher(settings.secret.get_secret_value()))
    finally:
        client.close()


def find(client: Client, identifier: HashedIdentifier, hasher: Hasher) -> Person:
    """The person an identifier belongs to; `known` says whether there is one."""
    sql = "SELECT profile_id FROM identifiers WHERE identifier = %(id)s ORDER BY version DESC LIMIT 1"
    owner = _rows(client, sql, id=identifier.hash)
    linked_to = owner[0]["profile_id"] if owner else ""
    profile_id = _current(client, linked_to) if linked_to else _unlinked(client, identifier.hash, erased=bool(owner))
    former = [
        row["profile_id"]
        for row in _rows(client, "SELECT profile_id FROM current_profiles WHERE current_id = %(id)s", id=profile_id)
        if row["profile_id"] != profile_id
    ]
    person = Person(identifier, profile_id, sorted(former), members_of(client, [profile_id, *former]))
    person.events = events_of(client, person.ids)
    person.rows = rows_of(client, person.ids, person.events)
    _merges(client, person)
    _values(client, person, hasher)
    _types(client, person)
    return person


def members_of(client: Client, ids: list[str]) -> list[Row]:
    """The rows of the identifiers that belong to one of the profiles `ids` now, in the order they came in."""
    sql = (
        "SELECT * FROM identifiers WHERE identifier IN"
        " (SELECT identifier FROM identifiers WHERE profile_id IN %(ids)s)"
        " ORDER BY version DESC LIMIT 1 BY identifier"
    )
    wanted = set(ids)
    found = [row for row in _rows(client, sql, ids=ids) if row["profile_id"] in wanted]
    return sorted(found, key=lambda row: (row["linked_at"], row["version"]))


def events_of(client: Client, ids: list[str]) -> Condition:
    """The condition, and its parameters, that selects the events of the profiles `ids`."""
    from sinks.clickhouse.erasing import events_of as find_events

    where, given, _ = find_events(client, ids)
    return where, given


def rows_of(client: Client, ids: list[str], events: Condition) -> dict[str, int]:
    """The number of rows about the profiles `ids`, by table; `events` is the condition of `events_of`."""
    where, given = events
    found = {"events": number(client, f"SELECT count() FROM events WHERE {where}", **given)}  # noqa: S608 - ours
    for table in FACTS:
        sql = f"SELECT count() FROM {table} WHERE profile_id IN %(ids)s"  # noqa: S608 - names of ours
        found[table] = number(client, sql, ids=ids)
    return found


def mentions(client: Client, person: Person) -> int:
    """How many events carry one of a person's identifiers, as far as the person's own events have shown them."""
    keys = [person.keys[hashed] for hashed in person.hashes if hashed in person.keys]
    if not keys:
        return 0
    sql = "SELECT count() FROM events FINAL WHERE arrayExists(i -> cityHash64(i.1, i.2) IN %(keys)s, identifiers)"
    return number(client, sql, keys=keys)


def number(client: Client, sql: str, **parameters: Any) -> int:
    """The number that the query `sql` gives."""
    return int(next(iter(_rows(client, sql, **parameters)[0].values())))


def _current(client: Client, profile_id: str) -> str:
    """The profile that a profile is part of today."""
    found = _rows(client, "SELECT current_id FROM current_profiles WHERE profile_id = %(id)s", id=profile_id)
    return str(found[0]["current_id"]) if found and found[0]["current_id"] else profile_id


def _unlinked(client: Client, hashed: str, *, erased: bool) -> str:
    """The profile of an identifier without links: its hash; once that was erased, the next id that is in use."""
    if not erased:
        return _current(client, hashed)
    from streams.core.identity.graph import next_id

    lives = [hashed]
    while len(lives) < LIVES:
        lives.append(next_id(lives[-1]))
    sql = "SELECT DISTINCT profile_id FROM events WHERE profile_id IN %(ids)s"
    used = {row["profile_id"] for row in _rows(client, sql, ids=lives)}
    return next((life for life in lives if life in used), hashed)


def _merges(client: Client, person: Person) -> None:
    sql = (
        "SELECT * FROM profile_merges FINAL WHERE merged_profile_id IN %(ids)s OR into_profile_id IN %(ids)s"
        " ORDER BY merged_at, version"
    )
    for row in _rows(client, sql, ids=person.ids):
        if row["refused"]:
            person.refused.append(row)
        elif row["reason"] == "split":
            person.splits.append(row)
        elif row["reason"] not in NO_MERGE:
            person.merges.append(row)


def _values(client: Client, person: Person, hasher: Hasher) -> None:
    """Match what its events carry with the hashes of its identifiers, and with those it is linked to."""
    where, given = person.events
    sql = (
        "SELECT DISTINCT i.1 AS type, i.2 AS value, cityHash64(i.1, i.2) AS key"  # noqa: S608 - a condition of ours
        f" FROM events ARRAY JOIN identifiers AS i WHERE {where}"
    )
    person.values[person.asked_by.hash] = (person.asked_by.type, person.asked_by.value)
    for row in _rows(client, sql, **given):
        hashed = hasher(row["type"], row["value"])
        person.values[hashed], person.keys[hashed] = (row["type"], row["value"]), row["key"]


def _types(client: Client, person: Person) -> None:
    """What identifiers of other people are, that were linked with its own or almost: their values are not shown."""
    rows = (*person.merges, *person.refused, *person.splits)
    linked = {hashed for row in rows for hashed in row.get("identifiers") or ()}
    if others := sorted((linked | {row["linked_to"] for row in person.members}) - set(person.values) - {""}):
        sql = "SELECT DISTINCT identifier, identifier_type FROM identifiers WHERE identifier IN %(ids)s"
        person.types = {row["identifier"]: row["identifier_type"] for row in _rows(client, sql, ids=others)}


def _rows(client: Client, sql: str, **parameters: Any) -> list[Row]:
    return [dict(row) for row in client.query(sql, parameters=parameters).named_results()]
