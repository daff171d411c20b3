"""Campaigns that are applied in a run, made once for all partitions that read the same: they are the same for all."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson

from streams.core.campaigns import Campaigns
from streams.core.messaging import render

RENDERER = lru_cache(maxsize=8)(render.Renderer)


class Applied:
    """Campaigns as a partition takes them from the log, one for all that read the same."""

    @staticmethod
    def load(content: Mapping[str, Any]) -> Campaigns:
        """The campaigns of a content, perhaps those that others have."""
        return _applied(orjson.dumps(content))


@lru_cache(maxsize=8)
def _applied(content: bytes) -> Campaigns:
    return Campaigns.load(orjson.loads(content))
