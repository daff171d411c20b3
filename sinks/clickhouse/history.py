"""Events and decisions of the past as the pipeline wrote them, read back from ClickHouse in the order of their effect.

An event takes effect at its own time; one that came late (`late`) when time had come to its arrival less the allowed
lateness, and after its own time in any case. All times are epoch milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from schemas.times import iso

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

PAGE: Final = 10_000
"""Events of one query: a few ten megabytes."""
HOUR_MS: Final = 3_600_000

_TIME: Final = "toUnixTimestamp64Milli(event_time)"
_APPLIED: Final = f"if(late, greatest(toUnixTimestamp64Milli(received_at) - {{lateness:Int64}}, {_TIME} + 1), {_TIME})"
_WITHIN: Final = f"{_TIME} >= {{since:Int64}} AND {_TIME} < {{until:Int64}}"
_PLACE: Final = "source_topic, source_partition, source_offset"
# What is put together here are constants; values are parameters.
_HOURS: Final = f"""
    SELECT intDiv({_APPLIED}, {HOUR_MS}) AS hour, count() FROM events WHERE {_WITHIN} GROUP BY hour ORDER BY hour
"""  # noqa: S608
_EVENTS: Final = f"""
    SELECT
        {_APPLIED} AS applied, late, {_TIME} AS time, {_PLACE}, toUnixTimestamp64Milli(received_at), channel, type,
        name, original_name, message_id, toJSONString(identifiers), properties, context, traits, extra
    FROM events
    WHERE {_WITHIN} AND applied >= {{low:Int64}} AND applied < {{high:Int64}}
        AND (applied, late, time, {_PLACE}) > ({{applied:Int64}}, {{late:Bool}}, {{time:Int64}}, {{topic:String}},
            {{partition:UInt32}}, {{offset:UInt64}})
    ORDER BY applied, late, time, {_PLACE}
    LIMIT {{page:UInt32}}
"""  # noqa: S608
_ALIASED: Final = f"""
    WITH aliases AS
    (
        SELECT {_PLACE} FROM events WHERE type = 'alias' AND {_WITHIN}
            AND {_APPLIED} >= {{low:Int64}} AND {_APPLIED} <= {{high:Int64}}
    )
    SELECT {_PLACE}, hash, any(known.identifier_type) AS kind
    FROM
    (
        SELECT {_PLACE}, identifier AS hash FROM identifiers WHERE ({_PLACE}) IN aliases
        UNION ALL
        SELECT {_PLACE}, arrayJoin(identifiers) AS hash FROM profile_merges WHERE ({_PLACE}) IN aliases
    ) AS said
    LEFT ANY JOIN (SELECT identifier, identifier_type FROM identifiers) AS known ON known.identifier = said.hash
    GROUP BY {_PLACE}, hash
    ORDER BY {_PLACE}, hash
"""  # noqa: S608
_DECISIONS: Final = """
    SELECT decision_id, profile_id, campaign_id, step, variant, arm, outcome, reason, message_id, trigger_type,
        toUnixTimestamp64Milli(trigger_at), cart_id, toUnixTimestamp64Milli(decided_at), control_share
    FROM decisions FINAL
    WHERE decided_at >= fromUnixTimestamp64Milli({since:Int64}) AND decided_at < fromUnixTimestamp64Milli({until:Int64})
    ORDER BY profile_id, decided_at, decision_id
"""
_SAID: Final = """
    SELECT merged_profile_id, into_profile_id, reason, identifier, toUnixTimestamp64Milli(merged_at), version
    FROM profile_merges FINAL
    WHERE reason IN ('split', 'erased') AND merged_at < fromUnixTimestamp64Milli({until:Int64})
    ORDER BY version, merged_profile_id, into_profile_id
"""
# What an event says of an address bears the event's time.
_IMPORTED: Final = """
    SELECT address_hash, channel, topic, suppressed, reason, toUnixTimestamp64Milli(since),
        toUnixTimestamp64Milli(known_at)
    FROM suppressions FINAL
    WHERE known_at < fromUnixTimestamp64Milli({until:Int64})
        AND since NOT IN (SELECT event_time FROM events WHERE event_time IN (SELECT since FROM suppressions))
    ORDER BY known_at, address_hash
"""
_REQUESTS: Final = """
    SELECT reason, uniqExact(merged_profile_id) FROM profile_merges
    WHERE reason IN ('split', 'erased') AND merged_at < fromUnixTimestamp64Milli({until:Int64})
    GROUP BY reason ORDER BY reason
