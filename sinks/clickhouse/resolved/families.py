"""Families of profiles in ClickHouse: read as far as a batch touches them, resolved, and written anew as a whole.

Rows are replaced by those of a later reading: their version is the time before profile_merges was read, and never less
than what was there before, should the clock go back. So it is the same whether this is done once or twice, and of two
processes that do it at once the one that has seen more has the last word.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import orjson

from schemas.times import iso
from sinks.clickhouse.insert import FORMAT, SETTINGS
from sinks.clickhouse.resolved.reading import IDS, given, large
from sinks.clickhouse.resolved.resolving import Link, Resolution, resolve

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

PAGE: Final = 50_000
"""Merged profiles that a filling resolves at a time, with their families."""
NAME: Final = "resolved_profiles"
REVISION: Final = "1"
"""Another one, and tables filled under this one are filled anew."""
COLUMNS: Final = ("profile_id", "family", "linked_id", "current_id", "path", "version", "gone")
CUT_COLUMNS: Final = ("profile_id", "head", "until", "current_id", "version", "gone")
# What is put together here are constants; values are parameters.
MEMBERS: Final = f"""
SELECT toUnixTimestamp64Micro(now64(6)), groupUniqArray(profile_id), max(version) FROM resolved_profiles
WHERE family IN (SELECT family FROM resolved_profiles WHERE profile_id IN ({IDS}))
"""  # noqa: S608
_LINK: Final = """
SELECT
    merged_profile_id, into_profile_id, toUnixTimestamp64Milli(merged_at), version, reason = 'split', occurrence != 0,
    if(reason = 'split', identifiers, [])
FROM profile_merges
WHERE refused = '' AND reason != 'erased'
"""
LINKS: Final = f"""
{_LINK} AND merged_profile_id IN ({IDS})
UNION DISTINCT
{_LINK} AND into_profile_id IN ({IDS})
"""
CUTS: Final = f"SELECT DISTINCT profile_id, head FROM resolved_splits WHERE profile_id IN ({IDS})"  # noqa: S608
MERGED: Final = """
SELECT DISTINCT merged_profile_id FROM profile_merges
WHERE refused = '' AND reason != 'erased' AND merged_profile_id > %(after)s
ORDER BY merged_profile_id LIMIT %(page)s
"""


def refresh(client: Client, profiles: Collection[str]) -> frozenset[str]:
    """Resolve the families of some profiles anew. Returns all their members. Raises what the client raises."""
    members, links, version = _families(client, profiles)
    if members:
        _write(client, members, resolve(links), version)
    return members


def fill_once(client: Client) -> None:
    """Resolve every family there is, unless that was done before by these rules. Raises what the client raises."""
    if (NAME, REVISION) not in client.query("SELECT name, revision FROM filled_tables FINAL").result_rows:
        fill(client)
        client.insert("filled_tables", [(NAME, REVISION)], column_names=["name", "revision"])


def fill(client: Client) -> None:
    """Resolve every family there is. Raises what the client raises."""
    after = ""
    while True:
        page = client.query(MERGED, parameters={"after": after, "page": PAGE}).result_rows
        refresh(client, [row[0] for row in page])
        if len(page) < PAGE:
            return
        after = page[-1][0]


def _families(client: Client, profiles: Collection[str]) -> tuple[frozenset[str], list[Link], int]:
    """Some profiles with all of their families, every row about them, and the version of what follows from it.

    Mostly the tables know the families; what they do not know yet is found step by step. The version is of before the
    first reading: rows that come in after it belong to a batch that is resolved later.
    """
    members: set[str] = set()
    links: list[Link] = []
    version = 0
    new = set(profiles) - {""}
    while new:
        [(now, known, latest)] = large(client, MEMBERS, given(new))
        if not members:
            version = max(now, latest + 1)
        elif latest >= version:
            # Somebody has written them meanwhile, or the clock went back: what was read before may be less than that.
            return _families(client, members | new)
        new = (new | set(known)) - members
        members |= new
        rows = large(client, LINKS, given(new))
        links += [Link(row[0], row[1], row[2], row[3], bool(row[4]), bool(row[5]), frozenset(row[6])) for row in rows]
        new = {end for link in links for end in (link.merged, link.into)} - members
    return frozenset(members), links, version


def _write(client: Client, members: Collection[str], found: Resolution, version: int) -> None:
    """Cuts first: whoever reads in between finds no profile where it is no more, and a head where it was."""
    old = {tuple(row) for row in large(client, CUTS, given(members))}
    _insert(client, "resolved_splits", CUT_COLUMNS, [
        *((*key, iso(cut.until), cut.current, version, 0) for key, cut in found.cuts.items()),
        *((*key, iso(0), "", version, 1) for key in old - found.cuts.keys()),
    ])  # fmt: skip
    _insert(client, NAME, COLUMNS, _places(members, found, version))


def _places(members: Iterable[str], found: Resolution, version: int) -> Iterator[Sequence[Any]]:
    for profile in members:
        place = found.places.get(profile)
        if place is None:
            yield profile, "", "", "", [], version, 1
        else:
            path = [{"reached_id": reached, "at": iso(at)} for reached, at in place.path]
            yield profile, place.family, place.linked, place.current, path, version, 0


def _insert(client: Client, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    lines = b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)
    if lines:
        client.raw_insert(table, columns, lines, settings=SETTINGS, fmt=FORMAT)
