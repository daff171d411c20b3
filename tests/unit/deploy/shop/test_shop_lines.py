"""The simulator's lines: the same each time, in the order of arrival, readable, and about things that exist."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson
import phonenumbers
import pytest

from deploy.shop import simulate
from deploy.shop.catalogue import stock
from deploy.shop.census import Census
from deploy.shop.floor import Floor
from deploy.shop.noise import BROKEN, Maker
from deploy.shop.world import MAIL_PROXY, STORES, TOPICS
from deploy.stack.lines import of_objects
from schemas.events import DeadLetter, Event, Reader
from schemas.identifiers import PHONE
from schemas.record import Record
from schemas.times import parse
from schemas.topics import CHANNEL_TOPICS
from streams.core.campaigns.stores import Store, Stores

START = 1_767_571_200_000
DAY = 86_400_000


@pytest.fixture(scope="module")
def lines() -> list[dict[str, Any]]:
    """Two days of 150 people."""
    return list(simulate(150, 2, 5))


def digest(lines: Iterable[dict[str, Any]]) -> str:
    """A fingerprint of lines."""
    return hashlib.sha256(b"\n".join(orjson.dumps(line) for line in lines)).hexdigest()


def records(lines: Iterable[dict[str, Any]]) -> list[Record]:
    """Lines as they would be read from Kafka."""
    made = [line for chunk in of_objects(lines, 4) for line in chunk]
    return [Record(m.topic, m.partition, n, m.timestamp, m.key, m.value) for n, m in enumerate(made)]


def test_the_same_arguments_give_the_same_lines(tmp_path: Path) -> None:
    """Byte for byte, whether or not the truth is written; another seed is another shop."""
    first = digest(simulate(40, 1.5, 3))
    assert digest(simulate(40, 1.5, 3, truth=tmp_path / "new")) == first
    assert digest(simulate(40, 1.5, 4)) != first


def test_the_start_may_be_chosen() -> None:
    """All arrivals are at or after the start, and the first comes soon."""
    start = START + 200 * DAY
    arrivals = [line["timestamp"] for line in simulate(40, 1, 3, start=start)]
    assert start <= arrivals[0] < start + DAY


def test_lines_come_in_the_order_of_arrival(lines: list[dict[str, Any]]) -> None:
    """Publication order is arrival order; nothing comes before the start."""
    arrivals = [line["timestamp"] for line in lines]
    assert arrivals == sorted(arrivals)
    assert arrivals[0] >= START


def test_each_line_is_an_input_line(lines: list[dict[str, Any]]) -> None:
    """A known topic, a key or none, and a value that is JSON or given as bytes."""
    for line in lines:
        assert line["topic"] in CHANNEL_TOPICS
        assert line["key"] is None or isinstance(line["key"], str)
        assert ("value" in line) != ("value_b64" in line)
        assert json.loads(orjson.dumps(line)) == line
    assert {line["topic"] for line in simulate(600, 2, 1)} == set(CHANNEL_TOPICS)


def test_no_event_arrives_before_it_happens(lines: list[dict[str, Any]]) -> None:
    """As the pipeline reads its time: skewed clocks corrected, hasty ones clamped."""
    reader = Reader()
    events = [e for e in map(reader.read, records(lines)) if isinstance(e, Event)]
    assert len(events) > 1500
    for event in events:
        received = parse(orjson.loads(event.body)["received_at"])
        assert received is not None
        assert event.time <= received
        assert event.time >= START
    assert any(event.clamped for event in events)


def test_the_reader_puts_aside_what_was_broken_and_nothing_else(tmp_path: Path) -> None:
    """Each broken line for its reason; each other line is taken."""
    reader = Reader()
    read = [reader.read(record) for record in records(simulate(400, 2, 2, truth=tmp_path))]
    found = {n: e.reason.value for n, e in enumerate(read) if isinstance(e, DeadLetter)}
    wanted = [orjson.loads(row) for row in (tmp_path / "broken.jsonl").read_bytes().splitlines()]
    assert found == {row["line"]: row["reason"] for row in wanted}
    assert len(found) > 3


@pytest.mark.parametrize(("reason", "make"), [(reason, make) for reason, _, make in BROKEN])
def test_each_kind_of_broken_record_is_what_it_is_said_to_be(reason: str, make: Maker) -> None:
    """Read alone, it becomes a dead letter for the reason that the truth gives."""
    line = {"topic": "channels.web", "key": None, "timestamp": START, **make(START)}
    letter = Reader().read(records([line])[0])
    assert isinstance(letter, DeadLetter)
    assert letter.reason.value == reason


def test_products_exist(lines: list[dict[str, Any]]) -> None:
    """Every product of a cart, a checkout or an order is in the catalogue, under its sku and its product id."""
    skus = {p.product_id: p.sku for p in Floor(1, 5, START, START + 1).products}
    orders = 0
    for line in lines:
        value = line.get("value")
        if not isinstance(value, dict) or not isinstance(
            properties := value.get("data", value).get("properties"), dict
        ):
            continue
        if line["timestamp"] and "order_id" in properties and "revenue" in properties:
            orders += 1
            assert properties["products"]
        for product in properties.get("products", ()):
            assert product["product_id"] in skus
            assert product.get("sku", skus[product["product_id"]]) == skus[product["product_id"]]
    assert orders > 10


def test_raw_values_are_not_plain_json(lines: list[dict[str, Any]]) -> None:
    """`value_b64` is used for what JSON cannot hold, and only for that."""
    raw = [base64.b64decode(line["value_b64"]) for line in lines if "value_b64" in line]
    assert raw
    for value in raw:
        with pytest.raises(orjson.JSONDecodeError):
            orjson.loads(value)


def test_made_up_numbers_are_valid() -> None:
    """Phone numbers are possible mobile numbers of their country, and no two people share one."""
    floor = Floor(3000, 9, START, START + 1)
    phones = [c.phone for c in floor.customers if c.phone]
    assert len(set(phones)) == len(phones) > 1500
    for phone in phones[:300]:
        assert phonenumbers.is_valid_number(phonenumbers.parse(phone))
    assert isinstance(floor.census, Census)
    assert len({p.sku for p in stock(floor.rng, 300)}) == 300


def test_numbers_are_written_in_ways_that_mean_the_same(lines: list[dict[str, Any]]) -> None:
    """Every phone number read from an event is one of the census."""
    known = {c.phone for c in Floor(150, 5, START, START + 1).customers}
    reader = Reader()
    events = [e for e in map(reader.read, records(lines)) if isinstance(e, Event)]
    read = {i.value for e in events for i in e.identifiers if i.type == PHONE}
    assert read
    assert read <= known


@pytest.mark.parametrize(("customers", "days"), [(0, 1), (-3, 1), (5, 0), (5, -1), (5, float("nan")), (5, 4000)])
def test_senseless_sizes_are_refused(customers: int, days: float) -> None:
    """At once, not at the first line."""
    with pytest.raises(ValueError, match="must be"):
        simulate(customers, days, 1)


def told(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The calls of lines, out of their envelopes."""
    values = [line["value"] for line in lines if isinstance(line.get("value"), dict)]
    return [value["data"] if isinstance(value.get("data"), dict) else value for value in values]


