"""Invoices become events: grouped exactly, money exact, the same every time."""

from __future__ import annotations

import gzip
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from deploy.imports.orders import amount, import_lines
from schemas.events import Event, read
from schemas.record import Record
from schemas.topics import MAX_EVENT_BYTES

MAP = """
name: corner-shop
columns: {invoice: Nr, sku: Article, name: Text, quantity: Pieces, time: When, unit_price: Price,
  customer: Who, country: Land}
time: {format: "%d.%m.%Y %H:%M", zone: Europe/Berlin}
currency: EUR
customer: {strip: '\\.0$'}
kinds:
  - {match: "C.*", kind: cancellation}
  - {match: "A.*", kind: adjustment}
  - {match: "[0-9]+", kind: sale}
channel: web
channel_rules: [{column: Land, match: Germany, channel: store}]
"""
ROWS = """Nr,Article,Text,Pieces,When,Price,Who,Land
1001,L1,Lamp,3,05.01.2026 10:05,0.1,77.0,Germany
1002,L2,"Sock, red",1,05.01.2026 09:00,19.99,,France
1001,L3,Pot,1,05.01.2026 10:00,0.2,77.0,Germany
C1001,L1,Lamp,-1,06.01.2026 10:00,0.1,77.0,Germany
A1,B,Bad debt,1,06.01.2026 11:00,-50.25,,Germany
A2,B,Bad debt,1,06.01.2026 12:00,50.5,,Germany
1003,L9,Damaged,-4,06.01.2026 13:00,1.5,,Germany
C1004,L9,Reversed,2,06.01.2026 14:00,3,,Germany
"""


def made(folder: Path, rows: str = ROWS, order_map: str = MAP) -> list[dict[str, Any]]:
    """Lines of an import of these texts."""
    (folder / "orders.csv").write_text(rows)
    (folder / "map.yaml").write_text(order_map)
    return list(import_lines(folder / "orders.csv", folder / "map.yaml"))


