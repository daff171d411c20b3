"""Every number of every view equals plain Python over the topics: real orders, real SDKs, shops in odd time zones."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from deploy.imports.orders import import_lines
from schemas.record import Record
from schemas.settings import Settings
from sinks.clickhouse.client import connect
from sinks.clickhouse.freeze import freeze
from sinks.clickhouse.load import load
from sinks.clickhouse.migrate import migrate
from tests.answers.zone import in_zone
from tests.support.every_view import ALWAYS, Told, answers, apart, differences
from tests.support.wild_shop import records, records_of, wild_records

ROOT = Path(__file__).parents[4]
RETAIL = Path(os.environ.get("WINBACK_RETAIL_DATA") or ROOT.parent / "shared" / "data" / "online-retail.csv.gz")
SHOPS = [
    # Midnight of the second day did not exist: clocks went from 0:00 to 1:00.
    ("America/Sao_Paulo", datetime(2018, 11, 2, tzinfo=UTC), date(2018, 11, 4), 11),
    # The night's clocks went back by half an hour.
    ("Australia/Lord_Howe", datetime(2026, 4, 3, tzinfo=UTC), date(2026, 4, 5), 12),
    # Five hours and three quarters ahead, over a turn of the year.
    ("Asia/Kathmandu", datetime(2025, 12, 29, tzinfo=UTC), date(2025, 12, 31), 13),
]


@contextmanager
def database(embedded: Settings, of: Sequence[Record], zone: str) -> Iterator[Any]:
    """A client of a database of its own that holds these records, of a shop in this time zone."""
    settings = embedded.model_copy(update={"timezone": zone})
    client = connect(embedded)
    client.command("CREATE DATABASE IF NOT EXISTS every_number")
    client.database = "every_number"
    try:
        migrate(client, settings)
        load(client, of)
        freeze(client)
        yield client
    finally:
        client.command("DROP DATABASE every_number")
        client.close()


def empty(told: Told) -> set[str]:
    """The views that have no rows."""
    return {view for view, _, rows in answers(told, *ALWAYS) if not rows}


@pytest.mark.slow
@pytest.mark.parametrize(("zone", "start", "day", "seed"), SHOPS, ids=[zone for zone, *_ in SHOPS])
def test_a_shop_where_much_goes_wrong(
    migrated: Any, embedded: Settings, zone: str, start: datetime, day: date, seed: int
) -> None:
    """Merges, refunds over days, cancellations, codes and seven currencies: all that was said, and of one day alone."""
    assert migrated is not None
    made = wild_records(150, 4, seed, int(start.timestamp() * 1000))
    told = Told(made)
    with in_zone(zone), database(embedded, made, zone) as client:
        assert empty(told) == set()
        for days in (ALWAYS, (day, day)):
            assert differences(client, told, *days) == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sdk-events.jsonl", "sdk-events-2.jsonl"])
def test_events_of_real_sdks(migrated: Any, embedded: Settings, name: str) -> None:
    """What seven SDKs put on the wire."""
    assert migrated is not None
    made = records_of(ROOT / "tests" / "data" / name)
    with in_zone("America/St_Johns"), database(embedded, made, "America/St_Johns") as client:
        assert differences(client, Told(made), *ALWAYS) == {}


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(not RETAIL.exists(), reason=f"{RETAIL} is not here")
def test_a_year_of_real_orders(migrated: Any, embedded: Settings) -> None:
    """541,909 invoice lines: every number, of the year and of March; and sums that the file itself has."""
    assert migrated is not None
    made = records(import_lines(RETAIL, ROOT / "deploy" / "imports" / "online-retail.yaml"))
    told = Told(made)
    with in_zone("Europe/London"), database(embedded, made, "Europe/London") as client:
        for days in (ALWAYS, (date(2011, 3, 1), date(2011, 3, 31))):
            assert differences(client, told, *days) == {}
        net = client.query("SELECT sum(net_revenue), sum(conversions) FROM v_channel_daily").result_rows
        # All sales, and the one adjustment of the three that brought money in.
        assert net == [(Decimal("9747747.934"), 22_061 + 1)]


def test_a_difference_is_found() -> None:
    """The comparison itself: a row more, a row less, another number, a number that is not known."""
    wanted = [{"key": 1, "money": Decimal(2), "rate": 0.5}, {"key": 2, "money": Decimal(3), "rate": None}]
    assert apart(wanted, wanted, ("key",)) == []
    found = [{"key": 1, "money": Decimal("2.01"), "rate": 0.5}, {"key": 3, "money": Decimal(3), "rate": None}]
    assert apart(found, wanted, ("key",)) == [
        ("only in the view", (3,)), ("only computed", (2,)), ((1,), "money", Decimal("2.01"), Decimal(2)),
    ]  # fmt: skip
    assert apart([{"key": 1, "rate": None}], [{"key": 1, "rate": 0.0}], ("key",)) == [((1,), "rate", None, 0.0)]
    told = Told([Record("conversions", 0, 0, 0, b"p", orjson.dumps({"order_id": "o"}))])
    assert [row["order_id"] for row in told.topics["conversions"]] == ["o"]
