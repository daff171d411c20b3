"""What the system wrote, in the oracle's shape, and where the two differ."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from schemas.identifiers import Hasher
from schemas.record import Record
from schemas.topics import (
    AUDIENCES_MEMBERS,
    CART_TRANSITIONS,
    CONVERSIONS,
    DEAD_LETTERS,
    IDENTITY_ASSIGNMENTS,
    IDENTITY_MERGES,
    RETARGETING_DECISIONS,
    RETARGETING_MESSAGES,
    SEGMENTS_MEMBERSHIP,
    STITCHED_EVENTS,
)
from tests.oracle.outcome import Outcome, Stitched

FIELDS = {
    IDENTITY_MERGES: ("merged_profile_id", "into_profile_id", "reason", "merged_at", "refused"),
    CART_TRANSITIONS: (
        "profile_id", "cart_id", "from", "to", "at", "reason", "lines", "value", "currency", "stage", "abandonment_no",
    ),
    RETARGETING_DECISIONS: (
        "decision_id", "campaign_id", "step", "variant", "profile_id", "arm", "control_share", "outcome", "reason",
        "message_id", "trigger", "decided_at",
    ),
    RETARGETING_MESSAGES: (
        "message_id", "campaign_id", "step", "variant", "profile_id", "channel", "to", "subject", "body",
        "url", "offer", "trigger", "decided_at", "expires_at", "quiet_from", "quiet_until",
    ),
    CONVERSIONS: (
        "order_id", "profile_id", "kind", "counts", "orders", "value", "refunds", "currency", "at", "changed_at",
        "message_id", "channel", "recovered",
    ),
    SEGMENTS_MEMBERSHIP: ("profile_id", "segment", "change", "at", "nth", "reason", "since"),
}  # fmt: skip
"""Fields of each topic's rows that the oracle has an opinion on."""


def milliseconds(iso: str) -> int:
    """Epoch milliseconds of an ISO time."""
    return round(datetime.fromisoformat(iso).timestamp() * 1000)


def canonical(row: Any) -> Any:
    """A row as something to compare: numbers to a millionth, the lines of a cart in a fixed order."""
    if isinstance(row, dict):
        return {key: sort(value) if key == "lines" else canonical(value) for key, value in row.items()}
    return round(float(row), 6) if isinstance(row, int | float) and not isinstance(row, bool) else row


def sort(rows: Iterable[Any]) -> list[str]:
    """Rows as texts in a fixed order."""
    return sorted(json.dumps(canonical(row), sort_keys=True) for row in rows)


def rows_of(topics: Mapping[str, Iterable[Record]], topic: str) -> list[dict[str, Any]]:
    """Values of a topic, identical repeats and tombstones dropped; `profile_id` is the key where a value has none."""
    distinct = dict.fromkeys((r.key, r.value) for r in topics.get(topic, ()) if r.value is not None)
    return [{"profile_id": (key or b"").decode(), **json.loads(value)} for key, value in distinct]


def of_interest(topic: str, rows: Iterable[dict[str, Any]]) -> list[str]:
    """Rows of a topic, reduced to what is compared."""
    return sort({name: row.get(name) for name in FIELDS[topic]} for row in rows)


def differences(want: Outcome, topics: Mapping[str, Iterable[Record]], *, secret: str) -> list[str]:
    """Everything in which the records on `topics` differ from the oracle's outcome, one line each."""
    found: list[str] = []

    def compare(what: str, wanted: Iterable[Any], got: Iterable[Any]) -> None:
        wanted_count, got_count = Counter(wanted), Counter(got)
        found.extend(f"{what}: missing {one}" for one in (wanted_count - got_count).elements())
        found.extend(f"{what}: not wanted {one}" for one in (got_count - wanted_count).elements())

    hasher = Hasher(secret)
    owners = {hasher(*i): profile for profile, identifiers in want.clusters.items() for i in identifiers}
    assigned = {r.key.decode(): json.loads(r.value)["profile_id"] for r in topics.get(IDENTITY_ASSIGNMENTS, ())}
    compare("clusters", owners.items(), {**{h: assigned.get(h, h) for h in owners}, **assigned}.items())

    stitched = rows_of(topics, STITCHED_EVENTS)
    compare("late", [], [row["message_id"] for row in stitched if row["late"]])
    got = [stitched_row(row) for row in stitched]
    compare("stitched", want.stitched, got)
    if by_profile(want.stitched) != by_profile(got):
        found.append("stitched: events of a profile are out of order")
    dead = {}
    for record in topics.get(DEAD_LETTERS, ()):
        header = {name: value.decode() for name, value in record.headers}
        dead[header["topic"], int(header["partition"]), int(header["offset"])] = header["reason"]
    compare("dead letters", want.dead.items(), dead.items())

    for topic, wanted in (
        (IDENTITY_MERGES, want.merges),
        (CART_TRANSITIONS, want.transitions),
        (RETARGETING_DECISIONS, want.decisions),
        (RETARGETING_MESSAGES, want.messages),
        (CONVERSIONS, want.conversions),
        (SEGMENTS_MEMBERSHIP, want.memberships),
    ):
        compare(topic, of_interest(topic, wanted), of_interest(topic, comparable(want, topic, rows_of(topics, topic))))
    wanted_members = ((key, hashed(row, hasher)) for key, row in want.audiences)
    got_members = records_of(topics, AUDIENCES_MEMBERS)
    compare(AUDIENCES_MEMBERS, told_to_ads(wanted_members), told_to_ads(got_members))
    return found


def records_of(topics: Mapping[str, Iterable[Record]], topic: str) -> list[tuple[str, Any]]:
    """(key, row or None) of a topic's records."""
    return [
        ((record.key or b"").decode(), None if record.value is None else json.loads(record.value))
        for record in topics.get(topic, ())
    ]


def hashed(row: dict[str, Any] | None, hasher: Hasher) -> dict[str, Any] | None:
    """A member of an audience with its addresses as the record has them."""
    if row is None:
        return None
    known = [{"address_hash": hasher(*one["address"]), "agreed_at": one["agreed_at"]} for one in row["addresses"]]
    return {**row, "addresses": known}


def told_to_ads(records: Iterable[tuple[str, Any]]) -> list[str]:
    """What is said of each key, repeats dropped, what is said last of it marked."""
    records = list(records)
    last = {key: json.dumps(row, sort_keys=True) for key, row in records}
    each = {(key, json.dumps(row, sort_keys=True)) for key, row in records}
    return sorted(f"{key} {row}{' last' if last[key] == row else ''}" for key, row in each)


def comparable(want: Outcome, topic: str, rows: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    """Rows without the texts of messages that the oracle has not written."""
    if topic != RETARGETING_MESSAGES:
        return rows
    unwritten = {message["message_id"] for message in want.messages if message["body"] is None}
    nothing = {"subject": None, "body": None}
    return ({**row, **nothing} if row["message_id"] in unwritten else row for row in rows)


def by_profile(stitched: Iterable[Stitched]) -> dict[str, list[Stitched]]:
    """Stitched events of each profile, in their order."""
    profiles: dict[str, list[Stitched]] = {}
    for row in stitched:
        profiles.setdefault(row[0], []).append(row)
    return profiles


def stitched_row(row: dict[str, Any]) -> Stitched:
    """One record of stitched.events as the oracle keeps it."""
    source = row["source"]["topic"], row["source"]["partition"], row["source"]["offset"]
    return row["profile_id"], row["message_id"], milliseconds(row["event_time"]), row["name"], source
