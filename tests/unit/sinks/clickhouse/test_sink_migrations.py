"""Migrations: applied once, in order, never changed behind their back; views are made anew."""

from __future__ import annotations

from typing import Any

import pytest

from sinks.clickhouse import migrate as migrations
from sinks.clickhouse.errors import SchemaError
from sinks.clickhouse.migrate import Script, migrate

TABLES = {
    "events",
    "profile_merges",
    "cart_transitions",
    "messages",
    "decisions",
    "conversions",
    "cells",
    "identifiers",
    "profiles",
    "suppressions",
}


def test_a_second_run_applies_nothing(client: Any) -> None:
    """Migrating is idempotent, and what was applied is on record with its checksum."""
    assert migrate(client) == []
    known = client.query("SELECT number, name, checksum FROM schema_migrations FINAL ORDER BY number").result_rows
    assert [tuple(row) for row in known] == [(s.number, s.name, s.checksum) for s in migrations.migrations()]


def test_tables_and_views_exist(client: Any) -> None:
    """Every table of this stage and the three views are there after it."""
    found = set(client.command("SHOW TABLES").split())
    assert found >= TABLES | {"v_channel_kpis", "v_cart_funnel", "v_campaign_kpis"}


def test_a_changed_migration_is_refused(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that was applied and then changed is named; a corrected comment is no change."""
    first, *others = migrations.migrations()
    commented = Script(first.name, "-- another comment\n" + first.text)
    monkeypatch.setattr(migrations, "migrations", lambda: [commented, *others])
    assert migrate(client) == []
    changed = Script(first.name, first.text.replace("late ", "tardy "))
    monkeypatch.setattr(migrations, "migrations", lambda: [changed, *others])
    with pytest.raises(SchemaError, match=r"0001_events\.sql was changed"):
        migrate(client)


def test_a_new_migration_is_applied_alone(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what is not on record runs; several statements of a file run in order."""
    known = migrations.migrations()
    number = len(known) + 1
    new = Script(
        f"{number:04}_more.sql",
        "-- one; two\nCREATE TABLE more (a String DEFAULT ';') ENGINE = Memory;\nINSERT INTO more VALUES (DEFAULT);\n",
    )
    monkeypatch.setattr(migrations, "migrations", lambda: [*known, new])
    try:
        assert migrate(client) == [new.name]
        assert migrate(client) == []
        assert client.command("SELECT a FROM more") == ";"
    finally:
        client.command("DROP TABLE IF EXISTS more")
        client.command(f"DELETE FROM schema_migrations WHERE number = {number}", settings={"mutations_sync": 2})  # noqa: S608


def test_a_migration_the_server_refuses_is_named(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error has the file's name and the server's words."""
    known = migrations.migrations()
    bad = Script(f"{len(known) + 1:04}_bad.sql", "CREATE TABLE bad (a Strong) ENGINE = Memory;")
    monkeypatch.setattr(migrations, "migrations", lambda: [*known, bad])
    with pytest.raises(SchemaError, match=r"_bad\.sql: .*Code: 50.*Strong"):
        migrate(client)


def test_every_view_says_what_it_answers() -> None:
    """Each view is one file that begins with a comment, and makes the view it is named after."""
    for view in migrations.views():
        name = view.name.removesuffix(".sql")
        assert view.text.startswith("-- ")
        assert f"CREATE OR REPLACE VIEW {name} AS" in view.text
