"""Orders and events that say no are heard whatever their envelope looks like; other events keep their dead letter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from schemas.events import DeadLetter, Event
from schemas.times import iso

Accept = Callable[..., Event]
Refused = Callable[..., str]
NOW = 1_795_285_979_333

ORDER = {"type": "track", "event": "Order Completed", "userId": "u", "properties": {"order_id": "o-1", "revenue": 30}}
HEARD: list[dict[str, Any]] = [
    ORDER,
    {"type": "track", "event": "order  refunded", "userId": "u", "properties": {"order_id": "o-1"}},
    {"type": "track", "event": "Unsubscribed", "userId": "u", "properties": {"channel": "email"}},
    {"type": "track", "event": "Email Marked as Spam", "context": {"traits": {"email": "ana@x.de"}}},
    {"type": "track", "event": "Subscription Changed", "userId": "u", "properties": {"subscribed": False}},
    {"type": "track", "event": "Subscription Changed", "userId": "u", "properties": {"subscribed": "maybe"}},
    {"type": "identify", "userId": "u", "traits": {"unsubscribed": True}},
    {"type": "identify", "userId": "u", "traits": {"email_subscribed": "no"}},
    {"type": "page", "userId": "u", "context": {"traits": {"acceptsMarketing": False}}},
    {"type": "identify", "userId": "u", "traits": {"email_consent": "revoked"}},
    {"type": "identify", "userId": "u", "traits": {"consent": {"sms": "denied", "email": "yes"}}},
    {"type": "identify", "userId": "u", "traits": {"marketing_permission": {"state": "declined"}}},
    {
        "type": "track",
        "event": "Subscription Changed",
        "userId": "u",
        "properties": {"subscribed": "y", "opted_out": 1},
    },
]
PASSED_OVER: list[dict[str, Any]] = [
    {"type": "track", "event": "Product Added", "userId": "u", "properties": {"sku": "S"}},
    {"type": "track", "event": "Subscription Changed", "userId": "u", "properties": {"subscribed": "Yes"}},
    {"type": "identify", "userId": "u", "traits": {"unsubscribed": False, "newsletter": True, "subscription": "gold"}},
    {"type": "page", "userId": "u", "name": "Order Completed"},
]
UNREADABLE = [
    "10/03/2026 10:00", "0000-00-00 00:00:00", "2026-03-10T10:00:00 Europe/Berlin", "now", -1, True, [], {},
    {"$date": "2026-03-10T10:00:00Z"}, "1969-12-31T23:59:59Z",
]  # fmt: skip


@pytest.mark.parametrize("message", HEARD)
@pytest.mark.parametrize("field", ["timestamp", "originalTimestamp"])
@pytest.mark.parametrize("wrong", UNREADABLE)
def test_an_unreadable_time_is_the_records(event: Accept, message: dict[str, Any], field: str, wrong: Any) -> None:
    """The event happened when its record was written, and says that its own time could not be read."""
    result = event({**message, field: wrong, "sentAt": "2026-01-01T00:00:00Z"})
    body = orjson.loads(result.body)
    assert (result.time, body["event_time"], body["time_unreadable"]) == (NOW, iso(NOW), True)
    assert "extra" not in body


@pytest.mark.parametrize("message", HEARD)
@pytest.mark.parametrize("field", ["properties", "context", "traits"])
@pytest.mark.parametrize("wrong", [[], "", "  ", "text", 0, False, ["x"], "[]", "{", 7])
def test_what_is_no_object_is_an_empty_one(event: Accept, message: dict[str, Any], field: str, wrong: Any) -> None:
    """PHP writes an empty object as a list, forms write it as a text."""
    if field in message:
        return
    result = event({**message, field: wrong})
    body = orjson.loads(result.body)
    assert body[field] == (message.get("context", {}).get("traits", {}) if field == "traits" else {})
    assert "time_unreadable" not in body


@pytest.mark.parametrize("message", HEARD)
def test_json_text_of_an_object_is_read(event: Accept, message: dict[str, Any]) -> None:
    """Whatever was encoded once too often is the object in it, the whole message as well."""
    inner = ("properties", "context", "traits")
    texts = {k: orjson.dumps(v).decode() if k in inner else v for k, v in message.items()}
    plain = event({**message, "messageId": "m"})
    assert event({**texts, "messageId": "m"}) == plain
    assert event(orjson.dumps(orjson.dumps({**message, "messageId": "m"}).decode())) == plain
    twice = {k: orjson.dumps(v).decode() if k in inner else v for k, v in texts.items()}
    assert event({**twice, "messageId": "m"}) == plain
    if "traits" in message.get("context", {}):
        nested = {"traits": orjson.dumps(message["context"]["traits"]).decode()}
        if "userId" not in message:
            assert event({**message, "messageId": "m", "context": nested}) == plain


@pytest.mark.parametrize("message", HEARD)
@pytest.mark.parametrize("kind", [None, "", "purchase/order", "event", 7, []])
def test_a_type_that_nobody_knows_counts_as_track(event: Accept, message: dict[str, Any], kind: Any) -> None:
    """An order without its type is an order; traits without one are an identify."""
    result = event({**message, "type": kind})
    assert orjson.loads(result.body)["type"] == ("track" if "event" in message else "identify")
    assert event({k: v for k, v in message.items() if k != "type"}).identifiers == result.identifiers


@pytest.mark.parametrize("message", PASSED_OVER)
@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"timestamp": "now"}, "invalid_timestamp"), ({"context": "{}"}, "invalid_value"),
        ({"integrations": 1, "context": []}, "invalid_value"), ({"type": "purchase"}, "unknown_type"),
    ],
)  # fmt: skip
def test_other_events_keep_their_dead_letter(
    refused: Refused, message: dict[str, Any], fields: dict[str, Any], reason: str
) -> None:
    """A yes, an addition, a page: what cannot be read is not guessed."""
    assert refused({**message, **fields}) == reason


def test_all_at_once(event: Accept) -> None:
    """Everything wrong, in a CloudEvent, by an alias of the type: the purchase is seen."""
    data = {"event": "ORDER completed", "userId": "u", "properties": '{"order_id": 7}', "context": [], "timestamp": "x"}
    around = {"specversion": "1.0", "id": "ce-1", "source": "s", "type": "t", "time": "yesterday"}
    for given in (data, orjson.dumps(data).decode()):
        result = event({**around, "data": given})
        body = orjson.loads(result.body)
        assert (result.name, result.time, result.message_id) == ("Order Completed", NOW, "ce-1")
        assert (body["properties"], body["time_unreadable"]) == ({"order_id": 7}, True)


def test_nameless_and_unreadable(read: Callable[..., Event | DeadLetter], refused: Refused, event: Accept) -> None:
    """Without an identifier a no is nobody's; no JSON stays unread; the dead letter has the bytes as they came."""
    no = {"type": "track", "event": "Unsubscribed", "timestamp": "x"}
    assert refused(no) == "no_identifier"
    letter = read(no)
    assert isinstance(letter, DeadLetter)
    assert letter.record.value == orjson.dumps(no)
    assert refused(b'{"type":"track","event":"Order Completed"') == "invalid_json"
    assert refused({**ORDER, "properties": {"a": _nested(70)}, "timestamp": "x"}) == "invalid_value"
    order = {**ORDER, "userId": None, "timestamp": "x"}
    assert event(order).identifiers == (("order_id", "o-1"),)


