"""What the pipeline makes of a simulated shop: the records of its output topics, made once a run."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from typing import Any, Final

import orjson

from deploy.shop import simulate
from deploy.stack.lines import of_objects
from schemas.record import Record
from schemas.settings import Settings
from schemas.topics import DEAD_LETTERS, OUTPUT_TOPICS
from streams.campaigns import load
from streams.core.campaigns import Campaigns, Segment
from streams.testing import Topology

CUSTOMERS: Final = 150
DAYS: Final = 3
SEED: Final = 7
SEGMENTS: Final = (
    ("buyers", {"orders": {"within": "1d"}}),
    ("left-carts", {"all": [{"carts_abandoned": {"within": "2d"}}, {"not": {"orders": {"within": "2d"}}}]}),
    ("visitors", {"known": False}),
    ("by-mail", {"all": [{"contact": "email"}, {"consent": {"channel": "email"}}]}),
    ("on-web", {"seen_on": {"channel": "web", "within": "1d"}}),
)
"""Segments of the shop, beside the built-in campaigns, which ask for none of them."""


def with_segments(campaigns: Campaigns) -> Campaigns:
    """The same campaigns, in a file that has segments."""
    segments = tuple(Segment.model_validate({"id": id_, "rule": rule}) for id_, rule in SEGMENTS)
    file = campaigns.file.model_copy(update={"segments": segments})
    return Campaigns(file, campaigns.templates, campaigns.stores.all, campaigns.partials, campaigns.rates)


@lru_cache(maxsize=2)
def shop_records(customers: int = CUSTOMERS, days: int = DAYS, seed: int = SEED) -> tuple[Record, ...]:
    """The records of all output topics, topic by topic, for a shop of so many customers and days."""
    settings = Settings(clock="event")
    made: list[Record] = []
    raw: list[Record] = []
    offsets: dict[tuple[str, int], int] = {}
    for chunk in of_objects(simulate(customers, days, seed, None), settings.partitions):
        for line in chunk:
            place = line.topic, line.partition
            offset = offsets[place] = offsets.get(place, -1) + 1
            raw.append(Record(*place, offset, line.timestamp, line.key, line.value))
    topology = Topology(settings, with_segments(load(None)), outputs=made.append)
    topology.feed(raw)
    topology.finish()
    return tuple(sorted(made, key=lambda record: OUTPUT_TOPICS.index(record.topic)))


def shop_topics(customers: int = CUSTOMERS, days: int = DAYS, seed: int = SEED) -> dict[str, list[dict[str, Any]]]:
    """The JSON values of those records by topic, as an analyst without ClickHouse would read them.

    Each value is a new one at each call; dead letters, which are any bytes, are not among them.
    """
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for record in shop_records(customers, days, seed):
        if record.value is not None and record.topic != DEAD_LETTERS:
            found[record.topic].append(orjson.loads(record.value))
    return found
