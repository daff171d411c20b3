"""Rows of every topic, as ClickHouse holds them, and records no row can be made of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest

from schemas import topics
from schemas.identifiers import Hasher
from schemas.record import Record
from schemas.settings import Settings
from sinks.clickhouse.load import load
from sinks.clickhouse.rows import BY_TOPIC, TABLES, UnreadableError
from tests.support import sink_rows as make

Rows = Callable[[str], list[tuple[Any, ...]]]
HASHER = Hasher(Settings().secret.get_secret_value())
OWN = {
    "events": {
        "person",
        "event_key",
        "did",
        "clicked_message",
        "machine",
        "margin",
        "cost_currency",
        "utm_source",
        "utm_medium",
        "utm_campaign",
        "referrer",
        "host",
        "device",
        "regions",
    },
    "conversions": {"channel_credit", "campaign_credit"},
    "cart_transitions": {"items"},
    "messages": {"offer_code", "offer_discount", "offer_expires_at", "domain"},
}
"""Columns that the sink process keeps itself, or ClickHouse makes of others."""
FIRST = datetime(2026, 11, 21, 12)  # noqa: DTZ001 - as the client gives times of a UTC server


def test_every_column_of_a_row_is_a_column_of_its_table(client: Any) -> None:
    """The columns a row is made for are those of the migrations, in name and number."""
    for table in TABLES:
        found = client.query(f"DESCRIBE TABLE {table.name}").result_rows
        assert set(table.columns) == {row[0] for row in found} - OWN.get(table.name, set())


def test_event_row(client: Any, rows: Rows) -> None:
    """An event keeps all its parts, JSON as text and identifiers as pairs."""
    value = make.event_value(
        "a" * 32, "Product Viewed", properties={"price": 19.99, "kind": "sale", "é": ["x", {"y": None}]}
    )
    value |= {"extra": {"writeKey": "k"}, "late": True}
    load(client, [make.record(topics.STITCHED_EVENTS, value)])
    found = rows("SELECT profile_id, event_time, channel, type, name, received_at, late, kind, extra FROM events")
    assert found == [("a" * 32, FIRST, "web", "track", "Product Viewed", FIRST, True, "sale", '{"writeKey":"k"}')]
    [(properties, context, identifiers)] = rows("SELECT properties, context, identifiers FROM events")
    assert orjson.loads(properties) == value["properties"]
    assert orjson.loads(context) == {"locale": "en-US"}
    assert identifiers == [{"type": "user_id", "value": "a" * 32}]
    assert rows("SELECT source_topic, source_partition, source_offset FROM events") == [("channels.web", 2, 17)]


@pytest.mark.parametrize(
    ("name", "properties", "revenue"),
    [
        ("Order Completed", {"revenue": 50, "total": 60}, "50"),
        ("Order Completed", {"revenue": "?", "total": "1,234.50"}, "1234.5"),
        ("Order Completed", {"value": 0.1}, "0.1"),
        ("Order Completed", {"products": [{"price": "2.10", "quantity": 3}, {"price": 1}, {"price": "?"}, 7]}, "7.3"),
        ("Order Completed", {"products": [{"price": 0.000001, "quantity": 0.5}]}, "0"),
        ("Order Completed", {"revenue": -12.5}, "-12.5"),
        ("Order Completed", {"revenue": 8999999999999.5}, "8999999999999.5"),
        ("Order Completed", {"products": "none"}, "0"),
        ("Order Refunded", {"total": 9.999999}, "-9.999999"),
        ("Order Refunded", {"revenue": -3}, "-3"),
        ("Order Updated", {"revenue": 50}, "0"),
        ("Product Added", {"value": 50}, "0"),
    ],
)
def test_revenue(client: Any, rows: Rows, name: str, properties: dict[str, Any], revenue: str) -> None:
    """Revenue, else total, else value, else the products; a refund takes it back, whatever its sign."""
    load(client, [make.event("a" * 32, name, **properties)])
    assert rows("SELECT revenue FROM events") == [(Decimal(revenue),)]


def test_feedback_and_spend(client: Any, rows: Rows) -> None:
    """Message feedback says which message, spend says how much and for which campaign."""
    load(
        client,
        [
            make.event("a" * 32, "Email Opened", 1, message_id="m1", channel="email"),
            make.record(
                topics.STITCHED_EVENTS,
                make.event_value(
                    "a" * 32, "Email Opened", 2, "email", "e2", None, {"message_id": "m1", "campaign_id": 7}
                ),
            ),
            make.record(
                topics.STITCHED_EVENTS,
                make.event_value(
                    "a" * 32, "Ad Spend Recorded", 3, "ads", "e3", None, {"cost": "$12.345", "campaign_id": "spring"}
                ),
            ),
            make.record(
                topics.STITCHED_EVENTS,
                make.event_value("a" * 32, "Ad Spend Recorded", 4, "ads", "e4", None, {"cost": {}}),
            ),
        ],
    )
    found = rows("SELECT about_message, campaign_id, cost FROM events ORDER BY event_time")
    assert found == [("", "", 0), ("m1", "7", 0), ("", "spring", Decimal("12.345")), ("", "", 0)]


def test_merge_rows(client: Any, rows: Rows) -> None:
    """A merge, and a refused link of the same profile, are two rows, whatever their versions."""
    load(client, [make.merge("a", "b", version=3), make.merge("a", "c", version=9, refused="profile_limit")])
    found = rows(
        "SELECT merged_profile_id, into_profile_id, reason, refused, version FROM profile_merges FINAL ORDER BY version"
    )
    assert found == [("a", "b", "link", "", 3), ("a", "c", "profile_limit", "profile_limit", 9)]


def test_merge_rows_of_a_split_and_an_erasure(client: Any, rows: Rows) -> None:
    """A split between two profiles that also merged, twice, is two rows more; an erased profile leads nowhere."""
    pair = {"identifiers": ["h1", "h2"], "source": {"topic": "channels.web", "partition": 3, "offset": 7}}
    linked = orjson.loads(make.merge("a", "b", version=3).value or b"") | pair
    load(client, [
        make.record(topics.IDENTITY_MERGES, linked, "a"), make.split("a", "b", ["h3"], version=1),
        make.split("a", "b", ["h4"], version=2), make.erasure("c", version=9),
    ])  # fmt: skip
    names = "merged_profile_id, into_profile_id, reason, identifiers, source_topic, source_offset, version"
    assert rows(f"SELECT {names} FROM profile_merges FINAL ORDER BY version") == [  # noqa: S608
        ("a", "b", "split", ["h3"], "", 0, 1),
        ("a", "b", "split", ["h4"], "", 0, 2),
        ("a", "b", "link", ["h1", "h2"], "channels.web", 7, 3),
        ("c", "", "erased", [], "", 0, 9),
    ]


def test_identifier_rows(client: Any, rows: Rows) -> None:
    """Every version of an identifier stays, so that one sees how it moved; the fields of newer ones may be missing."""
    source = {"topic": "channels.app", "partition": 1, "offset": 5}
    load(client, [
        make.assignment("h", "email", "a", 1),
        make.assignment("h", "email", "b", 7, linked_to="u", source=source),
        make.assignment("h", "email", "b", 7, linked_to="u", source=source),
        make.assignment("i", "email", None, 9, erased_at="2026-11-21T12:00:00.000Z"),
    ])  # fmt: skip
    names = "identifier_type, profile_id, version, linked_to, source_topic, source_partition, source_offset, erased_at"
    assert rows(f"SELECT {names} FROM identifiers FINAL ORDER BY version") == [  # noqa: S608
        ("email", "a", 1, "", "", 0, 0, None),
        ("email", "b", 7, "u", "channels.app", 1, 5, None),
        ("email", "", 9, "", "", 0, 0, FIRST),
    ]


def test_an_event_knows_its_head(client: Any, rows: Rows) -> None:
    """The hash of an event's strongest identifier is the pipeline's own; an event that names nobody has none."""
    named = [{"type": "email", "value": "a@example.com"}, {"type": "anonymous_id", "value": "x"}]
    load(client, [make.event("a", "X", identifiers=named), make.event("b", "Spot Aired", identifiers=[])])
    assert rows("SELECT head, head_type FROM events ORDER BY profile_id") == [
        (HASHER("email", "a@example.com"), "email"), ("", ""),
    ]  # fmt: skip


def test_profiles_stand_whatever_is_written_twice(client: Any, rows: Rows) -> None:
    """First and last sight, channels and kinds of identifiers of a profile: the same however often events come in."""
    anonymous = [{"type": "anonymous_id", "value": "x"}]
    records = [
        make.event("a", "Product Viewed", make.NOON, identifiers=anonymous),
        make.event("a", "Order Completed", make.NOON + make.HOUR, channel="app"),
        make.event("a", "Product Viewed", make.NOON - make.HOUR, channel="store"),
        make.event("b", "Product Viewed", make.NOON, identifiers=anonymous),
    ]
    names = "profile_id, first_seen, last_seen, arraySort(channels), arraySort(identifier_types), known, last_order_at"
    hour = timedelta(hours=1)
    for _ in range(2):
        load(client, records)
        assert rows(f"SELECT {names} FROM profiles FINAL ORDER BY profile_id") == [  # noqa: S608
            ("a", FIRST - hour, FIRST + hour, ["app", "store", "web"], ["anonymous_id", "user_id"], 1, FIRST + hour),
            ("b", FIRST, FIRST, ["web"], ["anonymous_id"], 0, None),
        ]  # fmt: skip


def test_transition_row(client: Any, rows: Rows) -> None:
    """A transition keeps its lines as JSON and its value exactly."""
    load(client, [make.transition("a", "c1", "none>open", make.NOON, reason="opened", value=19.99)])
    found = rows(
        "SELECT cart_id, from_state, to_state, reason, value, currency, stage, line_count, lines FROM cart_transitions"
    )
    lines = '[{"product_id":"p1","sku":null,"price":19.99,"quantity":1}]'
    assert found == [("c1", "none", "open", "opened", Decimal("19.99"), "EUR", "cart", 1, lines)]


def test_message_row(client: Any, rows: Rows) -> None:
    """A message keeps where it goes and what caused it; an offer may be nothing, text or an object."""
    load(client, [make.message("a", "m1")])
    found = rows(
        "SELECT message_id, channel, recipient, offer, trigger_type, trigger_at, cart_id, decided_at FROM messages"
    )
    assert found == [("m1", "email", "a@example.com", "", "cart_abandoned", FIRST, "c1", FIRST)]
    value = orjson.loads(make.message("a", "m2").value or b"") | {
        "offer": {"code": "X", "percent": 10},
        "expires_at": None,
    }
    load(client, [make.record(topics.RETARGETING_MESSAGES, value)])
    found = rows("SELECT offer, expires_at FROM messages WHERE message_id = 'm2'")
    assert found == [('{"code":"X","percent":10}', None)]


def test_decision_row(client: Any, rows: Rows) -> None:
    """The profile of a decision is the record's key; what was not decided yet is empty."""
    load(client, [make.decision("a", "d1", "suppressed", reason="no_consent", variant=None)])
    found = rows("SELECT decision_id, profile_id, variant, arm, outcome, reason, message_id FROM decisions")
    assert found == [("d1", "a", "", "treatment", "suppressed", "no_consent", "")]


