"""A database of an earlier version is brought to today's, with what it holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from schemas.settings import Settings
from sinks.clickhouse.client import connect
from sinks.clickhouse.load import load
from sinks.clickhouse.migrate import migrate, migrations
from tests.support import sink_rows as make

OLD_EVENT = """
INSERT INTO events (profile_id, event_time, message_id, channel, type, name, identifiers)
VALUES ('a', '2026-11-21 12:00:00', 'm1', 'web', 'track', 'Product Viewed', [('email', 'a@example.com')])
"""
OLD_MERGE = "INSERT INTO profile_merges VALUES ('a', 'b', 'link', '', '2026-11-21 13:00:00', 1)"


@pytest.fixture
def old(embedded: Settings, migrated: Any) -> Iterator[Any]:
    """A database as the first seven migrations left it, beside the one of the other tests."""
    client = connect(embedded)
    client.command("CREATE DATABASE old")
    client.database = "old"
    for script in migrations()[:7]:
        for statement in script.statements():
            client.command(statement)
    client.command(OLD_EVENT)
    client.command(OLD_MERGE)
    yield client
    client.command("DROP DATABASE old")
    client.close()


def test_an_earlier_database_keeps_what_it_holds(old: Any) -> None:
    """Old events belong to the profile their merges say, and to `profiles` too; new records go in beside them."""
    migrate(old)
    assert migrate(old) == []
    load(old, [make.event("c", "Product Viewed"), make.merge("c", "b", version=2), make.split("x", "y", ["h"])])
    found = old.query("SELECT profile_id, head_type, current_id FROM current_events ORDER BY profile_id").result_rows
    assert found == [("a", "email", "b"), ("c", "user_id", "b")]
    found = old.query("SELECT profile_id, known, channels FROM profiles FINAL ORDER BY profile_id").result_rows
    assert found == [("a", 1, ["web"]), ("c", 1, ["web"])]


def test_a_migration_that_was_cut_off_is_done_again(old: Any) -> None:
    """Each file can run twice: a crash between its statements, or before it is on record, does no harm."""
    for script in migrations()[7:]:
        for statement in script.statements():
            old.command(statement)
    assert migrate(old) == [script.name for script in migrations()]