"""


class StoredEvent(NamedTuple):
    """An event, as a value of `stitched.events` without `profile_id`; its parts are JSON text still, as they lie there.

    `applied`: when it took effect. `late`: it came after time had passed its own. `linked`: keyed hash and type
    of each identifier that an alias call linked, those of the event itself among them; empty for all other calls.
    """

    applied: int
    late: bool
    value: dict[str, Any]
    linked: Sequence[tuple[str, str]]


def count(client: Client, since: int, until: int) -> int:
    """How many rows of events there are of [since, until)."""
    given = {"since": since, "until": until}
    return int(client.query(f"SELECT count() FROM events WHERE {_WITHIN}", parameters=given).result_rows[0][0])  # noqa: S608


def events(client: Client, since: int, until: int, lateness: int) -> Iterator[StoredEvent]:
    """The events of [since, until) in the order in which they took effect; `lateness` is that allowed (milliseconds).

    What lies in `events` twice under one source comes once. A page of them is in memory at a time.
    """
    given = {"since": since, "until": until, "lateness": lateness}
    hours = client.query(_HOURS, parameters=given).result_rows
    for first, last in _ranges(hours):
        within = {**given, "page": PAGE, "low": first * HOUR_MS, "high": (last + 1) * HOUR_MS}
        after: tuple[Any, ...] = (-1, False, 0, "", 0, 0)
        while True:
            names = dict(zip(("applied", "late", "time", "topic", "partition", "offset"), after, strict=True))
            raw = client.raw_query(_EVENTS, parameters={**within, **names}, fmt="JSONCompactEachRow")
            rows = [orjson.loads(line) for line in raw.splitlines()]
            yield from _stored(client, within, rows, after)
            if len(rows) < PAGE:
                break
            after = _key(rows[-1])


def decisions(client: Client, since: int, until: int) -> Iterator[dict[str, Any]]:
    """The decisions made in [since, until), as values of `retargeting.decisions`."""
    with client.query_rows_stream(_DECISIONS, parameters={"since": since, "until": until}) as rows:
        for row in rows:
            id_, profile, campaign, step, variant, arm, outcome, reason, message, kind, at, cart, decided, share = row
            yield {
                "decision_id": id_, "profile_id": profile, "campaign_id": campaign, "step": step,
                "variant": variant or None, "arm": arm, "outcome": outcome, "reason": reason or None,
                "message_id": message or None,
                "trigger": {"type": kind, "at": None if at is None else iso(at), "cart_id": cart or None},
                "decided_at": iso(decided), "control_share": share,
            }  # fmt: skip


def merges(client: Client, until: int) -> list[dict[str, Any]]:
    """The splits and erasures of before a time `until`, as values of `identity.merges`, in part."""
    found = client.query(_SAID, parameters={"until": until}).result_rows
    return [
        {
            "merged_profile_id": profile, "into_profile_id": into or None, "reason": reason,
            "identifier": identifier or None, "merged_at": iso(at), "version": version,
        }
        for profile, into, reason, identifier, at, version in found
    ]  # fmt: skip


def suppressions(client: Client, until: int) -> list[dict[str, Any]]:
    """What was said of addresses before a time `until`, and by no event: values of `contact.suppressions`."""
    found = client.query(_IMPORTED, parameters={"until": until}).result_rows
    return [
        {
            "address_hash": hashed, "channel": channel, "topic": topic or None, "suppressed": suppressed,
            "reason": reason, "since": iso(since), "known_at": iso(known),
        }
        for hashed, channel, topic, suppressed, reason, since, known in found
    ]  # fmt: skip


def requests(client: Client, until: int) -> Mapping[str, int]:
    """How many profiles operators had split and erased (`split`, `erased`) before a time, `until`."""
    return {str(reason): int(many) for reason, many in client.query(_REQUESTS, parameters={"until": until}).result_rows}


def _ranges(hours: Sequence[Sequence[int]]) -> Iterator[tuple[int, int]]:
    """First and last hour of stretches of about a page each, from [hour, events] in order."""
    first, held, last = None, 0, 0
    for hour, many in hours:
        if first is not None and held + many > PAGE:
            yield first, last
            first, held = None, 0
        first, last, held = hour if first is None else first, hour, held + many
    if first is not None:
        yield first, last


def _key(row: Sequence[Any]) -> tuple[Any, ...]:
    return (int(row[0]), bool(row[1]), int(row[2]), row[3], int(row[4]), int(row[5]))


def _stored(
    client: Client, within: Mapping[str, int], rows: Sequence[Sequence[Any]], after: tuple[Any, ...]
) -> Iterator[StoredEvent]:
    aliased: dict[tuple[Any, ...], list[tuple[str, str]]] = {}
    if any(row[8] == "alias" for row in rows):
        given = {**within, "low": int(rows[0][0]), "high": int(rows[-1][0])}
        for topic, partition, offset, hash_, kind in client.query(_ALIASED, parameters=given).result_rows:
            aliased.setdefault((topic, partition, offset), []).append((hash_, kind))
    for row in rows:
        key = _key(row)
        if key == after:
            continue
        after = key
        yield StoredEvent(key[0], key[1], _value(row), aliased.get(key[3:], ()) if row[8] == "alias" else ())


def _value(row: Sequence[Any]) -> dict[str, Any]:
    _, _, time, topic, partition, offset, received, channel, type_, name, original, message_id, *texts = row
    identifiers, properties, context, traits, extra = (orjson.Fragment(text or "{}") for text in texts)
    value = {
        "channel": channel, "message_id": message_id, "type": type_, "name": name, "event_time": iso(int(time)),
        "received_at": iso(int(received)), "properties": properties, "context": context, "traits": traits,
        "identifiers": identifiers, "source": {"topic": topic, "partition": int(partition), "offset": int(offset)},
    }  # fmt: skip
    if original:
        value["original_name"] = original
    if texts[-1]:
        value["extra"] = extra
    return value