def test_control_share_of_a_decision(client: Any, rows: Rows) -> None:
    """The chance that the record tells, NULL where it tells none; anything but a part of a whole is no row."""
    for n, share in enumerate((0.1, 1, None)):
        value = orjson.loads(make.decision("a", f"d{n}", "sent").value or b"") | {"control_share": share}
        load(client, [make.record(topics.RETARGETING_DECISIONS, value, "a")])
        with pytest.raises(UnreadableError):
            BY_TOPIC[topics.RETARGETING_DECISIONS].row(
                make.record(topics.RETARGETING_DECISIONS, value | {"control_share": (1.5, "x", -1)[n]}, "a"), HASHER
            )
    assert rows("SELECT control_share FROM decisions ORDER BY decision_id") == [(0.1,), (1.0,), (None,)]


def test_conversion_row(client: Any, rows: Rows) -> None:
    """An order keeps its credits as JSON, and says which message brought it back, if one did."""
    load(client, [make.conversion("a", "o1", 20.5, message_id="m1"), make.conversion("a", "o2", 3)])
    found = rows(
        "SELECT order_id, value, credits, recovered_campaign, recovered_message_id FROM conversions ORDER BY order_id"
    )
    shares = '{"first":{"email":1},"last":{"web":1}}'
    assert found == [("o1", Decimal("20.5"), shares, "abandoned-cart", "m1"), ("o2", 3, shares, "", "")]


