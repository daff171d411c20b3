"""What is promised of links, said of identity.merges and identity.assignments alone."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from schemas.identifiers import DEVICE_LIKE
from schemas.topics import IDENTITY_ASSIGNMENTS, IDENTITY_MERGES
from tests.oracle.compare import rows_of
from tests.oracle.identity import PURCHASE
from tests.simulation.invariants import Topics

STAFFED = {"channels.store", "channels.callcenter"}


def links_made(topics: Topics) -> Iterator[str]:
    """All promises that were broken, one line each."""
    types = {
        (record.key or b"").decode(): orjson.loads(record.value)["identifier_type"]
        for record in topics[IDENTITY_ASSIGNMENTS]
        if record.value is not None
    }
    for row in rows_of(topics, IDENTITY_MERGES):
        if "source" not in row or row["reason"] == "made_room":
            continue
        pair = [types.get(hashed) for hashed in row["identifiers"]]
        machines = sum(type_ in DEVICE_LIKE for type_ in pair)
        people = sum(type_ is not None and type_ not in {*DEVICE_LIKE, *PURCHASE} for type_ in pair)
        if row["source"]["topic"] in STAFFED and machines and people:
            yield f"a till's or an agent's machine was linked with a person: {row}"
