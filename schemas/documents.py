"""The wire contract as documents, generated from the models and the topic catalog: JSON Schema and AsyncAPI 3."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final, cast

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from schemas import topics
from schemas.decisions import Aggregate, AudienceMember, Conversion, Decision, Message, SegmentMembership, Suppression
from schemas.inputs import CloudEvent, RudderMessage, SegmentCall
from schemas.outputs import Assignment, CartTransition, DeadLetterHeaders, Merge, StitchedEvent
from schemas.topics import Topic, catalog

RawEvent: Final[Any] = SegmentCall | RudderMessage | CloudEvent
"""What a value on `channels.*` may be."""
VALUES: Final[dict[str, Any]] = {
    **dict.fromkeys(topics.CHANNEL_TOPICS, RawEvent),
    topics.STITCHED_EVENTS: StitchedEvent,
    topics.IDENTITY_ASSIGNMENTS: Assignment,
    topics.IDENTITY_MERGES: Merge,
    topics.CART_TRANSITIONS: CartTransition,
    topics.RETARGETING_MESSAGES: Message,
    topics.RETARGETING_DECISIONS: Decision,
    topics.CONVERSIONS: Conversion,
    topics.SEGMENTS_MEMBERSHIP: SegmentMembership,
    topics.AUDIENCES_MEMBERS: AudienceMember,
    topics.AGGREGATES: Aggregate,
    topics.CONTACT_SUPPRESSIONS: Suppression,
}
"""The model of each public topic's values. Dead letters have any bytes as value and DeadLetterHeaders as headers."""

_SCHEMA_ID: Final = "urn:winback:"
_BINDING: Final = "0.5.0"
_INTERNAL: Final = "Internal transport between the parts of the pipeline: not for others to read or write."
_COMPONENT: Final = "#/components/schemas/{model}"


def json_schemas() -> dict[str, dict[str, Any]]:
    """A JSON Schema (2020-12) for the values of each public topic, and for the headers of `dead.letters`."""
    schemas = {topic: _schema(model) for topic, model in VALUES.items()}
    schemas[topics.DEAD_LETTERS] = _schema(DeadLetterHeaders)
    return {
        topic: {"$schema": GenerateJsonSchema.schema_dialect, "$id": f"{_SCHEMA_ID}{topic}", **schema}
        for topic, schema in schemas.items()
    }


def asyncapi(partitions: int = topics.DEFAULT_PARTITIONS) -> dict[str, Any]:
    """One AsyncAPI 3.0.0 document: every topic as a channel with its key, partitions, settings and messages.

    Operations are the pipeline's own: it receives what producers send and sends what others read.
    """
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    for topic in catalog(partitions):
        name = _message_name(topic.name)
        messages.setdefault(name, _message(topic, name))
        channels[topic.name] = _channel(topic, name)
        for action in _actions(topic.name):
            operations[f"{action}.{topic.name}"] = {
                "action": action,
                "channel": {"$ref": f"#/channels/{topic.name}"},
                "messages": [{"$ref": f"#/channels/{topic.name}/messages/{name}"}],
            }
    return {
        "asyncapi": "3.0.0",
        "id": "urn:winback:pipeline",
        "info": {
            "title": "Winback",
            "version": _version(),
            "description": "Real-time cross-channel retargeting: raw channel events in; stitched profiles, carts, "
            "messages, decisions and conversions out. JSON, snake_case, times in ISO 8601 UTC with milliseconds.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": _components()},
    }


def _schema(model: Any) -> dict[str, Any]:
    return deepcopy(_generated(model))


@cache
def _generated(model: Any) -> dict[str, Any]:
    return TypeAdapter(model).json_schema(by_alias=True)


def _components() -> dict[str, Any]:
    """Every model by name, with their references pointing into the document."""
    models = [(model.__name__, "validation", TypeAdapter(model)) for model in (*_models(), DeadLetterHeaders)]
    _, definitions = TypeAdapter.json_schemas(cast("Any", models), by_alias=True, ref_template=_COMPONENT)
    return dict(definitions["$defs"])


def _models() -> tuple[Any, ...]:
    raw = (SegmentCall, RudderMessage, CloudEvent)
    return *raw, *(model for model in VALUES.values() if model is not RawEvent)


def _message_name(topic: str) -> str:
    if topic in topics.CHANNEL_TOPICS:
        return "RawEvent"
    if topic == topics.DEAD_LETTERS:
        return "DeadLetter"
    return VALUES[topic].__name__ if topic in VALUES else topic


def _message(topic: Topic, name: str) -> dict[str, Any]:
    """An AsyncAPI message object: key, payload and headers of a topic's records."""
    message: dict[str, Any] = {"name": name, "contentType": "application/json"}
    if topic.key != "none":
        key = {"type": "string", "description": topic.key}
        message["bindings"] = {"kafka": {"key": key, "bindingVersion": _BINDING}}
    if topic.name in topics.CHANNEL_TOPICS:
        names = ("SegmentCall", "RudderMessage", "CloudEvent")
        return {
            **message,
            "summary": "A raw event in one of the three envelopes",
            "payload": {"anyOf": [{"$ref": _COMPONENT.format(model=one)} for one in names]},
            "examples": [
                {"name": model.__name__, "payload": example}
                for model in (SegmentCall, RudderMessage, CloudEvent)
                for example in _schema(model)["examples"]
            ],
        }
    if topic.name == topics.DEAD_LETTERS:
        return {
            **message,
            "contentType": "application/octet-stream",
            "summary": "A raw record that could not be taken, its bytes untouched",
            "headers": {"$ref": _COMPONENT.format(model="DeadLetterHeaders")},
            "payload": {"description": "any bytes"},
            "examples": [{"headers": example, "payload": "{}"} for example in _schema(DeadLetterHeaders)["examples"]],
        }
    if topic.name not in VALUES:
        return {
            **message, "contentType": "application/octet-stream", "summary": _INTERNAL, "x-internal": True,
            "payload": {"description": "any bytes"},
        }  # fmt: skip
    schema = _schema(VALUES[topic.name])
    return {
        **message,
        "summary": schema["description"].split("\n")[0],
        "payload": {"$ref": _COMPONENT.format(model=name)},
        "examples": [{"payload": example} for example in schema["examples"]],
    }


def _channel(topic: Topic, message: str) -> dict[str, Any]:
    """An AsyncAPI channel object with the topic's settings as its Kafka binding."""
    configuration: dict[str, Any] = {
        key: value if key == "cleanup.policy" else int(value) for key, value in sorted(topic.config.items())
    }
    if "cleanup.policy" in configuration:
        configuration["cleanup.policy"] = configuration["cleanup.policy"].split(",")
    channel: dict[str, Any] = {
        "address": topic.name,
        "messages": {message: {"$ref": f"#/components/messages/{message}"}},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": configuration,
                "bindingVersion": _BINDING,
            }
        },
    }
    if topic.name not in VALUES and topic.name != topics.DEAD_LETTERS:
        channel |= {"description": _INTERNAL, "x-internal": True}
    return channel


def _actions(topic: str) -> tuple[str, ...]:
    if topic in topics.CHANNEL_TOPICS:
        return ("receive",)
    return ("send",) if topic in topics.OUTPUT_TOPICS else ("send", "receive")


def _version() -> str:
    try:
        return version("winback")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "0"