def test_suppression_row_of_an_address_is_the_newest(client: Any, rows: Rows) -> None:
    """By hash: a no, and the yes that has lifted it; of a topic apart. A repeat and what is older change nothing."""
    said = {"address_hash": "a" * 32, "channel": "email", "topic": None, "suppressed": True, "reason": "bounced"}
    first, later = {**said, "since": "2026-11-21T12:00:00.000Z"}, {**said, "since": "2026-11-21T13:00:00.000Z"}
    lifted = {**later, "suppressed": False, "reason": "subscribed"}
    topic = {**first, "address_hash": "b" * 32, "topic": "news", "reason": "unsubscribed"}
    for value in (first, lifted, topic, first):
        load(client, [make.record(topics.CONTACT_SUPPRESSIONS, value, value["address_hash"])])
    found = rows(
        "SELECT address_hash, channel, topic, suppressed, reason FROM suppressions FINAL ORDER BY address_hash"
    )
    assert found == [
        ("a" * 32, "email", "", False, "subscribed"), ("b" * 32, "email", "news", True, "unsubscribed"),
    ]  # fmt: skip


def test_cell_row_takes_the_newest_version(client: Any, rows: Rows) -> None:
    """A cell is absolute: the newest version stands, also when an older one comes in later; partitions add up."""
    load(
        client,
        [
            make.cell("channel_hour", {"channel": "web"}, {"events": 9, "revenue": 0.3}, version=7),
            make.cell("channel_hour", {"channel": "web"}, {"events": 2}, version=2),
            make.cell("channel_hour", {"channel": "web"}, {"events": 5}, partition=1),
        ],
    )
    assert rows("SELECT sum(values['events']), sum(values['revenue']) FROM cells FINAL") == [(14, Decimal("0.3"))]
    assert rows("SELECT DISTINCT dimensions, cell FROM cells") == [({"channel": "web"}, '{"channel":"web"}')]


