"""Events as eleven real SDKs put them on the wire (tests/data)."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import orjson
import pytest
from jsonschema import Draft202012Validator

from schemas.documents import json_schemas
from schemas.events import DeadLetter, Reader
from schemas.record import Record

DATA = Path(__file__).parents[2] / "data"
FIRST, SECOND = "sdk-events.jsonl", "sdk-events-2.jsonl"


def records(name: str) -> list[Record]:
    """The recorded events of a file as records, written by Python's json with its NaN and lone surrogates."""
    lines = [json.loads(line) for line in (DATA / name).read_text().splitlines()]
    return [
        Record(line["topic"], 0, offset, 1_795_285_979_333, None, json.dumps(line["value"]).encode())
        for offset, line in enumerate(lines)
    ]


@pytest.mark.parametrize(
    ("name", "count", "dead"),
    [(FIRST, 77, {"no_identifier": 4, "missing_event_name": 2, "invalid_timestamp": 1}), (SECOND, 68, {})],
)
def test_all_are_read_or_refused_with_a_reason(name: str, count: int, dead: dict[str, int]) -> None:
    """Each is an event or a dead letter, and the dead ones are dead for what is wrong with them."""
    results = [Reader().read(record) for record in records(name)]
    reasons = Counter(result.reason.value for result in results if isinstance(result, DeadLetter))
    assert len(results) == count
    assert reasons == dead


@pytest.mark.parametrize("name", [FIRST, SECOND])
def test_accepted_ones_match_the_published_schemas(name: str) -> None:
    """Every raw event matches the schema of its topic, every accepted one that of stitched.events."""
    schemas = {topic: Draft202012Validator(schema) for topic, schema in json_schemas().items()}
    reader = Reader()
    for record in records(name):
        result = reader.read(record)
        if isinstance(result, DeadLetter):
            continue
        body = orjson.loads(result.body)
        schemas["stitched.events"].validate({"profile_id": "0" * 32, "late": False, **body})
        if b"NaN" not in (record.value or b"") and b"\\ud800" not in (record.value or b""):
            schemas[record.topic].validate(orjson.loads(record.value or b""))


def test_an_identify_of_each_kind_knows_its_e_mail() -> None:
    """Traits are found in traits (Segment) and in context.traits (RudderStack)."""
    reader = Reader()
    events = [result for result in map(reader.read, records(FIRST)) if not isinstance(result, DeadLetter)]
    emails = {one.value for event in events for one in event.identifiers if one.type == "email"}
    assert emails == {"ana.m\u00fcller@example.com", "ana.m\u00fcller+shop@example.com"}
