"""The envelopes producers use: Segment's, RudderStack's, a CloudEvent; and each SDK's way of telling time.

Each function wraps a call and returns the envelope, a record's value as a JSON object. Times are epoch milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from deploy.shop.clock import HOUR, iso_offset
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


class Timing(NamedTuple):
    """When a call is made and when it is sent, in epoch milliseconds; the device's clock is `skew` ms ahead."""

    at: int
    sent: int
    skew: int = 0


FAST: Final = 5 * HOUR
"""How far the clock of a device that nothing corrects is ahead, in milliseconds."""


def segment(call: Call, timing: Timing) -> dict[str, Any]:
    """The envelope of a Segment browser or mobile SDK: `timestamp` and `sentAt` by the device's clock."""
    value: dict[str, Any] = {
        "timestamp": iso(timing.at),
        "integrations": {},
        "type": call.type,
        **call.fields,
        "context": call.context,
        "writeKey": "shop-web",
        "sentAt": iso(timing.sent),
    }
    return _body(value, call)


def segment_fast(call: Call, timing: Timing) -> dict[str, Any]:
    """The envelope of a device whose clock is hours ahead and whose SDK gives nothing to correct it by."""
    value = segment(call, Timing(timing.at + FAST, timing.sent))
    del value["sentAt"]
    return value


def segment_server(call: Call, timing: Timing) -> dict[str, Any]:
    """The envelope of Segment's Python SDK on the shop's own servers: offsets instead of Z, no `sentAt`."""
    value: dict[str, Any] = {
        "integrations": {},
        "timestamp": iso(timing.at)[:-1] + "+00:00",
        "type": call.type,
        **call.fields,
        "context": call.context,
    }
    return _body(value, call)


def till(call: Call, timing: Timing) -> dict[str, Any]:
    """The envelope of a till: local time with its offset."""
    value = segment_server(call, timing)
    value["timestamp"] = iso_offset(timing.at, call.context["timezone"])
    return value


def segment_node(call: Call, timing: Timing) -> dict[str, Any]:
    """The envelope of a server in Node that gives epoch times: seconds when they are whole, else milliseconds."""
    value = segment_server(call, timing)
    value["timestamp"] = timing.at // 1000 if timing.at % 1000 == 0 else timing.at
    return value


def timeless(call: Call, timing: Timing) -> dict[str, Any]:
    """The envelope of a producer that gives no time at all: Kafka's own timestamp is the event's."""
    value = segment_server(call, timing)
    del value["timestamp"]
    return value


def rudder(call: Call, timing: Timing) -> dict[str, Any]:
    """The envelope of RudderStack's gateway: the device's clock in two fields, the gateway's in `receivedAt`."""
    value: dict[str, Any] = {
        "channel": "mobile" if "device" in call.context else "web",
        "type": call.type,
        "originalTimestamp": iso(timing.at + timing.skew),
        "sentAt": iso(timing.sent + timing.skew),
        "receivedAt": iso(timing.sent),
        **call.fields,
        "context": call.context if call.traits is None else {**call.context, "traits": call.traits},
        "integrations": {"All": True},
    }
    return _body(value, call, traits=False)


def rudder_direct(call: Call, timing: Timing) -> dict[str, Any]:
    """The envelope of RudderStack written straight to Kafka: no `receivedAt`, the record's own time takes its place."""
    value = rudder(call, timing)
    del value["receivedAt"]
    return value


def rudder_node(call: Call, timing: Timing) -> dict[str, Any]:
    """The envelope of RudderStack's Node SDK: `originalTimestamp` alone."""
    value = rudder(call, timing._replace(skew=0))
    del value["receivedAt"], value["sentAt"]
    value["channel"] = "server"
    return value


def cloud(call: Call, timing: Timing) -> dict[str, Any]:
    """A structured CloudEvent around a Segment call; its `id` and `time` stand in for what the call leaves out."""
    data = timeless(call, timing)
    return {
        "specversion": "1.0",
        "id": data.pop("messageId"),
        "source": "/shop/till",
        "type": f"shop.{call.type}",
        "time": iso(timing.at),
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


Envelope = Callable[[Call, Timing], dict[str, Any]]
ENVELOPES: Final[dict[str, Envelope]] = {
    f.__name__: f
    for f in (
        segment, segment_fast, segment_server, till, segment_node, timeless, rudder, rudder_direct, rudder_node, cloud,
    )
}  # fmt: skip
AT_ARRIVAL: Final = frozenset({"segment_fast", "timeless"})
"""Envelopes whose event time, as the pipeline reads it, is the time of arrival."""
AS_SENT: Final = frozenset({"rudder_direct"})
"""Envelopes whose event time is read correctly only if they arrive in the moment they are sent."""