def by_number(lines: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Lines by their invoice."""
    return {line["value"]["properties"]["order_id"]: line for line in lines}


def test_one_event_an_invoice_however_its_rows_lie(tmp_path: Path) -> None:
    """Rows of an invoice that are apart and at two times are one event at the earliest, in the map's time zone."""
    line = by_number(made(tmp_path))["1001"]
    assert line["value"]["properties"]["products"] == [
        {"sku": "L1", "name": "Lamp", "quantity": 3, "price": 0.1},
        {"sku": "L3", "name": "Pot", "quantity": 1, "price": 0.2},
    ]
    assert line["value"]["timestamp"] == "2026-01-05T09:00:00.000Z"
    assert line["timestamp"] == 1767603600000


def test_revenue_is_exact_where_floats_are_not(tmp_path: Path) -> None:
    """3 x 0.1 + 0.2 is 0.5, not 0.5000000000000001, and money that no float says exactly is sent as text."""
    assert by_number(made(tmp_path))["1001"]["value"]["properties"]["revenue"] == 0.5
    assert amount(Decimal("12345678901234567.89")) == "12345678901234567.89"
    assert amount(Decimal("-3.00")) == -3


def test_kinds_decide_the_event(tmp_path: Path) -> None:
    """Sales complete, cancellations refund what was paid, adjustments go by the sign of their total."""
    told = {
        number: (line["value"]["event"], line["value"]["properties"]["kind"], line["value"]["properties"]["revenue"])
        for number, line in by_number(made(tmp_path)).items()
    }
    assert told == {
        "1001": ("Order Completed", "sale", 0.5),
        "1002": ("Order Completed", "sale", 19.99),
        "C1001": ("Order Refunded", "cancellation", 0.1),
        "A1": ("Order Refunded", "adjustment", 50.25),
        "A2": ("Order Completed", "adjustment", 50.5),
        # As the data has it: a sale below zero, and a cancellation that charges.
        "1003": ("Order Completed", "sale", -6),
        "C1004": ("Order Refunded", "cancellation", -6),
    }


def test_the_net_is_the_sum_of_all_rows(tmp_path: Path) -> None:
    """Completed less refunded is the sum of quantity x price, odd signs included; products add up to the revenue."""
    net = Decimal(0)
    for line in made(tmp_path):
        properties = line["value"]["properties"]
        revenue = Decimal(str(properties["revenue"]))
        net += revenue if line["value"]["event"] == "Order Completed" else -revenue
        products = sum(Decimal(str(p["price"])) * Decimal(str(p["quantity"])) for p in properties["products"])
        assert products == revenue
    assert net == Decimal("20.64")


def test_customers_and_channels_by_the_map(tmp_path: Path) -> None:
    """The customer's number loses its `.0`, nameless invoices carry no userId, the country picks the channel."""
    lines = by_number(made(tmp_path))
    assert (lines["1001"]["value"]["userId"], lines["1001"]["key"]) == ("77", "77")
    assert "userId" not in lines["1002"]["value"]
    assert lines["1001"]["topic"] == "channels.store"
    assert lines["1002"]["topic"] == "channels.web"


def test_other_identifiers_than_a_user_id(tmp_path: Path) -> None:
    """A customer column of e-mails or of card numbers goes where the pipeline looks for them."""
    mails = MAP.replace("customer: {strip: '\\.0$'}", "customer: {type: email}")
    line = made(tmp_path, ROWS.replace("77.0", "Ana@Example.com"), mails)[1]
    event = read(Record(line["topic"], 0, 0, line["timestamp"], None, orjson.dumps(line["value"])))
    assert isinstance(event, Event)
    assert event.identifiers[0] == ("email", "ana@example.com")
    cards = MAP.replace("customer: {strip: '\\.0$'}", "customer: {type: loyalty_card, strip: '\\.0$'}")
    line = made(tmp_path, ROWS, cards)[1]
    event = read(Record(line["topic"], 0, 0, line["timestamp"], None, orjson.dumps(line["value"])))
    assert isinstance(event, Event)
    assert event.identifiers[0] == ("loyalty_card", "77")


def test_a_nameless_invoice_is_a_customer_of_its_own(tmp_path: Path) -> None:
    """The pipeline's reader takes it under its order number."""
    line = by_number(made(tmp_path))["1002"]
    event = read(Record(line["topic"], 0, 0, line["timestamp"], None, orjson.dumps(line["value"])))
    assert isinstance(event, Event)
    assert event.identifiers == (("order_id", "1002"),)


def test_the_same_import_gives_the_same_lines(tmp_path: Path) -> None:
    """Twice the same, gzipped or not, with messageIds of their own, in the order of time."""
    first = made(tmp_path)
    (tmp_path / "orders.csv.gz").write_bytes(gzip.compress(ROWS.encode()))
    assert list(import_lines(tmp_path / "orders.csv.gz", tmp_path / "map.yaml")) == first
    assert len({line["value"]["messageId"] for line in first}) == 7
    assert first[1]["value"]["messageId"] == "import-corner-shop-1001"
    assert [line["timestamp"] for line in first] == sorted(line["timestamp"] for line in first)


def test_an_invoice_too_large_for_an_event(tmp_path: Path) -> None:
    """Products are cut and counted, revenue stays whole, and the event fits."""
    rows = "".join(f"1,S{n},{'x' * 400},1,05.01.2026 10:00,1,,Germany\n" for n in range(4000))
    (line,) = made(tmp_path, ROWS.splitlines()[0] + "\n" + rows)
    properties = line["value"]["properties"]
    assert len(orjson.dumps(line["value"])) <= MAX_EVENT_BYTES
    assert properties["revenue"] == 4000
    assert len(properties["products"]) + properties["products_omitted"] == 4000


@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_ends_of_lines(tmp_path: Path, end: str) -> None:
    """Windows line ends, blank lines and a missing last one change nothing."""
    rows = ROWS.replace("\n", end + "\n" if end == "\r" else end or "\n").rstrip("\n") + end * 2
    assert len(made(tmp_path, rows)) == 7
