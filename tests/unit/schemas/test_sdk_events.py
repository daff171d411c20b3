"""Events as four real SDKs put them on the wire."""

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

PATH = Path("/work/shared/data/sdk-events.jsonl")
pytestmark = pytest.mark.skipif(not PATH.exists(), reason="the recorded SDK events are not here")


def records() -> list[Record]:
    """The 77 recorded events as records, written by Python's json with its NaN and lone surrogates."""
    lines = [json.loads(line) for line in PATH.read_text().splitlines()]
    return [
        Record(line["topic"], 0, offset, 1_795_285_979_333, None, json.dumps(line["value"]).encode())
        for offset, line in enumerate(lines)
    ]


def test_all_are_read_or_refused_with_a_reason() -> None:
    """Each of the 77 is an event or a dead letter, and the dead ones are dead for what is wrong with them."""
    results = [Reader().read(record) for record in records()]
    reasons = Counter(result.reason.value for result in results if isinstance(result, DeadLetter))
    assert len(results) == 77
    assert reasons == {"no_identifier": 4, "missing_event_name": 2, "invalid_timestamp": 1}


def test_accepted_ones_match_the_published_schemas() -> None:
    """Every raw event matches the schema of its topic, every accepted one that of stitched.events."""
    schemas = {topic: Draft202012Validator(schema) for topic, schema in json_schemas().items()}
    reader = Reader()
    for record in records():
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
    events = [result for result in map(reader.read, records()) if not isinstance(result, DeadLetter)]
    emails = {one.value for event in events for one in event.identifiers if one.type == "email"}
    assert emails == {"ana.m\u00fcller@example.com", "ana.m\u00fcller+shop@example.com"}
