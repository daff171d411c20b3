"""Snowplow's self-describing JSON: a schema's address and data, plain or in base64."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode
from typing import Any

import orjson

from collector.bodies import BodyError, parse
from collector.sdks.messages import Message, object_of, text

Entity = tuple[str, Message]
"""The name of a schema (`product`) and the data."""


def self_described(fields: dict[str, Any]) -> Entity:
    """The event in `ue_px` or `ue_pr` of some `fields`; without a name when there is none that can be read."""
    return _entity(object_of(_json(fields, "ue_px", "ue_pr")).get("data"))


def entities(fields: dict[str, Any]) -> list[Entity]:
    """The entities in `cx` or `co` of some `fields`, in their order; what cannot be read is left out."""
    if "cx" not in fields and "co" not in fields:
        return []
    listed = object_of(_json(fields, "cx", "co")).get("data")
    return [entity for one in (listed if type(listed) is list else ()) if (entity := _entity(one))[0]]


def _entity(value: Any) -> Entity:
    described = object_of(value)
    # iglu:com.snowplowanalytics.snowplow.ecommerce/product/jsonschema/1-0-0
    parts = text(described.get("schema")).split("/")
    return (parts[1] if len(parts) == 4 else "", object_of(described.get("data")))


def _json(fields: dict[str, Any], packed: str, plain: str) -> Any:
    given = fields.get(packed)
    try:
        if type(given) is str and given:
            padded = given.rstrip("=").replace("+", "-").replace("/", "_")
            return parse(urlsafe_b64decode(padded + "=" * (-len(padded) % 4)))
        given = fields.get(plain)
        return parse(given.encode()) if type(given) is str else None
    except (BodyError, binascii.Error, ValueError, orjson.JSONDecodeError):
        return None
