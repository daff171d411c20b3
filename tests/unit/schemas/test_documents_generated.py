"""The documents generated from the models: JSON Schema per topic, and AsyncAPI 3."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from schemas import topics
from schemas.documents import VALUES, asyncapi, json_schemas
from schemas.events import Event, read
from schemas.inputs import CloudEvent, RudderMessage, SegmentCall
from schemas.record import Record
from schemas.vocabulary import Channel

SCHEMAS = json_schemas()
PUBLIC = {*topics.CHANNEL_TOPICS, *topics.OUTPUT_TOPICS}


@pytest.mark.parametrize("topic", sorted(PUBLIC))
def test_each_public_topic_has_a_valid_schema(topic: str) -> None:
    """Every public topic has a JSON Schema that is one, says which, and holds of its own examples."""
    schema = SCHEMAS[topic]
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"].endswith(topic)
    validator = Draft202012Validator(schema)
    examples = schema.get("examples") or [e for d in schema["$defs"].values() for e in d.get("examples", [])]
    assert examples
    for example in examples:
        validator.validate(example)


def test_no_schema_for_anything_else() -> None:
    """Schemas are published for the public topics and for no internal one."""
    assert SCHEMAS.keys() == PUBLIC
    assert json_schemas() == SCHEMAS


@pytest.mark.parametrize("model", [SegmentCall, RudderMessage, CloudEvent])
def test_examples_of_raw_events_are_read(model: Any) -> None:
    """What the documents show to producers is accepted by the reader."""
    for example in model.model_json_schema()["examples"]:
        record = Record("channels.web", 0, 0, 1_795_285_979_333, None, orjson.dumps(example))
        assert isinstance(read(record), Event)


def test_examples_of_outputs_are_their_models() -> None:
    """Each example of an output is made of exactly the fields of its model, as readers will find them."""
    for topic, model in VALUES.items():
        if topic in topics.CHANNEL_TOPICS:
            continue
        for example in SCHEMAS[topic]["examples"]:
            written = model.model_validate(example).model_dump(mode="json", by_alias=True, exclude_unset=True)
            assert written == example, topic


def references(node: Any) -> Iterator[str]:
    """Every $ref in a document."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def resolve(document: dict[str, Any], reference: str) -> Any:
    """What a local reference points at; KeyError if nothing."""
    node: Any = document
    assert reference.startswith("#/")
    for part in reference[2:].split("/"):
        node = node[part.replace("~1", "/").replace("~0", "~")]
    return node


def test_asyncapi_structure() -> None:
    """The fields AsyncAPI 3 requires are there, in their forms, and every reference leads somewhere."""
    document = asyncapi()
    assert document["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= document["info"].keys()
    for reference in references(document):
        resolve(document, reference)
    key = re.compile(r"^[\w.\-]+$")
    for section in document["components"].values():
        assert all(key.match(name) for name in section)
    for operation in document["operations"].values():
        assert operation["action"] in {"send", "receive"}
        channel = operation["channel"]["$ref"]
        assert resolve(document, channel)["address"]
        assert all(message["$ref"].startswith(f"{channel}/messages/") for message in operation["messages"])
    assert json.loads(json.dumps(document)) == document


@pytest.mark.parametrize("partitions", [1, 4, 12])
def test_asyncapi_says_what_the_catalog_says(partitions: int) -> None:
    """Each topic of the catalog is a channel with its partitions, its key and its settings, and no other is."""
    document = asyncapi(partitions)
    catalog = {topic.name: topic for topic in topics.catalog(partitions)}
    assert document["channels"].keys() == catalog.keys()
    for name, channel in document["channels"].items():
        topic = catalog[name]
        kafka = channel["bindings"]["kafka"]
        assert (channel["address"], kafka["topic"], kafka["partitions"]) == (name, name, topic.partitions)
        assert {k: ",".join(v) if isinstance(v, list) else str(v) for k, v in kafka["topicConfiguration"].items()} == (
            topic.config
        )
        (message,) = (resolve(document, one["$ref"]) for one in channel["messages"].values())
        key = message.get("bindings", {}).get("kafka", {}).get("key")
        assert (key["description"] if key else "none") == topic.key
        assert channel.get("x-internal", False) == (name not in PUBLIC)


def test_asyncapi_examples_match_their_payloads() -> None:
    """The examples of each message match its payload's schema within the document."""
    document = asyncapi()
    for message in document["components"]["messages"].values():
        for example in message.get("examples", []):
            for part in ("payload", "headers"):
                if part in example:
                    schema = {**message[part], "components": document["components"]}
                    Draft202012Validator(schema).validate(example[part])


def test_directions() -> None:
    """The pipeline receives the channels and sends its outputs; its own transport goes both ways."""
    operations = asyncapi()["operations"]
    assert "receive.channels.web" in operations
    assert "send.channels.web" not in operations
    assert "send.stitched.events" in operations
    assert "receive.stitched.events" not in operations
    assert {"send.identity.links", "receive.identity.links"} <= operations.keys()


def test_channels_of_the_vocabulary() -> None:
    """The channels that the models name are the topics' own."""
    assert Channel.__args__ == topics.CHANNELS
