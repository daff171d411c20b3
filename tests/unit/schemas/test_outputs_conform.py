"""What the pipeline really writes is what the published schemas say."""

from __future__ import annotations

from collections import Counter

import orjson
import pytest
from jsonschema import Draft202012Validator
from pydantic import SecretStr

from deploy.shop import simulate
from deploy.stack.lines import of_objects
from schemas import topics
from schemas.documents import json_schemas
from schemas.outputs import DeadLetterHeaders
from schemas.record import Record
from schemas.settings import Settings
from streams.testing import replay

JSON_TOPICS = [topic for topic in topics.OUTPUT_TOPICS if topic != topics.DEAD_LETTERS]
MOST = 200
"""Records of a topic that are checked; the first ones are as good as any."""


@pytest.fixture(scope="module")
def outputs() -> dict[str, list[Record]]:
    """Two days of a small shop through the whole pipeline."""
    offsets: Counter[tuple[str, int]] = Counter()
    records = []
    for chunk in of_objects(simulate(80, 2, 3), 4):
        for line in chunk:
            place = line.topic, line.partition
            records.append(Record(*place, offsets[place], line.timestamp, line.key, line.value))
            offsets[place] += 1
    return replay(records, Settings(secret=SecretStr("test"), partitions=4))


@pytest.mark.parametrize("topic", JSON_TOPICS)
def test_values_match_their_schema(outputs: dict[str, list[Record]], topic: str) -> None:
    """Each value matches the schema of its topic, and holds no field that the schema does not tell of."""
    schema = json_schemas()[topic]
    validator = Draft202012Validator(schema)
    assert outputs[topic], "the shop is too small to show this topic"
    for record in outputs[topic][:MOST]:
        value = orjson.loads(record.value or b"")
        validator.validate(value)
        assert value.keys() <= schema["properties"].keys()


@pytest.mark.parametrize("topic", JSON_TOPICS)
def test_keys_are_the_catalogs(outputs: dict[str, list[Record]], topic: str) -> None:
    """Each key is the field that the catalog names as the topic's key."""
    key = next(entry.key for entry in topics.catalog() if entry.name == topic)
    for record in outputs[topic][:MOST]:
        assert record.key
        if key in {"profile_id", "merged_profile_id"}:
            assert orjson.loads(record.value or b"")[key] == record.key.decode()


def test_dead_letters_match_their_headers(outputs: dict[str, list[Record]]) -> None:
    """Each dead letter has exactly the headers that the model tells of."""
    assert outputs[topics.DEAD_LETTERS]
    for record in outputs[topics.DEAD_LETTERS]:
        headers = {name: value.decode() for name, value in record.headers}
        assert headers.keys() == DeadLetterHeaders.model_fields.keys()
        DeadLetterHeaders.model_validate(headers)
