"""The reader over anything at all: it never raises, and what it accepts holds what later stages rely on."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from schemas.dead_letters import dead_letter_out
from schemas.documents import json_schemas
from schemas.events import DeadLetter, Event, Reader, read
from schemas.reasons import DeadLetterReason
from schemas.record import Record
from schemas.times import MAX_TIME
from schemas.topics import CHANNEL_TOPICS, STITCHED_EVENTS

READER = Reader()
STITCHED = Draft202012Validator(json_schemas()[STITCHED_EVENTS])

TEXT = st.text(max_size=12) | st.sampled_from(["null", "u-1", "a@b.c", "2024-03-10", "Order Completed", "0", "'id'"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=8
)
TIMES = SCALARS | st.integers(0, MAX_TIME) | st.datetimes().map(str)
FIELDS = {
    "type": st.sampled_from(["track", "page", "identify", "alias", "screen", "group", "Track", "x"]) | JSON,
    "event": TEXT | JSON,
    "name": TEXT | JSON,
    "messageId": TEXT | JSON,
    "timestamp": TIMES,
    "originalTimestamp": TIMES,
    "sentAt": TIMES,
    "receivedAt": TIMES,
    "userId": TEXT | JSON,
    "anonymousId": TEXT | JSON,
    "previousId": TEXT | JSON,
    "properties": st.dictionaries(st.sampled_from(["email", "phone", "order_id", "x"]), JSON, max_size=3) | JSON,
    "context": st.dictionaries(st.sampled_from(["traits", "device", "externalIds", "x"]), JSON, max_size=3) | JSON,
    "traits": st.dictionaries(st.sampled_from(["email", "phone", "x"]), JSON, max_size=3) | JSON,
    "specversion": JSON,
    "data": JSON,
    "profile_id": JSON,
    "late": JSON,
}
MESSAGES = st.fixed_dictionaries({"type": FIELDS["type"]}, optional={k: v for k, v in FIELDS.items() if k != "type"})
HEADERS = st.lists(
    st.tuples(st.sampled_from(["ce_id", "ce_time", "CE_type", "x", "ce_"]), st.binary(max_size=8)), max_size=3
)
TIMESTAMPS = st.integers(-1, 2**63 - 1) | st.integers(0, MAX_TIME)


def check(record: Record) -> Event | DeadLetter:
    """What must hold of any record's reading."""
    result = READER.read(record)
    assert result == read(record) == Reader().read(record)  # nothing remembered changes what is read
    if isinstance(result, DeadLetter):
        assert result.reason is not DeadLetterReason.INTERNAL_ERROR, result.detail
        assert result.record is record
        out = dead_letter_out(result, 4)
        assert out.value is record.value
        return result
    body = orjson.loads(result.body)
    assert isinstance(body, dict)
    assert not {"profile_id", "late"} & body.keys()
    assert orjson.dumps(body) == result.body
    assert 0 <= result.time <= MAX_TIME
    assert result.identifiers or result.channel == "broadcast"
    assert [(one["type"], one["value"]) for one in body["identifiers"]] == list(result.identifiers)
    spliced = orjson.loads(b'{"profile_id":"' + b"0" * 32 + b'","late":false,' + result.body[1:])
    STITCHED.validate(spliced)
    return result


def dump(message: Any) -> bytes:
    """JSON as Python's own library writes it: NaN, lone surrogates and all."""
    return json.dumps(message).encode()


@given(st.binary(max_size=200), TIMESTAMPS, HEADERS)
def test_any_bytes(value: bytes, timestamp: int, headers: list[tuple[str, bytes]]) -> None:
    """Arbitrary bytes are an event or a dead letter."""
    check(Record("channels.web", 0, 0, timestamp, None, value, headers))


@given(JSON, TIMESTAMPS, HEADERS)
def test_any_json(message: Any, timestamp: int, headers: list[tuple[str, bytes]]) -> None:
    """Arbitrary JSON is an event or a dead letter."""
    check(Record("channels.web", 0, 0, timestamp, None, dump(message), headers))


@settings(max_examples=200)
@given(MESSAGES, st.sampled_from(CHANNEL_TOPICS), TIMESTAMPS, HEADERS)
def test_anything_like_a_message(
    message: dict[str, Any], topic: str, timestamp: int, headers: list[tuple[str, bytes]]
) -> None:
    """Messages with every field of any kind are an event or a dead letter."""
    check(Record(topic, 7, 2**40, timestamp, None, dump(message), headers))


@given(MESSAGES, st.data())
def test_broken_messages(message: dict[str, Any], data: st.DataObject) -> None:
    """A message with a byte changed, or cut off, is an event or a dead letter."""
    value = bytearray(dump(message))
    place = data.draw(st.integers(0, len(value) - 1))
    value[place] = data.draw(st.integers(0, 255))
    check(Record("channels.app", 0, 0, 1_700_000_000_000, None, bytes(value)))
    check(Record("channels.app", 0, 0, 1_700_000_000_000, None, bytes(value[:place])))


def test_an_error_of_ours_is_a_dead_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Should the reader itself fail on a record, that record is a dead letter and the stream goes on."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr("schemas.events.time_of", fail)
    record = Record("channels.web", 0, 0, 1, None, b'{"type":"page","userId":"u"}')
    assert READER.read(record) == DeadLetter(DeadLetterReason.INTERNAL_ERROR, "ZeroDivisionError", record)
