"""Rows of erased persons: deleted for good, part by part, however often it is asked for.

A tombstone on a topic that is keyed by profile deletes that profile's rows of the topic's own table: in a topic it
comes after everything it is about. What comes later, as of a new customer under the same identifier, stays.
Identifiers and merges are in topics without tombstones: there the row that says `erased` deletes what is older.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

AT_ONCE: Final = {"mutations_sync": 1}
"""A deletion has happened when the statement returns; an offset may be committed then."""
OF_EVENTS: Final = ("touches", "spend", "feedback", "coupons")
"""Tables that are filled from events, with the same profile_id, head and event_time."""
OF_PEOPLE: Final = {
    "activity": "SELECT person, quarter, channel, device, did FROM activity_parts",
    "landings": "SELECT person, at, source, medium, campaign, referrer, host FROM landing_parts",
}
"""Tables of the hashes of profiles, filled from events too, and the queries that tell them anew."""
PEOPLE: Final = "SELECT sipHash64(arrayJoin(%(ids)s))"
MONTHS: Final = {"max_partitions_per_insert_block": 0}
SPLITS: Final = "SELECT count() FROM profile_merges WHERE reason IN ('split', 'split_history')"
CUTS: Final = "SELECT profile_id, head, toString(until), current_id FROM split_heads"
LINKED: Final = "SELECT profile_id, current_id FROM linked_profiles WHERE profile_id IN %(ids)s"
LISTED: Final = (
    "arrayExists(cut -> cut.1 = profile_id AND cut.2 = head AND event_time <= toDateTime64(cut.3, 3, 'UTC'), {})"
)
OLD_VERSIONS: Final = "identifier IN %(ids)s AND version < transform(identifier, %(ids)s, %(versions)s, toUInt64(0))"
OLD_MERGES: Final = """
(merged_profile_id IN %(ids)s OR into_profile_id IN %(ids)s) AND reason NOT IN ('split', 'split_history', 'erased')
AND merged_profile_id NOT IN %(split)s
AND version < greatest(transform(merged_profile_id, %(ids)s, %(versions)s, toUInt64(0)),
                       transform(into_profile_id, %(ids)s, %(versions)s, toUInt64(0)))
"""
GONE_ELSEWHERE: Final = "SELECT DISTINCT merged_profile_id FROM profile_merges WHERE reason = 'split_history'"


def erase(client: Client, table: str, erased: Mapping[str, int]) -> None:
    """Delete what a table holds of erased profiles; of erased identifiers, for the table `identifiers`.

    `erased`: each id with the version that erased it (0 from a tombstone, which has none). Raises what the client does.
    """
    ids = sorted(erased)
    versions = [erased[one] for one in ids]
    match table:
        case "events":
            _erase_events(client, ids)
        case "identifiers":
            _delete(client, table, OLD_VERSIONS, ids=ids, versions=versions)
        case "profile_merges":
            # Rows about splits stay: hashes alone, and what others did under the erased profile is known by them.
            split = [row[0] for row in client.query(GONE_ELSEWHERE).result_rows] or [""]
            _delete(client, table, OLD_MERGES, ids=ids, versions=versions, split=split)
        case _:
            _delete(client, table, "profile_id IN %(ids)s", ids=ids)


def events_of(client: Client, ids: list[str]) -> tuple[str, dict[str, Any], set[str]]:
    """Events that are these profiles' today: not those of heads that a split has taken to somebody else, but theirs.

    Returns a condition, its parameters, and the ids that such events may have been written with.
    """
    whole, conditions, more = set(ids), ["profile_id IN %(whole)s"], {}
    touched = set(ids)
    if client.query(SPLITS).result_rows[0][0]:
        cuts = [tuple(row) for row in client.query(CUTS).result_rows]
        # A profile that went elsewhere by a split left what its other heads did to where it had been merged into.
        gone = sorted({profile for profile, head, _, _ in cuts if not head}) or [""]
        for profile, current in client.query(LINKED, parameters={"ids": gone}).result_rows:
            whole = whole | {profile} if current in ids else whole - {profile}
        stay = [cut[:3] for cut in cuts if cut[0] in whole and cut[3] not in ids]
        go = [cut[:3] for cut in cuts if cut[0] not in whole and cut[3] in ids]
        touched |= whole | {cut[0] for cut in go}
        if stay:
            conditions[0] += f" AND NOT {LISTED.format('%(stay)s')}"
            more["stay"] = stay
        if go:
            conditions.append(LISTED.format("%(go)s"))
            more["go"] = go
    where = " OR ".join(f"({condition})" for condition in conditions)
    return where, {"whole": sorted(whole) or [""], **more}, touched


def _erase_events(client: Client, erased: list[str]) -> None:
    where, values, touched = events_of(client, erased)
    for table in ("events", *OF_EVENTS):
        _delete(client, table, where, **values)
    ids = sorted(touched)
    people = [row[0] for row in client.query(PEOPLE, parameters={"ids": ids}).result_rows]
    _delete(client, "profiles", "profile_id IN %(ids)s", ids=ids)
    for table in OF_PEOPLE:
        _delete(client, table, "person IN %(people)s", people=people)
    # What is left of them, or has come since, tells it anew: also where a crash came between the two.
    for table, parts in (("profiles", "SELECT * FROM profile_parts"), *OF_PEOPLE.items()):
        told = f"INSERT INTO {table} {parts} WHERE profile_id IN %(ids)s"
        client.command(told, parameters={"ids": ids}, settings=MONTHS)


def _delete(client: Client, table: str, where: str, **values: Iterable[Any]) -> bool:
    """Delete rows of a table; whether there were any. Without any no part is touched."""
    if not client.query(f"SELECT count() FROM {table} WHERE {where}", parameters=values).result_rows[0][0]:  # noqa: S608
        return False
    client.command(f"ALTER TABLE {table} DELETE WHERE {where}", parameters=values, settings=AT_ONCE)
    return True
