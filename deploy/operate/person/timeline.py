"""Everything that happened to one person, over all former profile ids, in time order."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from deploy.operate.person.lookup import Person, Row

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

EVENT: Final = "event"
_EVENTS: Final = """
SELECT event_time AS at, profile_id, channel, type, name, late, revenue, message_id, about_message,
       source_topic, source_partition, source_offset
FROM events FINAL
WHERE {}
ORDER BY event_time DESC, source_topic DESC, source_partition DESC, source_offset DESC
LIMIT 1 BY event_time, message_id
LIMIT %(limit)s
"""
_OTHERS: Final = {
    "cart": """
SELECT at, profile_id, cart_id, from_state, to_state, reason, stage, value, currency, line_count, abandonment_no
FROM cart_transitions FINAL WHERE profile_id IN %(ids)s
ORDER BY at DESC LIMIT %(limit)s""",
    "decision": """
SELECT decided_at AS at, profile_id, campaign_id, step, variant, arm, outcome, reason, message_id, trigger_type,
       trigger_at, cart_id
FROM decisions FINAL WHERE profile_id IN %(ids)s
ORDER BY decided_at DESC LIMIT %(limit)s""",
    "message": """
SELECT decided_at AS at, profile_id, campaign_id, step, variant, channel, recipient, subject, message_id, trigger_type,
       cart_id, offer_code, offer_discount, offer_expires_at
FROM messages FINAL WHERE profile_id IN %(ids)s
ORDER BY decided_at DESC LIMIT %(limit)s""",
    "conversion": """
SELECT changed_at AS at, profile_id, order_id, kind AS change, channel, value, currency, recovered_campaign,
       recovered_step
FROM conversions FINAL WHERE profile_id IN %(ids)s
ORDER BY changed_at DESC LIMIT 1 BY order_id, message_id LIMIT %(limit)s""",
    "segment": """
SELECT at, profile_id, segment, change, reason
FROM segment_members FINAL WHERE profile_id IN %(ids)s
ORDER BY at DESC, nth DESC LIMIT %(limit)s""",
}
_ORDER: Final = {EVENT: 0, "conversion": 1, "cart": 2, "segment": 3, "decision": 4, "message": 5}
"""What comes first at one instant: the event, then what it caused."""


def timeline(client: Client, person: Person, limit: int) -> list[Row]:
    """The newest `limit` entries, the newest last. Each has `at` (UTC), `kind`, `profile_id` and its own fields."""
    where, given = person.events
    found = _entries(client, EVENT, _EVENTS.format(where), {**given, "limit": limit})
    for kind, sql in _OTHERS.items():
        found += _entries(client, kind, sql, {"ids": person.ids, "limit": limit})
    found.sort(key=lambda row: (row["at"], _ORDER[row["kind"]]))
    return found[-limit:]


def _entries(client: Client, kind: str, sql: str, given: dict[str, Any]) -> list[Row]:
    rows = client.query(sql, parameters=given).named_results()
    return [
        {"kind": kind} | {name: moment(value) if isinstance(value, datetime) else value for name, value in row.items()}
        for row in rows
    ]


def moment(value: datetime) -> str:
    """The time in ISO 8601, in UTC with milliseconds; a value without a zone, as ClickHouse gives it, is in UTC."""
    aware = value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    return aware.strftime("%Y-%m-%dT%H:%M:%S.") + f"{aware.microsecond // 1000:03}Z"
