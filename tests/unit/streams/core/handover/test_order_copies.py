"""What goes with the copy of an event of an order: what the order needs, and nothing of a person."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from schemas.orders import is_renewal, order_id_of, order_value
from schemas.record import Out
from streams.core.handover.in_flight import InFlight
from streams.core.handover.order_copies import OrderCopies
from streams.core.profile.repository import Profiles
from streams.core.protocol.order_key import order_key
from streams.core.protocol.profile_log import Sale
from streams.core.protocol.records import HEAD_SIZE, unpack_event
from streams.core.watermark.partition_clock import PartitionClock
from streams.runtime.state.store import MemoryBase, PartitionStore

MINE, THEIRS, ORDER = b"m" * 16, b"t" * 16, b"o" * 16
KEY = order_key(1_000, "channels.web", 0, 1)


class Sent:
    """An Emit that keeps what it is given."""

    def __init__(self) -> None:
        self.outs: list[Out] = []

    def send(self, out: Out) -> None:
        """Keep it."""
        self.outs.append(out)

    after = send


def copied(properties: dict[str, Any]) -> dict[str, Any]:
    """The properties that a copy of an Order Completed has."""
    store, sent = PartitionStore(MemoryBase()), Sent()
    copies = OrderCopies(
        store, sent, pending=Profiles(store).pending, in_flight=InFlight(), clock=PartitionClock(), partitions=1
    )
    copies.expect(Sale(MINE.hex(), ORDER.hex(), KEY.hex(), theirs=False, to=THEIRS.hex()))
    body = {
        "channel": "web", "type": "track", "name": "Order Completed", "message_id": "m", "properties": properties,
        "context": {"ip": "1"}, "traits": {"email": "a@b.de"}, "identifiers": [{"type": "email", "value": "a@b.de"}],
    }  # fmt: skip
    copies.arrived(MINE, KEY, b"h" * HEAD_SIZE + orjson.dumps(body))
    [out] = sent.outs
    _, _, rest = unpack_event(out.value or b"")
    told: dict[str, Any] = orjson.loads(rest[HEAD_SIZE:])
    assert (told["context"], told["traits"], told["identifiers"]) == ({}, {}, [])
    return told["properties"]


@pytest.mark.parametrize(
    "mark",
    [
        {"subscription_renewal": True}, {"is_renewal": 1}, {"subscriptionRenewal": True}, {"isRenewal": "yes"},
        {"order_type": "renewal"}, {"orderType": "renewal"},
    ],
)  # fmt: skip
def test_a_renewal_stays_one(mark: dict[str, Any]) -> None:
    """However it is marked: its copy is no purchase either."""
    assert is_renewal(copied({"order_id": "o", **mark}))


@pytest.mark.parametrize("name", ["revenue", "total", "value"])
def test_it_has_the_order_and_its_worth_and_no_address(name: str) -> None:
    """The order's number and money are there; who bought is not."""
    told = copied({"orderId": "#7", name: 12, "email": "a@b.de", "phone": "+4930123456", "shipping": {"city": "x"}})
    assert (order_id_of(told), order_value(told)) == ("7", 12_000_000)
    assert told.keys() == {"orderId", name}
