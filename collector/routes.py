"""Paths of requests to the dialect that is spoken there. The path alone decides: what a body declares may be wrong."""

from __future__ import annotations

from typing import Final, NamedTuple

from collector.sdks import posthog, segment, snowplow

SEGMENT: Final = "segment"
POSTHOG: Final = "posthog"
SNOWPLOW: Final = "snowplow"


class Route(NamedTuple):
    """The dialect of a path, and the type of the messages there; empty where each says its own."""

    dialect: str
    kind: str = ""


def _routes() -> dict[str, Route]:
    found = {
        prefix + word: Route(SEGMENT, kind) for prefix in segment.PREFIXES for word, kind in segment.KINDS.items()
    }  # fmt: skip
    found |= {path: Route(POSTHOG) for path in posthog.PATHS}
    found |= {path: Route(SNOWPLOW) for path in (snowplow.PATH, snowplow.PIXEL)}
    return found | {f"{path}/": route for path, route in found.items()}


POSTS: Final = _routes()
"""Paths that take a body."""
GETS: Final = {path: POSTS[path] for path in (snowplow.PIXEL, "/e", "/e/")}
"""Paths that take events in their query."""
