"""Who an identifier belongs to today, and what ClickHouse holds of that profile: identifiers, merges, numbers of rows.

Queries hold hashes, never a value: a value would stand in the server's query log.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from deploy.local.person.naming import Named

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from schemas.identifiers import Hasher

OF_A_PROFILE: Final = ("events", "cart_transitions", "messages", "decisions", "conversions")
"""Tables of facts with a `profile_id`."""
OTHERS: Final = ("profiles", "identifiers", "touches")
"""Tables with a `profile_id` that hold no facts of their own."""
NO_MERGE: Final = frozenset({"split", "split_history", "erased"})
"""Reasons of rows of `profile_merges` that unite nothing."""

LIVES: Final = 8
"""How often somebody may have been erased and come back to be found again by an identifier that was never linked."""

Row = dict[str, Any]
Head = tuple[str, str]
"""An identifier as events carry it: (type, value)."""


@dataclass
class Person:
    """What is known of one profile: `ids` are its own id and its former ones, `named` the identifier it was asked by.

    `members` are the rows of its identifiers, `values` their values by hash as far as events show them. `came` and
    `went` are hashes that a split has moved: the events they head are found under the profiles in `sources`, or are
    those of others now. `types` are those of other people's identifiers that were linked with them, or almost.
    """

    named: Named
    profile_id: str
    former: list[str]
    members: list[Row]
    rows: dict[str, int] = field(default_factory=dict)
    merges: list[Row] = field(default_factory=list)
    refused: list[Row] = field(default_factory=list)
    splits: list[Row] = field(default_factory=list)
    values: dict[str, Head] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    came: set[str] = field(default_factory=set)
    went: set[str] = field(default_factory=set)
    sources: list[str] = field(default_factory=list)

    @property
    def ids(self) -> list[str]:
        """Every id it has ever had, today's first."""
        return [self.profile_id, *self.former]

    @property
    def hashes(self) -> list[str]:
        """Its identifiers."""
        return [row["identifier"] for row in self.members] or [self.named.hash]

    @property
    def known(self) -> bool:
        """Whether anything is there at all."""
        return bool(self.members or any(self.rows.values()) or self.came)


def find(client: Client, named: Named, hasher: Hasher) -> Person:
    """The person an identifier belongs to; `known` says whether there is one."""
    sql = "SELECT profile_id FROM identifiers WHERE identifier = %(id)s ORDER BY version DESC LIMIT 1"
    owner = _rows(client, sql, id=named.hash)
    linked_to = owner[0]["profile_id"] if owner else ""
    profile_id = _current(client, linked_to) if linked_to else _unlinked(client, named.hash, erased=bool(owner))
    former = [
        row["profile_id"]
        for row in _rows(client, "SELECT profile_id FROM current_profiles WHERE current_id = %(id)s", id=profile_id)
        if row["profile_id"] != profile_id
    ]
    person = Person(named, profile_id, sorted(former), members_of(client, [profile_id, *former]))
    person.rows = count(client, person.ids, OF_A_PROFILE)
    _merges(client, person)
    _values(client, person, hasher)
    _types(client, person)
    return person


def members_of(client: Client, ids: list[str]) -> list[Row]:
    """Rows of the identifiers that belong to one of these profiles now, in the order they came in."""
    sql = (
        "SELECT * FROM identifiers WHERE identifier IN"
        " (SELECT identifier FROM identifiers WHERE profile_id IN %(ids)s)"
        " ORDER BY version DESC LIMIT 1 BY identifier"
    )
    wanted = set(ids)
    found = [row for row in _rows(client, sql, ids=ids) if row["profile_id"] in wanted]
    return sorted(found, key=lambda row: (row["linked_at"], row["version"]))


def count(client: Client, ids: Iterable[str], tables: Iterable[str]) -> dict[str, int]:
    """Rows of these profiles by table; a table that is not there has none."""
    wanted = list(ids)
    found = {}
    for table in there(client, tables):
        sql = f"SELECT count() AS n FROM {table} WHERE profile_id IN %(ids)s"  # noqa: S608 - names of ours
        found[table] = _rows(client, sql, ids=wanted)[0]["n"]
    return found


