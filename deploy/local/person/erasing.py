"""Forgetting a person: the request, what each part answers, and what is still there afterwards. Counts and ids only."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from deploy.local import broker, draining
from deploy.local.errors import UnavailableError
from deploy.local.person import asking, lookup, patient, raw, tombstones
from deploy.local.person.lookup import OF_A_PROFILE, OTHERS, Person

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from schemas.settings import Settings

MERGES: Final = "profile_merges"
STAYS: Final = (
    "totals in cells and aggregates count on: they hold no identifier, no value and no profile",
    "identity.merges and identity.assignments keep keyed hashes without a value: the list of what was erased",
)


@dataclass
class Streams:
    """What came of the Kafka side of an erasure."""

    answers: asking.Answers
    tombstones: dict[str, int]
    mentions: dict[str, int] | None
    until: dict[str, str]
    truncated: int | None = None
    refusal: str | None = None
    kept: dict[str, str] = field(default_factory=dict)


async def in_streams(
    settings: Settings, person: Person, *, truncate: bool, count: bool, seconds: float, report: Callable[[int], None]
) -> Streams:
    """Publish the request and see it through: all answers, all tombstones, the sinks past them, then the raw topics.

    Raises UnavailableError.
    """
    from aiokafka.errors import KafkaError

    deadline = patient.Deadline(seconds)
    async with broker.admin(settings, wait=draining.BROKER_WAIT) as client, asking.links(settings) as consumer:
        since = await draining.ends(consumer, tombstones.TOMBSTONED, settings)
        now = time.time_ns() // 1_000_000
        answers = await asking.ask(settings, asking.ERASE, person.named, now, seconds=seconds)
        seen, after = await tombstones.read(consumer, since, answers.profiles, deadline.left)
        await tombstones.taken(client, settings, after, deadline.left)
        done = Streams(answers, seen, None, {})
        if truncate:
            try:
                done.truncated = await raw.truncate(client, consumer, settings)
            except KafkaError as problem:
                done.refusal = f"Kafka at {settings.kafka} does not delete records ({type(problem).__name__})"
        if count:
            words = [person.values[one][1] for one in person.hashes if one in person.values]
            mention = raw.Mention(settings, person.hashes, words or [person.named.value])
            done.mentions = await raw.mentions(consumer, settings, mention, report)
        kept = await raw.retention(client, (*raw.TOPICS, *tombstones.TOMBSTONED))
        done.until = {topic: raw.until(kept.get(topic, {})) for topic in done.mentions or ()}
        done.kept = {topic: raw.until(kept.get(topic, {})) for topic in tombstones.TOMBSTONED}
    return done


def rows(client: Client, ids: list[str]) -> dict[str, int]:
    """Rows of these profiles in every table, those that say that they were erased left out."""
    found = lookup.count(client, ids, (*OF_A_PROFILE, *OTHERS))
    sql = (
        "SELECT count() FROM profile_merges"
        " WHERE (merged_profile_id IN %(ids)s OR into_profile_id IN %(ids)s) AND reason != 'erased'"
    )
    found[MERGES] = int(client.query(sql, parameters={"ids": tuple(ids)}).result_rows[0][0])
    return found


def of_before_a_split(client: Client, person: Person, *, delete: bool = False) -> int:
    """Events that a split has left under the profile that its identifiers were cut off from; deletes them if asked.

    Returns how many there are, or were. No tombstone names them: that profile is another person's.
    """
    if not person.came:
        return 0
    given = {"sources": tuple(person.sources), "came": tuple(sorted(person.came))}
    where = "profile_id IN %(sources)s AND head IN %(came)s"
    found = int(client.query(f"SELECT count() FROM events WHERE {where}", parameters=given).result_rows[0][0])  # noqa: S608
    if delete and found:
        client.command(f"ALTER TABLE events DELETE WHERE {where} SETTINGS mutations_sync = 1", parameters=given)
    return found


def gone(client: Client, ids: list[str], seconds: float) -> None:
    """Returns when ClickHouse holds no row of these profiles. Raises UnavailableError when it still does in the end."""
    if not patient.until(lambda: not any(rows(client, ids).values()), seconds):
        left = {table: n for table, n in rows(client, ids).items() if n}
        told = ", ".join(f"{table} ({n})" for table, n in left.items())
        raise UnavailableError(
            f"ClickHouse still holds rows of this person after {seconds:.0f} s: {told}. They are gone from the "
            "streams; the rows go as soon as the sinks get to it. Run this again to see"
        )


def receipt(person: Person, before: dict[str, int], split_off: int, done: Streams, others: int) -> dict[str, Any]:
    """What was removed where, and what stays until when. Holds no value of the person."""
    answers = done.answers
    identify = answers.identify or {}
    found = answers.found or any(before.values()) or bool(split_off)
    return {
        "request": answers.request,
        "type": person.named.type,
        "found": found,
        "profiles": answers.profiles if found else [],
        "removed": {
            "identity": {
                name: int(identify.get(name, 0)) if identify.get("found") else 0
                for name in ("identifiers", "edges", "refused")
            },
            "state": answers.removed(),
            "clickhouse": before,
            "clickhouse_events_of_before_a_split": split_off,
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
