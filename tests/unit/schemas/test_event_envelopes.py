"""The three envelopes: Segment, RudderStack, CloudEvents in both modes."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from schemas.events import Event

Accept = Callable[..., Event]
Refused = Callable[..., str]

CALL = {"type": "track", "event": "Product Added", "userId": "u-42", "properties": {"sku": "s"}}
ATTRIBUTES = {
    "specversion": "1.0", "id": "ce-1", "source": "/shop", "type": "shop.track", "time": "2024-03-10T06:59:59.123Z",
    "subject": "cart",
}  # fmt: skip
HEADERS = tuple((f"ce_{name}", value.encode()) for name, value in ATTRIBUTES.items())


def check(result: Event) -> dict[str, Any]:
    """The body of the call in whatever envelope, after what all of them have in common."""
    body = dict(orjson.loads(result.body))
    assert (body["type"], body["name"], body["properties"]) == ("track", "Product Added", {"sku": "s"})
    assert result.identifiers == (("user_id", "u-42"),)
    return body


def test_structured(event: Accept) -> None:
    """A structured CloudEvent is its data; id and time stand in for what is missing, all attributes are kept."""
    result = event({**ATTRIBUTES, "data": CALL}, headers=(("content-type", b"application/cloudevents+json"),))
    assert check(result)["extra"] == {"cloudevent": ATTRIBUTES}
    assert (result.message_id, result.time) == ("ce-1", 1_710_053_999_123)


def test_structured_without_headers(event: Accept) -> None:
    """The value alone says that it is a CloudEvent; a producer need not set headers."""
    assert event({**ATTRIBUTES, "data": CALL}).message_id == "ce-1"


def test_structured_base64(event: Accept) -> None:
    """Data as base64 is read like data; it is checked like any value."""
    data = b64encode(orjson.dumps(CALL)).decode()
    check(event({**ATTRIBUTES, "data_base64": data}))


def test_binary(event: Accept) -> None:
    """In binary mode the attributes are headers, in any case, and the value is the call."""
    result = event(CALL, headers=HEADERS)
    assert check(result)["extra"] == {"cloudevent": ATTRIBUTES}
    assert (result.message_id, result.time) == ("ce-1", 1_710_053_999_123)
    shouted = tuple((name.upper(), value) for name, value in HEADERS)
    assert event(CALL, headers=shouted).message_id == "ce-1"


def test_the_message_comes_before_its_envelope(event: Accept) -> None:
    """Id and time of the message itself count before the CloudEvent's id and time."""
    own = {**CALL, "messageId": "m-1", "timestamp": "2024-03-10T07:00:00.000Z"}
    for result in (event({**ATTRIBUTES, "data": own}), event(own, headers=HEADERS)):
        assert (result.message_id, result.time) == ("m-1", 1_710_054_000_000)
    original = {**CALL, "originalTimestamp": "2024-03-10T07:00:00.000Z"}
    assert event({**ATTRIBUTES, "data": original}).time == 1_710_054_000_000


@pytest.mark.parametrize("odd", [None, "", [], {}])
def test_odd_attributes(event: Accept, odd: Any) -> None:
    """An id that is none gives way to the content's hash."""
    assert event({**ATTRIBUTES, "id": odd, "data": CALL}).message_id.startswith("h-")


def test_an_unreadable_time_of_the_cloud_event(refused: Refused) -> None:
    """The CloudEvent's time must be readable when it is what counts."""
    assert refused({**ATTRIBUTES, "time": "soon", "data": CALL}) == "invalid_timestamp"


@pytest.mark.parametrize("data", [None, [], "text", 7, "{}"])
def test_data_that_is_no_object(refused: Refused, data: Any) -> None:
    """The data must be an object."""
    assert refused({**ATTRIBUTES, "data": data}) == "not_an_object"


@pytest.mark.parametrize(
    ("encoded", "reason"),
    [
        ("***", "invalid_value"),
        ("\u00e9", "invalid_value"),
        (7, "not_an_object"),
        (b64encode(b"nope").decode(), "invalid_json"),
        (b64encode(b"\xff\xfe").decode(), "invalid_utf8"),
        (b64encode(b"[1]").decode(), "not_an_object"),
        (b64encode(b'{"a":' * 70 + b"1" + b"}" * 70).decode(), "invalid_value"),
    ],
)
def test_base64_that_is_no_call(refused: Refused, encoded: Any, reason: str) -> None:
    """Data in base64 goes through the same checks as a value."""
    assert refused({**ATTRIBUTES, "data_base64": encoded}) == reason


def test_without_data_it_is_a_plain_message(refused: Refused) -> None:
    """`specversion` alone makes no CloudEvent: its own type is not one of a call."""
    assert refused(ATTRIBUTES) == "unknown_type"


def test_other_headers_do_not_matter(event: Accept) -> None:
    """Tracing headers and headers without a value change nothing."""
    result = event(CALL, headers=(("traceparent", b"00-1"), ("ce_id", None), ("ce", b"x")))  # type: ignore[arg-type]
    assert "extra" not in check(result)


def test_a_field_named_cloudevent_is_the_producers(event: Accept) -> None:
    """A message's own field of that name is kept rather than overwritten."""
    body = check(event({**ATTRIBUTES, "data": {**CALL, "cloudevent": 1}}))
    assert body["extra"] == {"cloudevent": 1}


def test_rudderstack(event: Accept) -> None:
    """A RudderStack message is read like Segment's; its own fields are kept, its `channel` does not become ours."""
    own = {"channel": "server", "rudderId": "r", "request_ip": "203.0.113.9"}
    result = event({**CALL, **own, "originalTimestamp": "2024-03-10T06:59:59.123Z", "messageId": "m"})
    body = check(result)
    assert body["extra"] == own
    assert (body["channel"], result.time) == ("web", 1_710_053_999_123)