def there(client: Client, tables: Iterable[str]) -> list[str]:
    """Those of the tables that exist."""
    have = {row[0] for row in client.query("SHOW TABLES").result_rows}
    return [table for table in tables if table in have]


def mentions(client: Client, heads: Iterable[Head], but: Iterable[str]) -> int:
    """Events of other profiles than `but` that carry one of these identifiers."""
    keys = [key_of(client, head) for head in set(heads)]
    if not keys:
        return 0
    sql = (
        "SELECT count() AS n FROM events FINAL WHERE profile_id NOT IN %(ids)s"
        " AND arrayExists(i -> cityHash64(i.1, i.2) IN %(keys)s, identifiers)"
    )
    return int(_rows(client, sql, ids=list(but), keys=keys)[0]["n"])


def key_of(client: Client, head: Head) -> int:
    """What stands for an identifier in a query."""
    sql = "SELECT cityHash64({type:String}, {value:String})"
    return int(client.query(sql, parameters={"type": head[0], "value": head[1]}).result_rows[0][0])


def _current(client: Client, profile_id: str) -> str:
    """The profile that a profile is part of today."""
    found = _rows(client, "SELECT current_id FROM current_profiles WHERE profile_id = %(id)s", id=profile_id)
    return str(found[0]["current_id"]) if found and found[0]["current_id"] else profile_id


def _unlinked(client: Client, hashed: str, *, erased: bool) -> str:
    """The profile of an identifier without links: its hash; once that was erased, the next id that is in use."""
    candidate = hashed
    for _ in range(LIVES if erased else 0):
        if any(count(client, [candidate], OF_A_PROFILE).values()):
            return candidate
        candidate = blake2b(candidate.encode(), digest_size=16).hexdigest()
    return _current(client, hashed)


def _merges(client: Client, person: Person) -> None:
    sql = (
        "SELECT * FROM profile_merges FINAL WHERE merged_profile_id IN %(ids)s OR into_profile_id IN %(ids)s"
        " ORDER BY merged_at, version"
    )
    ids = set(person.ids)
    current = {row["identifier"] for row in person.members}
    for row in _rows(client, sql, ids=person.ids):
        if row["refused"]:
            person.refused.append(row)
        elif row["reason"] not in NO_MERGE:
            person.merges.append(row)
        elif row["reason"] == "split":
            person.splits.append(row)
            moved = set(row.get("identifiers") or ())
            if row["merged_profile_id"] in ids:
                person.went |= moved - current
            if row["into_profile_id"] in ids and (back := moved & current):
                person.came |= back
                person.sources.append(row["merged_profile_id"])
    if person.sources:
        older = "SELECT profile_id FROM current_profiles WHERE current_id IN %(ids)s"
        person.sources += [row["profile_id"] for row in _rows(client, older, ids=person.sources)]
        person.sources = sorted(set(person.sources) - ids)


def _values(client: Client, person: Person, hasher: Hasher) -> None:
    """Match what its events carry with the hashes of its identifiers, and with those it is linked to."""
    sql = (
        "SELECT DISTINCT i.1 AS type, i.2 AS value FROM events ARRAY JOIN identifiers AS i WHERE profile_id IN %(ids)s"
    )
    person.values[person.named.hash] = (person.named.type, person.named.value)
    for row in _rows(client, sql, ids=[*person.ids, *person.sources]):
        person.values[hasher(row["type"], row["value"])] = (row["type"], row["value"])


def _types(client: Client, person: Person) -> None:
    """What identifiers of other people are, that were linked with its own or almost: their values are not shown."""
    named = {one for row in (*person.merges, *person.refused, *person.splits) for one in row.get("identifiers") or ()}
    if others := sorted((named | {row["linked_to"] for row in person.members}) - set(person.values) - {""}):
        sql = "SELECT DISTINCT identifier, identifier_type FROM identifiers WHERE identifier IN %(ids)s"
        person.types = {row["identifier"]: row["identifier_type"] for row in _rows(client, sql, ids=others)}


def _rows(client: Client, sql: str, **parameters: Any) -> list[Row]:
    given = {name: _list(value) for name, value in parameters.items()}
    return [dict(row) for row in client.query(sql, parameters=given).named_results()]


def _list(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
