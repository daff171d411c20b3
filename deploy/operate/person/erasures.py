"""Erasing a person: the request, what each part answers, and what is still there afterwards. Counts and ids only."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from deploy.errors import UnavailableError
from deploy.operate import broker, draining, links
from deploy.operate.person import lookup, raw_topics, requests, tombstones, waiting
from deploy.operate.person.lookup import Condition, Person
from schemas.topics import JOURNEY_CHANGELOG, TOMBSTONED

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from schemas.settings import Settings

IDENTIFIERS: Final = "SELECT count() FROM identifiers WHERE identifier IN %(ids)s AND profile_id != ''"
KEYED: Final = (*TOMBSTONED, JOURNEY_CHANGELOG)
"""Topics whose records of a person have a key, so that a tombstone can say that they are void."""
MEMBERS: Final = "SELECT count() FROM segment_members WHERE profile_id IN %(ids)s"
MERGES: Final = """
SELECT count() FROM profile_merges
WHERE (merged_profile_id IN %(ids)s OR into_profile_id IN %(ids)s)
  AND reason NOT IN ('split', 'split_history', 'erased')
  AND merged_profile_id NOT IN (SELECT merged_profile_id FROM profile_merges WHERE reason = 'split_history')
"""
PROFILES: Final = """
SELECT count() FROM profiles
WHERE profile_id IN %(ids)s AND profile_id NOT IN (SELECT profile_id FROM events WHERE profile_id IN %(ids)s)
"""
PEOPLE: Final = "SELECT count() FROM {} WHERE person IN (SELECT sipHash64(arrayJoin(%(ids)s)))"
OTHERS: Final = " AND person NOT IN (SELECT person FROM events WHERE profile_id IN %(ids)s)"
STAYS: Final = (
    "totals in cells and aggregates count on: they hold no identifier, no value and no profile",
    "identity.merges and identity.assignments keep keyed hashes without a value: the list of what was erased",
)


@dataclass
class Streams:
    """The result of an erasure in Kafka.

    `answers`: the receipts; `tombstones`: how many by topic; `mentions`: raw records that mention the person, by topic
    (None: not counted), kept `until`; `truncated`: raw records deleted; `refusal`: why none were; `kept`: how long
    topics with tombstones keep what is before them.
    """

    answers: requests.Answers
    tombstones: dict[str, int]
    mentions: dict[str, int] | None
    until: dict[str, str]
    truncated: int | None = None
    refusal: str | None = None
    kept: dict[str, str] = field(default_factory=dict)


async def in_streams(
    settings: Settings, person: Person, *, truncate: bool, count: bool, seconds: float, report: Callable[[int], None]
) -> Streams:
    """Publish the request and wait: for all answers, all tombstones, the sinks past them; then see to the raw topics.

    `truncate`: delete what the workers have read of raw topics. `count`: count the raw records that mention the person,
    `report` being told how many have been read. Raises UnavailableError when `seconds` are over.
    """
    from aiokafka.errors import KafkaError

    deadline = waiting.Deadline(seconds)
    async with broker.admin(settings, wait=draining.BROKER_WAIT) as client, links.consumer(settings) as consumer:
        since = await draining.ends(consumer, TOMBSTONED, settings)
        now = time.time_ns() // 1_000_000
        answers = await requests.ask(settings, requests.ERASE, person.asked_by, now, seconds=seconds)
        seen, after = await tombstones.read(consumer, since, answers.profiles, deadline.left)
        await tombstones.taken(client, settings, after, deadline.left)
        done = Streams(answers, seen, None, {})
        if truncate:
            try:
                done.truncated = await raw_topics.truncate(client, consumer, settings)
            except KafkaError as problem:
                done.refusal = f"Kafka at {settings.kafka} does not delete records ({type(problem).__name__})"
        if count:
            words = [person.values[hashed][1] for hashed in person.hashes if hashed in person.values]
            mention = raw_topics.Mention(settings, person.hashes, words or [person.asked_by.value])
            done.mentions = await raw_topics.mentions(consumer, settings, mention, report)
        kept = await raw_topics.retention(client, (*raw_topics.TOPICS, *KEYED))
        done.until = {topic: raw_topics.kept_for(kept.get(topic, {})) for topic in done.mentions or ()}
        done.kept = {topic: raw_topics.kept_for(kept.get(topic, {})) for topic in KEYED}
    return done


def rows(client: Client, ids: list[str], hashes: list[str], events: Condition) -> dict[str, int]:
    """The number of rows by table that are about the profiles `ids` or the identifiers with these `hashes`.

    `events` is the condition of `lookup.events_of`. Rows about splits and erasures do not count: the history of others
    needs them.
    """
    from sinks.clickhouse.erasing import OF_EVENTS, OF_PEOPLE

    found = lookup.rows_of(client, ids, events)
    where, given = events
    for table in OF_EVENTS:
        found[table] = lookup.number(client, f"SELECT count() FROM {table} WHERE {where}", **given)  # noqa: S608 - ours
    found["segment_members"] = lookup.number(client, MEMBERS, ids=ids)
    found["profiles"] = lookup.number(client, "SELECT count() FROM profiles WHERE profile_id IN %(ids)s", ids=ids)
    for table in OF_PEOPLE:
        found[table] = lookup.number(client, PEOPLE.format(table), ids=ids)
    found["identifiers"] = lookup.number(client, IDENTIFIERS, ids=hashes)
    found["profile_merges"] = lookup.number(client, MERGES, ids=ids)
    return found


def left(client: Client, ids: list[str], hashes: list[str], events: Condition) -> dict[str, int]:
    """The tables that still hold rows about the profiles `ids` or the identifiers with these `hashes`, with the number.

    A profile that other people have events under, by a split, keeps its rows about several events.
    """
    from sinks.clickhouse.erasing import OF_PEOPLE

    found = rows(client, ids, hashes, events)
    found["profiles"] = lookup.number(client, PROFILES, ids=ids)
    for table in OF_PEOPLE:
        found[table] = lookup.number(client, PEOPLE.format(table) + OTHERS, ids=ids)
    return {table: n for table, n in found.items() if n}


def gone(client: Client, ids: list[str], hashes: list[str], seconds: float) -> None:
    """Returns when ClickHouse holds no row of the profiles `ids` and of identifiers with these `hashes`.

    Raises UnavailableError when it still does after these seconds.
    """
    # Splits are not forgotten with a person: what the condition says now, it says in the end.
    events = lookup.events_of(client, ids)
    if not waiting.wait_until(lambda: not left(client, ids, hashes, events), seconds):
        told = ", ".join(f"{table} ({n})" for table, n in left(client, ids, hashes, events).items())
        raise UnavailableError(
            f"ClickHouse still holds rows of this person after {seconds:.0f} s: {told}. They are gone from the "
            "streams; the rows go as soon as the sinks get to it. Run this again to see"
        )


def receipt(person: Person, before: dict[str, int], done: Streams, others: int) -> dict[str, Any]:
    """What was removed where, and what stays until when. Holds no value of the person.

    `before`: rows of ClickHouse by table before the erasure; `others`: events of others that mention the person.
    """
    answers = done.answers
    said = answers.identify
    found = answers.found or any(before.values())
    return {
        "request": answers.request,
        "type": person.asked_by.type,
        "found": found,
        "profiles": answers.profiles if found else [],
        "removed": {
            "identity": {
                "identifiers": int(said.identifiers or 0) if said and said.found else 0,
                "edges": int(said.edges or 0) if said and said.found else 0,
                "refused": int(said.refused or 0) if said and said.found else 0,
            },
            "state": answers.removed(),
            "clickhouse": before,
            "tombstones": done.tombstones,
            "raw_records_truncated": done.truncated,
        },
        "stays": {
            "raw_records": {
                topic: {"records": n, "until": done.until[topic]} for topic, n in (done.mentions or {}).items()
            },
            "raw_records_counted": done.mentions is not None,
            "topics_with_tombstones": done.kept,
            "events_of_others": others,
            "notes": list(STAYS),
        },
        "refusal": done.refusal,
    }
