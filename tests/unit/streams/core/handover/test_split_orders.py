"""Orders whose order_id was split off, and what of before is told of them afterwards."""

from __future__ import annotations

from typing import Any

import orjson

from schemas.record import Record
from schemas.topics import CONVERSIONS
from streams.testing import Topology
from tests.support.histories_of_people import HASH, MINUTE, SETTINGS, START, message, read


def completed(offset: int, minute: int, *who: str, **more: Any) -> Record:
    """An order o1 that these identifiers have completed."""
    said = message(who, type="track", event="Order Completed", properties={"order_id": "o1", "total": 5}, **more)
    value = orjson.dumps({"timestamp": START + minute * MINUTE, "messageId": f"m{offset}", **said})
    return Record("channels.web", 0, offset, START + minute * MINUTE, None, value)


def test_who_joins_its_owner_by_the_event_that_tells_it_again_takes_nothing() -> None:
    """An event of before the split brings a device into the profile that has the sale: the sale stays there."""
    topology = Topology(SETTINGS)
    topology.request("split", "order_id", HASH("order_id", "o1"), now=START + 9 * MINUTE)
    read(topology, [completed(0, 0, "u1", "a1"), completed(1, 2, "d1", "a1")], 20)
    rows = [orjson.loads(record.value or b"") for record in topology.topics[CONVERSIONS]]
    assert [(row["kind"], row["counts"], row["message_id"]) for row in rows] == [("order", True, "m0")]
