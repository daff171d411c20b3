"""The raw envelopes of `channels.*`, as models for the documents. `schemas.events` reads them, and forgives more."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

Scalar = str | int | float | None
"""An identifier as producers send it: numbers are taken as text."""
RawTime = str | int | float | None
"""ISO 8601 (without a zone it is UTC), epoch seconds or epoch milliseconds; null and empty are absent."""

_EVENT: dict[str, Any] = {
    "type": "track", "event": "Product Added", "messageId": "ajs-next-1795285979377-f3a505f9",
    "timestamp": "2026-11-21T18:32:59.377Z", "userId": "u-42", "anonymousId": "be44cd0d-f3a5-45f9-ad5c-f1a37c8e6e2d",
    "properties": {"product_id": "1", "price": 19.99, "quantity": 1, "currency": "EUR"},
    "context": {"locale": "en-US"},
}  # fmt: skip


class ExternalId(BaseModel):
    """An identifier of another system: a loyalty card, `ga_client_id`, ..."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow")

    id: Scalar
    type: str


class Device(BaseModel):
    """The device an event came from."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow")

    id: Scalar = None
    advertisingId: Scalar = None  # noqa: N815 - the Segment Spec's name
    token: Scalar = Field(None, description="push token")


class Context(BaseModel):
    """The Segment Spec's context. Unknown fields are kept."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow")

    device: Device | None = None
    traits: dict[str, Any] | None = Field(None, description="`email` and `phone` identify the customer")
    externalIds: list[ExternalId] | None = None  # noqa: N815 - the Segment Spec's name


class SegmentCall(BaseModel):
    """A call of the Segment Spec. Unknown fields are kept."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow", json_schema_extra={"examples": [_EVENT]})

    type: str = Field(
        description="track, identify, page, screen, alias or group, in any case",
        pattern=r"^\s*([tT][rR][aA][cC][kK]|[iI][dD][eE][nN][tT][iI][fF][yY]|[pP][aA][gG][eE]|[sS][cC][rR][eE][eE][nN]"
        r"|[aA][lL][iI][aA][sS]|[gG][rR][oO][uU][pP])\s*$",
    )
    event: Scalar = Field(None, description="name of a track call's event, without regard to case and runs of blanks")
    name: Scalar = Field(None, description="name of a page or screen")
    messageId: Scalar = Field(None, description="deduplicates for 24 h; without one a hash of the content does")  # noqa: N815
    timestamp: RawTime = Field(None, description="when it happened, by the producer's corrected clock")
    originalTimestamp: RawTime = Field(None, description="by the producer's own clock")  # noqa: N815
    sentAt: RawTime = None  # noqa: N815
    receivedAt: RawTime = None  # noqa: N815
    userId: Scalar = None  # noqa: N815
    anonymousId: Scalar = None  # noqa: N815
    previousId: Scalar = Field(None, description="alias: the user_id or anonymous id of before")  # noqa: N815
    properties: dict[str, Any] | None = Field(None, description="of the event; money and quantities may be text")
    context: Context | None = None
    traits: dict[str, Any] | None = Field(None, description="`email` and `phone` identify the customer")


class RudderMessage(SegmentCall):
    """A RudderStack message: the same fields plus its own."""

    model_config = ConfigDict(json_schema_extra={"examples": [{
        **_EVENT, "channel": "server", "originalTimestamp": "2026-11-21T18:32:58.000Z",
        "sentAt": "2026-11-21T18:32:58.100Z", "timestamp": None, "rudderId": "3b5f",
    }]})  # fmt: skip

    channel: str | None = Field(None, description="where RudderStack's SDK runs; kept as it is")
    rudderId: str | None = None  # noqa: N815
    request_ip: str | None = None


class CloudEvent(BaseModel):
    """A structured CloudEvent around a call. In binary mode its attributes are headers `ce_*`, its data the value."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow", json_schema_extra={"examples": [{
        "specversion": "1.0", "id": "a234-1234-1234", "source": "/shop/web", "type": "example.shop.track",
        "time": "2026-11-21T18:32:59.377Z", "datacontenttype": "application/json", "data": _EVENT,
    }]})  # fmt: skip

    specversion: Literal["1.0"] | str  # noqa: PYI051 - any version is read, 1.0 is the one there is
    id: str = Field(description="stands in for a missing messageId")
    source: str
    type: str
    time: RawTime = Field(None, description="stands in for a missing timestamp")
    datacontenttype: str | None = None
    data: SegmentCall | RudderMessage | None = None
    data_base64: str | None = Field(None, description="the data as base64 of its JSON")
