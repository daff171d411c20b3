"""What becomes of the fields of a message: the body that `stitched.events` is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from schemas.events import Event

Body = Callable[..., dict[str, Any]]
Accept = Callable[..., Event]
Refused = Callable[..., str]


def test_the_whole_body(event: Accept) -> None:
    """One event, field by field: nothing but what the topic's contract names, in one compact JSON object."""
    result = event({
        "type": "track", "event": "product  ADDED", "messageId": "m-1", "timestamp": "2026-11-21T18:32:58.000Z",
        "userId": "u-42", "anonymousId": "a-1", "properties": {"price": "19.99"}, "context": {"locale": "de"},
        "sentAt": "2026-11-21T18:32:58.100Z", "receivedAt": "2026-11-21T18:32:59.000Z", "writeKey": "k",
        "integrations": {"All": True}, "category": None,
    })  # fmt: skip
    assert orjson.loads(result.body) == {
        "channel": "web", "message_id": "m-1", "type": "track", "name": "Product Added",
        "event_time": "2026-11-21T18:32:58.000Z", "received_at": "2026-11-21T18:32:59.333Z",
        "properties": {"price": "19.99"}, "context": {"locale": "de"}, "traits": {},
        "identifiers": [{"type": "user_id", "value": "u-42"}, {"type": "anonymous_id", "value": "a-1"}],
        "source": {"topic": "channels.web", "partition": 3, "offset": 1834},
        "original_name": "product  ADDED",
        "extra": {"writeKey": "k", "integrations": {"All": True}, "category": None},
    }  # fmt: skip
    assert result.body == orjson.dumps(orjson.loads(result.body))
    assert result[:5] == (1_795_285_978_000, "channels.web", 3, 1834, "web")
    assert result.identifiers == (("user_id", "u-42"), ("anonymous_id", "a-1"))
    assert result.message_id == "m-1"
    assert (result.previous, result.clamped) == ((), False)


def test_no_extra_when_all_fields_are_known(body: Body) -> None:
    """`extra` is left out when there is nothing to keep; profile_id and late are the journey's to add."""
    assert not {"extra", "profile_id", "late"} & body().keys()


@pytest.mark.parametrize("given", ["track", "Track", " TRACK "])
def test_type_in_any_case(body: Body, given: str) -> None:
    """The type is taken in any case and written in lower case."""
    assert body(type=given)["type"] == "track"


@pytest.mark.parametrize("given", ["merge", "", None, 3, True, [], {}, "tracking", "track\u0000"])
def test_unknown_types(refused: Refused, given: Any) -> None:
    """Any other type, or none, is a dead letter."""
    assert refused({"type": given, "event": "X", "userId": "u"}) == "unknown_type"
    assert refused({"event": "X", "userId": "u"}) == "unknown_type"
    assert refused({"batch": [], "userId": "u"}) == "unknown_type"


@pytest.mark.parametrize("kind", ["page", "screen"])
@pytest.mark.parametrize(("given", "name"), [("Home", "Home"), (None, ""), (5, ""), ("product added", "product added")])
def test_names_of_pages(body: Body, kind: str, given: Any, name: str) -> None:
    """A page or screen has its own name as it is, or none."""
    result = body(type=kind, name=given)
    assert result["name"] == name
    assert "name" not in result.get("extra", {})


@pytest.mark.parametrize("kind", ["identify", "alias", "group"])
def test_calls_without_a_name(body: Body, kind: str) -> None:
    """An identify, alias or group call has no name; what it calls name or event is kept as an unknown field."""
    result = body(type=kind, name="n", event="e")
    assert result["name"] == ""
    assert result["extra"] == {"name": "n", "event": "e"}


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("In-Store Purchase", "In-Store Purchase"),
        ("ORDER\tcompleted", "Order Completed"),
        (404, "404"),
        (" x  y ", "x y"),
    ],
)
def test_names_of_events(body: Body, given: Any, name: str) -> None:
    """A known event has its canonical name, another its own with blanks collapsed; a number is taken as text."""
    assert body(event=given)["name"] == name


@pytest.mark.parametrize("given", [None, "", "  ", True, [], {"a": 1}])
def test_missing_event_name(refused: Refused, given: Any) -> None:
    """A track call without a name for its event is a dead letter."""
    assert refused({"type": "track", "event": given, "userId": "u"}) == "missing_event_name"
    assert refused({"type": "track", "userId": "u"}) == "missing_event_name"


@pytest.mark.parametrize("field", ["properties", "context", "traits"])
def test_objects(body: Body, refused: Refused, field: str) -> None:
    """Properties, context and traits are always objects: absent and null are empty, anything else is a dead letter."""
    assert body()[field] == {}
    assert body(**{field: None})[field] == {}
    assert body(**{field: {"a": [1, {"b": None}]}})[field] == {"a": [1, {"b": None}]}
    for wrong in ([], "", "x", 0, False):
        assert refused({"type": "page", "userId": "u", field: wrong}) == "invalid_value"


