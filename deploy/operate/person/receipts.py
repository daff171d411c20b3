"""Receipts for people: what a split or an erasure has done, as tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from deploy import console
from deploy.operate.person.tables import UNSEEN


def split(receipt: Mapping[str, Any]) -> Iterator[Any]:
    """The tables of a split's `receipt`: the profiles after it, and what was cut."""
    yield console.table(
        "Profiles now", ("profile", "identifiers", "who"),
        [
            (entry["profile_id"], entry["identifiers"],
             ", ".join(f"{who['type']}:{who['value'] or UNSEEN}" for who in entry["members"]) or "-")
            for entry in receipt["clusters"]
        ],
    )  # fmt: skip
    rows = [("edges cut", receipt["edges"]), ("refused pairs forgotten", receipt["refused"])]
    rows += [(f"state: {name.replace('_', ' ')}", n) for name, n in receipt["removed"].items()]
    yield console.table("What was done", ("", ""), rows)


def erasure(receipt: Mapping[str, Any]) -> Iterator[Any]:
    """The tables of an erasure's `receipt`: what was removed where, and what stays until when."""
    removed, stays = receipt["removed"], receipt["stays"]
    if not receipt["found"]:
        yield f"Nothing is found of {receipt['type']}:***\n"
    rows = [("identity", name, n) for name, n in removed["identity"].items()]
    rows += [("state", name.replace("_", " "), n) for name, n in removed["state"].items()]
    rows += [("ClickHouse", table, n) for table, n in removed["clickhouse"].items()]
    rows += [("tombstones", topic, n) for topic, n in removed["tombstones"].items()]
    if removed["raw_records_truncated"] is not None:
        rows.append(("raw topics, dead letters", "records of everybody", removed["raw_records_truncated"]))
    title = f"Erased: {len(receipt['profiles'])} profile ids, request {receipt['request']}"
    yield console.table(title, ("where", "what", "removed"), [row for row in rows if row[2]])
    left = [(topic, entry["records"], entry["until"]) for topic, entry in stays["raw_records"].items()]
    if stays["raw_records_counted"]:
        left = left or [("raw topics, dead letters", 0, "-")]
    else:
        left.append(("raw topics, dead letters", "not counted", "-"))
    left += [
        (topic, "those before the tombstone", kept)
        for topic, kept in stays["topics_with_tombstones"].items()
        if receipt["found"]
    ]
    if stays["events_of_others"]:
        left.append(("ClickHouse events of other profiles", stays["events_of_others"], "they are another person's"))
    yield console.table("What stays", ("where", "records", "until"), left)
    yield "\n".join(f"Also: {note}." for note in stays["notes"])
    if receipt["refusal"]:
        yield f"Not truncated: {receipt['refusal']}"
