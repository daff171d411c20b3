"""What an erasure counts and waits for: every table that holds something of a person."""

from __future__ import annotations

from deploy.operate.person import erasures, lookup
from schemas.settings import Settings
from sinks.clickhouse.client import connect
from sinks.clickhouse.rows import TABLES
from tests.support.anna import STORY, P, Q, Shop, at

PERSONAL = ("touches", "spend", "segment_members")


def test_rows_of_every_table_count(tmp_path):
    """Touches, spending and memberships as well; those of somebody else do not."""
    of_touches = [
        {"profile_id": one, "at": at(3), "touch_id": "t", "channel": "ads", "event_time": at(3)} for one in (P, Q)
    ]
    of_spend = [{"profile_id": P, "event_time": at(4), "message_id": "s", "cost": 1}]
    of_members = [{"profile_id": P, "segment": "regulars", "change": "entered", "at": at(5)}]
    shop = Shop(tmp_path)
    shop(**STORY | {"touches": of_touches, "spend": of_spend, "segment_members": of_members})
    client = connect(Settings(clickhouse=shop.dsn))
    found = erasures.rows(client, [P], [], lookup.events_of(client, [P]))
    client.close()
    assert {name: found[name] for name in PERSONAL} == dict.fromkeys(PERSONAL, 1)
    assert {table.name for table in TABLES if "profile_id" in table.columns} <= {*found, "identifiers"}