def test_traits_are_merged(body: Body) -> None:
    """The message's own traits lie over those of its context, which stay where they were."""
    inner = {"email": "old@x.com", "name": "Ana"}
    result = body(type="identify", context={"traits": inner}, traits={"email": "new@x.com"})
    assert result["traits"] == {"email": "new@x.com", "name": "Ana"}
    assert result["context"] == {"traits": inner}
    assert body(context={"traits": inner})["traits"] == inner
    assert body(context={"traits": "none"})["traits"] == {}


def test_unreadable_money_is_no_dead_letter(body: Body) -> None:
    """A purchase is seen whatever its numbers look like."""
    result = body(
        event="Order Completed", properties={"total": "free!", "products": [{"price": {}, "quantity": "two"}]}
    )
    assert result["properties"]["total"] == "free!"


@pytest.mark.parametrize(
    "channel",
    [
        "web", "app", "email", "sms", "push", "messenger", "store", "marketplace", "ads", "social", "search",
        "callcenter", "broadcast", "mail",
    ],
)  # fmt: skip
def test_every_channel(event: Accept, channel: str) -> None:
    """The channel is the raw topic's name after the first dot."""
    result = event(topic=f"channels.{channel}")
    assert result.channel == orjson.loads(result.body)["channel"] == channel


def test_fields_of_ours_never_come_from_the_message(body: Body) -> None:
    """A message that names our own fields does not overwrite them: they are unknown fields of it."""
    forged = {
        "profile_id": "f" * 32,
        "late": True,
        "channel": "server",
        "source": 1,
        "identifiers": [],
        "extra": {"a": 1},
    }
    result = body(**forged)
    assert result["channel"] == "web"
    assert result["extra"] == forged


@pytest.mark.parametrize(
    "given", ["m-1", " m-1 ", "0", "x" * 1024, "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16")]
)
def test_message_id_as_given(event: Accept, given: str) -> None:
    """A messageId is kept to the letter."""
    assert event({"type": "page", "userId": "u", "messageId": given}).message_id == given


@pytest.mark.parametrize(("given", "text"), [(17, "17"), (17.0, "17"), (1.5, "1.5"), (0, "0")])
def test_message_id_as_number(event: Accept, given: float, text: str) -> None:
    """A number as messageId is taken as text."""
    assert event({"type": "page", "userId": "u", "messageId": given}).message_id == text


@pytest.mark.parametrize("given", [None, "", " ", "\t\n", "x" * 1025, True, [], {}])
def test_message_id_stand_in(event: Accept, given: Any) -> None:
    """Without a usable messageId, a hash of the content stands in, the same for the same content."""
    message = {"type": "page", "userId": "u", "properties": {"b": 1, "a": {"d": 1, "c": 2}}}
    stand_in = event(message).message_id
    assert event({**message, "messageId": given}).message_id == stand_in
    assert stand_in.startswith("h-")
    assert len(bytes.fromhex(stand_in[2:])) == 16


def test_stand_in_sees_content_alone(event: Accept) -> None:
    """A retry (later sentAt and receivedAt, other order of keys) has the same stand-in; other content has not."""
    first = event(b'{"type":"page","userId":"u","properties":{"a":1,"b":2},"sentAt":"2024-01-01","receivedAt":1}')
    again = event(b'{"sentAt":"2024-01-02","properties":{"b":2,"a":1},"userId":"u","type":"page"}', timestamp=1)
    other = event(b'{"type":"page","userId":"u","properties":{"a":1,"b":3}}')
    assert first.message_id == again.message_id != other.message_id


@pytest.mark.parametrize(
    ("more", "has"),
    [
        ({}, False),
        ({"traits": {}, "context": {"traits": {}}}, False),
        ({"properties": {"traits": {"name": "Anna"}}}, False),
        ({"traits": {"name": "Anna", "note": "unsubscribed", "address": {"city": "Nowhere"}}}, False),
        ({"traits": {"name": "Anna", "marketing": {"email": True}}}, True),
        ({"context": {"traits": {"newsletter": False}}}, True),
        ({"type": "group", "groupId": "g", "context": {"traits": {"newsletter": False}}}, True),
        ({"traits": {"a}": "{", "unsubscribed": 1}, "context": {"traits": {"b": '"}'}}}, True),
    ],
)
def test_whether_traits_are_of_consent_is_told_beside_the_body(event: Accept, more: dict[str, Any], has: bool) -> None:
    """`of_consent` says whether a trait is about subscriptions, from wherever it came: no others are looked into."""
    assert event({"type": "track", "event": "X", "userId": "u", "messageId": "m", **more}).of_consent is has
