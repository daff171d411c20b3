"""A frozen database: tables where views were, and the same answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from schemas.settings import Settings
from sinks.clickhouse.client import connect
from sinks.clickhouse.export import view_reads
from sinks.clickhouse.freeze import PARTS, freeze
from sinks.clickhouse.load import load
from sinks.clickhouse.migrate import migrate
from tests.support.shop_topics import shop_records

MANY_BASES = ("v_channel_kpis", "v_campaign_kpis", "v_recovery", "v_sources", "v_offers", "v_uplift", "v_rfm")


@pytest.fixture
def other(embedded: Settings, migrated: Any) -> Iterator[Any]:
    """A database of its own in the same engine."""
    assert migrated is not None
    client = connect(embedded)
    client.command("CREATE DATABASE iced")
    client.database = "iced"
    migrate(client)
    yield client
    client.command("DROP DATABASE iced")
    client.close()


def test_answers_are_the_same(other: Any) -> None:
    """Views over a shop that is loaded twice say after it what they said before; all they are built on are tables."""
    load(other, shop_records(40, 2, 3))
    load(other, shop_records(40, 2, 3))

    def answers() -> dict[str, Any]:
        reads = view_reads(other)
        return {name: other.query(f"SELECT * FROM {reads[name]} ORDER BY ALL").result_rows for name in MANY_BASES}  # noqa: S608

    before = answers()
    assert sum(map(bool, before.values())) >= 5
    freeze(other)
    assert answers() == before
    engines = dict(other.query("SELECT name, engine FROM system.tables WHERE database = 'iced'").result_rows)
    assert {engines[name] for name in PARTS} == {"MergeTree"}