def test_a_time_beyond_the_year_2299_is_held_there(client: Any, rows: Rows) -> None:
    """DateTime64 ends in 2299: a later time neither fails nor wraps round."""
    load(client, [make.event("a" * 32, "Product Viewed", 253_402_300_799_999)])
    assert rows("SELECT toString(event_time) FROM events") == [("2299-12-31 23:59:59.999",)]


def test_events_of_hundreds_of_months_go_in_at_once(client: Any, rows: Rows) -> None:
    """One insert may touch more months than ClickHouse allows a block by default."""
    load(client, [make.event("a" * 32, "Product Viewed", month * 31 * make.DAY) for month in range(240)])
    assert rows("SELECT count(), uniqExact(toYYYYMM(event_time)) FROM events") == [(240, 240)]


@pytest.mark.parametrize("topic", sorted(BY_TOPIC))
@pytest.mark.parametrize(
    "value", [None, b"", b"{", b"[]", b"7", b"null", b"{}", b"\xff", b'{"profile_id":null}', b'"\\ud800"']
)
def test_what_is_no_record_of_its_topic_is_unreadable(topic: str, value: bytes | None) -> None:
    """Anything else than the topic's JSON object is one named error, never another."""
    with pytest.raises(UnreadableError):
        BY_TOPIC[topic].row(Record(topic, 0, 0, 0, None, value), HASHER)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("profile_id", ""),
        ("profile_id", 7),
        ("message_id", None),
        ("event_time", "yesterday"),
        ("event_time", None),
        ("event_time", "2026-13-01T00:00:00.000Z"),
        ("properties", []),
        ("source", None),
        ("source", {"topic": "t"}),
        ("source", {"topic": "t", "partition": -1, "offset": 0}),
        ("name", []),
    ],
)
def test_a_field_of_the_wrong_shape_is_unreadable(field: str, value: Any) -> None:
    """A record of ours with one broken field makes no row, and the error does not show the value."""
    broken = make.event_value("a" * 32, "Product Viewed") | {field: value}
    with pytest.raises(UnreadableError) as caught:
        BY_TOPIC[topics.STITCHED_EVENTS].row(make.record(topics.STITCHED_EVENTS, broken), HASHER)
    assert "yesterday" not in str(caught.value)
