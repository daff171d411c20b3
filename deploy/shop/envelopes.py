"""The envelopes producers use: Segment's, RudderStack's, a CloudEvent; and each SDK's way of telling time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from deploy.shop.clock import HOUR, iso_offset
from deploy.shop.delivery import Trip
from schemas.times import iso


class Call(NamedTuple):
    """One call as the shop's code makes it, before an SDK wraps it. `fields`: userId, anonymousId, groupId, ..."""

    type: str
    name: str
    properties: dict[str, Any]
    traits: dict[str, Any] | None
    context: dict[str, Any]
    fields: dict[str, Any]
    message_id: str | None


FAST: Final = 5 * HOUR
"""How far the clock of a device that nothing corrects is ahead."""


def segment(call: Call, t: int, trip: Trip, skew: int) -> dict[str, Any]:
    """A Segment browser or mobile SDK: `timestamp` and `sentAt` by the device's clock."""
    del skew
    value: dict[str, Any] = {
        "timestamp": iso(t),
        "integrations": {},
        "type": call.type,
        **call.fields,
        "context": call.context,
        "writeKey": "shop-web",
        "sentAt": iso(trip.sent),
    }
    return _body(value, call)


def segment_fast(call: Call, t: int, trip: Trip, skew: int) -> dict[str, Any]:
    """A device whose clock is hours ahead and whose SDK gives nothing to correct it by."""
    return segment(call, t + FAST, Trip(trip.sent + FAST, trip.arrives), skew)


def segment_server(call: Call, t: int, trip: Trip, skew: int) -> dict[str, Any]:
    """Segment's Python SDK on the shop's own servers: offsets instead of Z, no `sentAt`."""
    del trip, skew
    value: dict[str, Any] = {
        "integrations": {},
        "timestamp": iso(t)[:-1] + "+00:00",
        "type": call.type,
        **call.fields,
        "context": call.context,
    }
    return _body(value, call)


def till(call: Call, t: int, trip: Trip, skew: int) -> dict[str, Any]:
    """A till: local time with its offset."""
    value = segment_server(call, t, trip, skew)
    value["timestamp"] = iso_offset(t, call.context["timezone"])
    return value


def segment_node(call: Call, t: int, trip: Trip, skew: int) -> dict[str, Any]:
    """A server in Node that gives epoch times: seconds when they are whole, else milliseconds."""
    value = segment_server(call, t, trip, skew)
    value["timestamp"] = t // 1000 if t % 1000 == 0 else t
    return value


def timeless(call: Call, t: int, trip: Trip, skew: int) -> dict[str, Any]:
    """A producer that gives no time at all: Kafka's own timestamp is the event's."""
    value = segment_server(call, t, trip, skew)
    del value["timestamp"]
    return value


def rudder(call: Call, t: int, trip: Trip, skew: int) -> dict[str, Any]:
    """RudderStack behind its gateway: the device's clock in two fields, the gateway's in `receivedAt`."""
    value: dict[str, Any] = {
        "channel": "mobile" if "device" in call.context else "web",
        "type": call.type,
        "originalTimestamp": iso(t + skew),
        "sentAt": iso(trip.sent + skew),
        "receivedAt": iso(trip.sent),
        **call.fields,
        "context": call.context if call.traits is None else {**call.context, "traits": call.traits},
        "integrations": {"All": True},
    }
    return _body(value, call, traits=False)


def rudder_direct(call: Call, t: int, trip: Trip, skew: int) -> dict[str, Any]:
    """RudderStack written straight to Kafka: no `receivedAt`, so the record's own time takes its place."""
    value = rudder(call, t, trip, skew)
    del value["receivedAt"]
    return value


def rudder_node(call: Call, t: int, trip: Trip, skew: int) -> dict[str, Any]:
    """RudderStack's Node SDK: `originalTimestamp` alone."""
    del skew
    value = rudder(call, t, trip, 0)
    del value["receivedAt"], value["sentAt"]
    value["channel"] = "server"
    return value


def cloud(call: Call, t: int, trip: Trip, skew: int) -> dict[str, Any]:
    """A structured CloudEvent around a Segment call; its `id` and `time` stand in for what the call leaves out."""
    data = timeless(call, t, trip, skew)
    return {
        "specversion": "1.0",
        "id": data.pop("messageId"),
        "source": "/shop/till",
        "type": f"shop.{call.type}",
        "time": iso(t),
        "datacontenttype": "application/json",
        "data": data,
    }


def _body(value: dict[str, Any], call: Call, *, traits: bool = True) -> dict[str, Any]:
    if call.type == "track":
        value["event"] = call.name
    elif call.name:
        value["name"] = call.name
    if call.type in ("track", "page", "screen"):
        value["properties"] = call.properties
    if traits and call.traits is not None:
        value["traits"] = call.traits
    if call.message_id is not None:
        value["messageId"] = call.message_id
    return value


Envelope = Callable[[Call, int, Trip, int], dict[str, Any]]
ENVELOPES: Final[dict[str, Envelope]] = {
    f.__name__: f
    for f in (
        segment, segment_fast, segment_server, till, segment_node, timeless, rudder, rudder_direct, rudder_node, cloud,
    )
}  # fmt: skip
AT_ARRIVAL: Final = frozenset({"segment_fast", "timeless"})
"""Envelopes whose event time, as read, is the time of arrival."""
AS_SENT: Final = frozenset({"rudder_direct"})
"""Envelopes that are read right only when they arrive in the moment they are sent."""
