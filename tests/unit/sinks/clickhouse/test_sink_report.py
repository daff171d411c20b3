"""The report's numbers, and views as files."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from schemas.record import Record
from schemas.settings import Settings
from sinks.clickhouse.client import connect
from sinks.clickhouse.export import export_views, view_reads
from sinks.clickhouse.freeze import freeze
from sinks.clickhouse.load import load
from sinks.clickhouse.migrate import migrate
from sinks.clickhouse.report import report
from tests.support import sink_rows as make

End = Callable[..., Any]


@pytest.fixture
def end(embedded: Settings, migrated: Any) -> Iterator[End]:
    """`end(*batches)`: a client of a database with these batches of records at the end of a run, frozen as there."""
    assert migrated is not None
    clients: list[Any] = []

    def made(*batches: Sequence[Record]) -> Any:
        client = connect(embedded)
        name = f"end{len(clients)}"
        clients.append(client)
        client.command(f"CREATE DATABASE {name}")
        client.database = name
        migrate(client)
        for batch in batches:
            load(client, batch)
        freeze(client)
        return client

    yield made
    for client in clients:
        client.command(f"DROP DATABASE {client.database}")
        client.close()


def test_report_of_nothing(end: End) -> None:
    """An empty database has a report of zeros that is JSON."""
    found = json.loads(json.dumps(report(end())))
    assert found["events"]["total"] == found["conversions"]["net_revenue"] == found["carts"]["total"] == 0
    assert found["events"]["first"] is None


def test_report(end: End) -> None:
    """Events by kind, profiles, carts by fate, decisions by reason, money exactly."""
    client = end([
        make.event("a", "Order Completed", message_id="1", kind="sale", revenue=0.1),
        make.event("b", "Order Completed", message_id="2", kind="sale", revenue=0.2),
        make.event("b", "Order Refunded", message_id="3", kind="cancellation", revenue=0.05),
        make.conversion("a", "o1", 0.1), make.conversion("b", "o2", 0.2),
        make.conversion("b", "o2", -0.05, at=make.NOON + 1, kind="refund", orders=0, refunds=0.05),
        make.merge("a", "b"), make.merge("c", "d", refused="user_limit"),
        make.transition("a", "c1", "none>open", make.NOON), make.message("b", "m1"),
        make.decision("b", "d1", "sent"), make.decision("b", "d2", "suppressed", reason="no_consent"),
    ])  # fmt: skip
    found = json.loads(json.dumps(report(client)))
    assert found["events"]["total"] == 3
    assert found["events"]["first"] == "2026-11-21T12:00:00.000Z"
    assert found["events"]["by_kind"] == [
        {"kind": "cancellation", "name": "Order Refunded", "events": 1, "revenue": -0.05},
        {"kind": "sale", "name": "Order Completed", "events": 2, "revenue": 0.3},
    ]
    assert found["profiles"] == {"seen": 1, "merges": 1, "refused_links": 1}
    assert found["carts"] == {"total": 1, "by_fate": {"open": 1}}
    assert found["messages"] == {"total": 1, "by_channel": {"email": 1}}
    assert {(row["outcome"], row["reason"], row["decisions"]) for row in found["decisions"]} == {
        ("sent", "", 1), ("suppressed", "no_consent", 1),
    }  # fmt: skip
    money = {"revenue": 0.3, "refunds": 0.05, "net_revenue": 0.25}
    assert found["conversions"] == {"total": 2, **money, "by_currency": [{"currency": "EUR", "total": 2, **money}]}
    assert found["views"]["v_channel_kpis"][1]["channel"] == "web"


def test_report_of_campaigns(end: End) -> None:
    """For each campaign: triggers, what became of them with reasons, and what it brought back."""
    dimensions = {"campaign_id": "abandoned-cart", "step": "", "variant": "", "arm": "treatment", "channel": ""}
    client = end([
        make.cell("campaign_day", dimensions, {"triggered": 4}, version=4),
        make.cell("campaign_day", dimensions, {"triggered": 2}, version=2, partition=1),
        make.decision("b", "d1", "sent", message_id="m1"), make.message("b", "m1"),
        make.decision("c", "d2", "suppressed", reason="no_consent"), make.decision("d", "d3", "held_out"),
        make.decision("e", "d4", "deferred", reason="quiet_hours"), make.feedback("b", "Email Opened", "m1"),
        make.decision("e", "d5", "cancelled", reason="converted"), make.conversion("b", "o1", 12.5, message_id="m1"),
        make.decision("b", "d6", "cancelled", reason="converted", message_id="m1"),
    ])  # fmt: skip
    assert json.loads(json.dumps(report(client)))["campaigns"] == [{
        "campaign_id": "abandoned-cart", "triggers": 6, "sent": 1, "held_out": 1, "suppressed": {"no_consent": 1},
        "cancelled": {"converted": 1}, "deferred": 1, "retracted": 1, "delivered": 1, "opens": 1, "clicks": 0,
        "recovered_orders": 1, "recovered_revenue": 12.5,
    }]  # fmt: skip


def test_views_as_files(end: End, tmp_path: Path) -> None:
    """Each view is a CSV with a header; the same content gives the same bytes, whatever order it came in."""
    records = [
        make.event(str(at), "Product Viewed", channel=channel) for at, channel in enumerate(["web", "app", "store"])
    ]
    client = end(records)
    files = export_views(client, tmp_path / "one")
    assert [path.stem for path in files] == list(view_reads(client))
    with (tmp_path / "one" / "v_channel_kpis.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["channel"], row["reach"], row["open_rate"]) for row in rows] == [
        ("app", "1", "\\N"), ("store", "1", "\\N"), ("web", "1", "\\N"),
    ]  # fmt: skip
    export_views(end(*([record] for record in reversed(records))), tmp_path / "other")
    for path in files:
        assert path.read_bytes() == (tmp_path / "other" / path.name).read_bytes()