def test_campaigns_have_something_to_go_by(lines: list[dict[str, Any]]) -> None:
    """Stories with topics, wishes, hashtags, new prices and stock, and mail that a machine opened."""
    calls = [*told(lines), *told(list(simulate(150, 3, 7)))]
    properties = [call.get("properties") or {} for call in calls]
    names = {str(call.get("event")) for call in calls}
    assert {str(p["topic"]) for p in properties if "topic" in p} <= set(TOPICS)
    assert any("topic" in p for p in properties)
    assert any("hashtags" in p for p in properties)
    assert {"Product Added to Wishlist", "Product Price Changed", "Product Restocked"} <= names
    assert any((call.get("context") or {}).get("userAgent") == MAIL_PROXY for call in calls)


def test_apps_are_somewhere_near_a_store(lines: list[dict[str, Any]]) -> None:
    """Within the country they are of, some of them within two kilometres."""
    stores = Stores(Store(id=s.store_id, name=s.city, latitude=s.latitude, longitude=s.longitude) for s in STORES)
    places = [p for call in told(lines) if (p := (call.get("context") or {}).get("location"))]
    found = [(p["city"], stores.nearest(p["latitude"], p["longitude"])) for p in places]
    assert found
    assert all(near is not None and near[0].name == city and near[1] < 15_000 for city, near in found)
    assert any(near is not None and near[1] < 2_000 for _, near in found)
