"""The table of aliases as data: every row has a source and means something, and no two rows contradict."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.aliases.products import Products
from schemas.aliases.table import PAGE, SCREEN, Row, Table, of_kind, shipped, squash
from schemas.events import Event, Reader
from schemas.names import EVENTS
from schemas.record import Record

KINDS = {"event", "never", "source", "inside", "field", "item", "list", "feedback"}


def test_each_row_is_whole() -> None:
    """A kind that is known, a name, whose it is, and the source that says so."""
    for row in shipped():
        assert row.kind in KINDS
        assert row.alias
        assert row.alias == row.alias.strip()
        assert row.vocabulary
        assert row.source


def test_each_event_is_canonical() -> None:
    """Rows lead to names of ours, or to calls of pages and screens."""
    assert {row.canonical for row in of_kind("event")} <= EVENTS | {PAGE, SCREEN}


def test_a_name_that_holds_by_itself_has_one_meaning() -> None:
    """Two vocabularies may share a name only if it means the same, or if a condition tells them apart."""
    meanings: dict[str, set[str]] = defaultdict(set)
    for row in of_kind("event"):
        if not row.when:
            meanings[squash(row.alias)].add(row.canonical)
    assert {name: found for name, found in meanings.items() if len(found) > 1} == {}


def test_names_that_never_mean_anything_have_no_meaning() -> None:
    """A name is not both."""
    assert {squash(row.alias) for row in of_kind("never")}.isdisjoint(Table().meanings)


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_our_own_names_keep_their_meaning(name: str) -> None:
    """No alias of somebody else's changes what a canonical name says by itself."""
    by_itself = [alias.name for alias in Table().meanings[squash(name)] if not alias.when]
    assert set(by_itself) == {name}


FIELDS = st.sampled_from([
    "product_id", "item_id", "ID", "sku", "sky", "name", "title", "price", "item_price", "price_cents", "RowTotal",
    "quantity", "variant", "variant_id", "other",
])  # fmt: skip
VALUES = st.sampled_from(["L1", 7, 2.5, "", None, True, [], {"id": "9", "price": {"amount": 3}}])


@given(st.lists(st.dictionaries(FIELDS, VALUES, max_size=6), max_size=6))
def test_what_is_remembered_of_items_changes_nothing(items: list[dict[str, Any]]) -> None:
    """Items with the same names of fields are read alike, each by its own values, in whatever order they come."""
    kept = Products()
    for item in items:
        assert kept.item(item) == Products().item(item)
        assert kept.item(item).items() >= {k: v for k, v in item.items() if type(v) in (str, int, float)}.items()


SOURCES = {row.vocabulary: row.alias.split("|")[0] for row in of_kind("source")}


@pytest.mark.parametrize("row", list(of_kind("event")), ids=lambda row: f"{row.vocabulary} {row.alias} {row.when}")
def test_each_name_is_read_as_the_table_says(row: Row) -> None:
    """With what its row asks for (a channel, a source, a property), an event of the name is ours, and keeps its own."""
    channel = row.when if row.when in ("email", "sms", "push") else "web"
    properties: dict[str, Any] = {"order": {"order_id": "1"}, "products": {"products": []}}.get(row.when, {})
    if ":" in row.when:
        path, _, value = row.when.partition(":")
        for part in reversed(path.split(".")):
            properties = {part: properties or value.replace(">1", "2")}
    context = {"integration": {"name": SOURCES[row.vocabulary]}} if row.when == "integration" else {}
    message = {"type": "track", "event": row.alias, "userId": "ana", "properties": properties, "context": context}
    event = Reader().read(Record(f"channels.{channel}", 0, 0, 1, None, orjson.dumps(message)))
    assert isinstance(event, Event)
    body = orjson.loads(event.body)
    assert row.canonical == (body["type"] if row.canonical in (PAGE, SCREEN) else body["name"])
    assert body.get("original_name", body["name"]) == row.alias


VARIANT = {"sku": "HAT-R", "price": {"amount": 19.5, "currencyCode": "CAD"}, "product": {"id": "7", "title": "Hat"}}
CHECKOUT = {
    "totalPrice": {"amount": 44.5, "currencyCode": "CAD"}, "subtotalPrice": {"amount": 39},
    "lineItems": [{"title": "Hat", "quantity": 2, "variant": VARIANT}], "order": {"id": "9"},
}  # fmt: skip


@pytest.mark.parametrize("properties", [CHECKOUT, {"checkout": CHECKOUT}, {"data": {"checkout": CHECKOUT}}])
def test_an_object_hides_no_name_that_is_spelt_as_its_field(properties: dict[str, Any]) -> None:
    """Shopify's pixel has `totalPrice.amount`, its webhook `total_price`: an object is no amount."""
    message = {"type": "track", "event": "checkout_completed", "userId": "u", "properties": properties}
    event = Reader().read(Record("channels.web", 0, 0, 1, None, orjson.dumps(message)))
    assert isinstance(event, Event)
    said = orjson.loads(event.body)["properties"]
    assert (said["order_id"], said["total"], said["currency"]) == ("9", 44.5, "CAD")
    item = {"title": "Hat", "price": {"amount": 5, "currencyCode": "EUR"}, "variant": {"id": 3}, "id": "p"}
    assert Products().item(item) == {
        **item,
        "product_id": "p",
        "name": "Hat",
        "price": 5,
        "currency": "EUR",
        "variant": 3,
    }


@pytest.mark.parametrize(
    ("name", "given", "amount"),
    [
        ("price_cents", 1234, 12.34), ("price_in_cents", 1234, 12.34), ("priceInCents", "1234", 12.34),
        ("item_price_in_micros", 1_500_000, 1.5), ("price_in_minor", 1234, 12.34), ("margin_cents", 1234, None),
        ("price_in", 1234, None),
    ],
)  # fmt: skip
def test_a_unit_in_a_name_scales_it(name: str, given: Any, amount: float | None) -> None:
    """Of an amount alone, with `in` before the unit or not."""
    assert Products().item({"sku": "S", name: given}).get("price") == amount


def test_bare_values_beside_items_are_no_products() -> None:
    """A list of ids alone names products; among items a text, a number or null is nothing."""
    mixed = {"items": [None, {"item_id": "A"}, "x", 5, True]}
    for items, read in (
        (mixed, [{"item_id": "A", "product_id": "A"}]),
        ({"content_ids": ["x"]}, [{"product_id": "x"}]),
    ):
        message = {"type": "track", "event": "view_cart", "userId": "u", "properties": items}
        event = Reader().read(Record("channels.web", 0, 0, 1, None, orjson.dumps(message)))
        assert isinstance(event, Event)
        assert orjson.loads(event.body)["properties"]["products"] == read
