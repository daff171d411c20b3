"""The counts of the aggregate cells, taken from an outcome's rows after the fact, and from what the system wrote."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from schemas.record import Record
from schemas.topics import AGGREGATES, channel_of
from tests.oracle.outcome import Outcome, iso

# (cell, start of its window, the dimension looked at, what is counted)
Count = tuple[str, str, str, str]
DIMENSION = {"channel_hour": "channel", "cart_hour": "stage", "campaign_day": "campaign_id"}
CART = {
    "open": "opened",
    "abandoned": "abandoned",
    "converted": "converted",
    "emptied": "emptied",
    "expired": "expired",
}
COUNTED = {
    "channel_hour": {"events", "orders", "revenue", "refunds", "sends"},
    "cart_hour": {"opened", "abandoned", "reopened", "converted", "emptied", "expired", "abandoned_value"},
    "campaign_day": {"sent", "held_out", "suppressed", "deferred", "cancelled", "conversions", "revenue"},
}
TOLD = {"triggered", "delivered", "opens", "clicks", "bounces", "unsubscribes"}
"""What is counted of campaigns besides rows: only the oracle knows it."""


def hour(at: str) -> str:
    """The hour of an ISO time."""
    return at[:13] + ":00:00.000Z"


def day(at: str) -> str:
    """The day of an ISO time."""
    return at[:10] + "T00:00:00.000Z"


def told(outcome: Outcome) -> dict[Count, float]:
    """The same of what is counted and has no row."""
    cells: Counter[Count] = Counter()
    cells.update(("campaign_day", day(iso(at)), campaign, "triggered") for campaign, at in outcome.triggered)
    cells.update(("campaign_day", day(iso(at)), campaign, what) for campaign, what, at in outcome.told)
    return dict(cells)


def totals(outcome: Outcome) -> dict[Count, float]:
    """What the cells of a history must add up to over partitions and the dimensions that are not looked at."""
    cells: Counter[Count] = Counter()
    for _, _, at, _, (topic, _, _) in outcome.stitched:
        cells["channel_hour", hour(iso(at)), channel_of(topic), "events"] += 1
    for row in outcome.conversions:
        if not row["counts"]:
            continue
        cells["channel_hour", hour(row["at"]), row["channel"], "orders"] += row["orders"]
        cells["channel_hour", hour(row["at"]), row["channel"], "revenue"] += row["value"] + row["refunds"]
        cells["channel_hour", hour(row["at"]), row["channel"], "refunds"] += row["refunds"]
        if row["recovered"]:
            campaign = row["recovered"]["campaign_id"]
            cells["campaign_day", day(row["at"]), campaign, "conversions"] += row["orders"]
            cells["campaign_day", day(row["at"]), campaign, "revenue"] += row["value"]
    for row in outcome.messages:
        cells["channel_hour", hour(row["decided_at"]), row["channel"], "sends"] += 1
    for row in outcome.transitions:
        again = row["from"] in {"abandoned", "converted"} and row["to"] == "open"
        what = "reopened" if again else CART[row["to"]]
        cells["cart_hour", hour(row["at"]), row["stage"], what] += 1
        if what == "abandoned":
            cells["cart_hour", hour(row["at"]), row["stage"], "abandoned_value"] += row["value"] or 0
    for row in outcome.decisions:
        cells["campaign_day", day(row["decided_at"]), row["campaign_id"], row["outcome"]] += 1
    return {count: rounded for count, value in cells.items() if (rounded := round(value, 6))}


def written(topics: Mapping[str, Iterable[Record]], counted: Mapping[str, set[str]] = COUNTED) -> dict[Count, float]:
    """The same of the last version of every cell on the topic `aggregates`."""
    last: dict[bytes | None, dict[str, Any]] = {}
    for record in topics.get(AGGREGATES, ()):
        value = json.loads(record.value)
        if record.key not in last or value["version"] > last[record.key]["version"]:
            last[record.key] = value
    cells: Counter[Count] = Counter()
    for value in last.values():
        name, cell = value["cell"]["name"], value["cell"]
        for what, amount in value["values"].items():
            if what in counted.get(name, ()):
                cells[name, cell["window_start"], cell["dimensions"][DIMENSION[name]], what] += amount
    return {count: rounded for count, value in cells.items() if (rounded := round(value, 6))}
