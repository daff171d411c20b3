"""The simulated shop's lines, moved in time as a whole, for tests of what runs on the wall clock."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import orjson

from schemas.times import iso

_TEXT = re.compile(rb'"(20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)"')
_NUMBER = re.compile(rb"(?<=[:\[,])(17\d{11})(?=[,}\]])")


def to_now(lines: Iterable[Any], seconds_ago: float) -> Iterator[dict[str, Any]]:
    """The same lines, the last of which happened so many seconds ago: times in ISO 8601 and in epoch milliseconds."""
    texts = [orjson.dumps(line) for line in lines]
    last = max(orjson.loads(text)["timestamp"] for text in texts)
    by = int((time.time() - seconds_ago) * 1000) - last

    def moved(found: re.Match[bytes]) -> bytes:
        at = datetime.fromisoformat(found[1].decode()).timestamp()
        return b'"' + iso(int(at * 1000) + by).encode() + b'"'

    for text in texts:
        yield orjson.loads(_NUMBER.sub(lambda found: str(int(found[1]) + by).encode(), _TEXT.sub(moved, text)))
