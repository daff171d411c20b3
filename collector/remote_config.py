"""What SDKs ask a server for before they send: settings that say no more than that there is nothing to set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from collector.keys import Keys
from collector.reading import basic_key

SETTINGS: Final = "/v1/projects/{key}/settings"
"""Segment's and Hightouch's."""
SOURCE: Final = "/sourceConfig"
"""RudderStack's, with a slash behind it or without."""
FLAGS: Final = ("/flags", "/flags/", "/decide", "/decide/")
"""PostHog's."""
GETS: Final = (SETTINGS, SOURCE, f"{SOURCE}/")
POSTS: Final = FLAGS


def answer(path: str, headers: Mapping[str, str], query: Mapping[str, str], keys: Keys) -> bytes | None:
    """The JSON to answer at this path, by `headers` (lower-case names) and `query`; None when the key is unknown."""
    if path in FLAGS:
        return _json(
            {"flags": {}, "featureFlags": {}, "featureFlagPayloads": {}, "config": {}, "sessionRecording": False}
        )
    if path.startswith(SOURCE):
        key = basic_key(headers) or query.get("writeKey", "")
        source = keys.of([key])
        if source is None:
            return None
        about = {
            "id": source.name, "name": source.name, "writeKey": key, "enabled": True, "workspaceId": "winback",
            "config": {"statsCollection": {"errors": {"enabled": False}, "metrics": {"enabled": False}}},
            "connections": [], "destinations": [], "dataplanes": {},
        }  # fmt: skip
        return _json({"source": about, "isHosted": False})
    key = path.split("/")[3]
    if keys.of([key]) is None:
        return None
    segment = {"apiKey": key, "unbundledIntegrations": [], "addBundledMetadata": True}
    return _json({
        "integrations": {"Segment.io": segment}, "plan": {"track": {"__default": {"enabled": True}}},
        "edgeFunction": {}, "metrics": {"sampleRate": 0}, "middlewareSettings": {},
    })  # fmt: skip


def _json(value: Any) -> bytes:
    return orjson.dumps(value)