def test_retries_are_one_event(event: Accept) -> None:
    """Without a messageId it is known by its content as it came: a retry is the same, another time is another."""
    first, again, other = (
        event({**ORDER, "timestamp": at, "sentAt": s}) for at, s in (("x", "1"), ("x", "2"), ("y", "1"))
    )
    assert first.message_id == again.message_id != other.message_id


def test_a_time_that_can_be_read_is_kept(event: Accept) -> None:
    """Only the time that cannot be read is replaced: a broken context costs no time."""
    result = event({**ORDER, "context": [], "timestamp": iso(NOW - 1000)})
    assert result.time == NOW - 1000
    assert b"time_unreadable" not in result.body
    assert event({**ORDER, "timestamp": "x", "originalTimestamp": NOW - 1000}).time == NOW - 1000


def _nested(depth: int) -> Any:
    return [_nested(depth - 1)] if depth else 1


@pytest.mark.parametrize("message", HEARD)
def test_the_data_of_a_cloud_event_as_text_is_read(event: Accept, message: dict[str, Any]) -> None:
    """JSON text in the place of the data is the message in it, also where nothing else is wrong with the event."""
    around = {"specversion": "1.0", "id": "ce-1", "source": "s", "type": "t", "time": iso(NOW - 60_000)}
    whole, text = event({**around, "data": message}), event({**around, "data": orjson.dumps(message).decode()})
    assert (text.time, text.name, text.identifiers) == (NOW - 60_000, whole.name, whole.identifiers)
    assert orjson.loads(text.body)["properties"] == orjson.loads(whole.body)["properties"]
    assert "time_unreadable" not in orjson.loads(text.body)
