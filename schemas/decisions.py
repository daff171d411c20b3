"""The public records of what was decided and what came of it: messages, decisions, conversions, aggregates."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, Field

from schemas.outputs import AT, MESSAGE, OTHER, PROFILE, PublicRecord
from schemas.vocabulary import (
    AdIdentifier,
    Arm,
    CreditModel,
    DecisionReason,
    Hex32,
    MessageId,
    Money,
    Outcome,
    SegmentChange,
    SegmentReason,
    Time,
    TriggerType,
)


class Trigger(PublicRecord):
    """What set a campaign off. `cart_id` only where it was about a cart."""

    type: TriggerType
    at: Time
    cart_id: Hex32 | None = None


class Offer(PublicRecord):
    """A code of the customer's own in one campaign: the same in every message of it."""

    code: str
    discount: str = Field(description="as the campaigns file says it")
    expires_at: Time


_OFFER: Any = {"code": "BACK-7K2M9Q4T", "discount": "10%", "expires_at": "2026-12-05T18:32:59.333Z"}
_TRIGGER: Any = {"type": "cart_abandoned", "at": AT, "cart_id": OTHER}
_STEP: Any = {"campaign_id": "abandoned-cart", "step": "reminder", "variant": "plain"}


class Message(PublicRecord):
    """A message to be sent to a customer. Key: profile_id. Its id is the same however often it is written."""

    model_config: ClassVar[ConfigDict] = ConfigDict(json_schema_extra={"examples": [{
        "message_id": MESSAGE, **_STEP, "profile_id": PROFILE, "channel": "email", "to": "ana@example.com",
        "subject": "Still thinking it over?", "body": "Your cart is waiting.",
        "url": f"https://shop.example/cart?wb_mid={MESSAGE}", "offer": _OFFER, "trigger": _TRIGGER, "decided_at": AT,
        "expires_at": "2026-11-22T18:32:59.333Z", "quiet_from": "2026-11-21T20:00:00.000Z",
        "quiet_until": "2026-11-22T08:00:00.000Z",
    }]})  # fmt: skip

    message_id: MessageId = Field(description="deterministic in profile, campaign, what triggered it, and step")
    campaign_id: str
    step: str
    variant: str | None
    profile_id: Hex32
    channel: str
    to: str | None = Field(
        description="the contact point: e-mail address, phone number, push token, advertising id (else the e-mail "
        "address), or the id of a billboard"
    )
    subject: str | None
    body: str
    url: str | None = Field(
        description="the first product's own page, else the nearest store's, with wb_mid=<message_id>"
    )
    offer: Offer | None
    trigger: Trigger
    decided_at: Time
    expires_at: Time | None = Field(description="not to be sent after this")
    quiet_from: Time | None = Field(
        None, description="when the customer's next quiet hours begin, if that is before it expires; null without any"
    )
    quiet_until: Time | None = Field(
        None, description="when they end: not to be sent between the two, nor between the same times a day later"
    )
    transactional: bool = Field(False, description="true of a campaign that is: an order does not hold it back")


class Decision(PublicRecord):
    """Every outcome of every step, also of the control group, so that uplift can be measured. Key: profile_id."""

    model_config = ConfigDict(json_schema_extra={"examples": [
        {"decision_id": OTHER, "profile_id": PROFILE, **_STEP, "arm": "treatment", "control_share": 0.1,
         "outcome": "sent", "reason": None, "message_id": MESSAGE, "trigger": _TRIGGER, "decided_at": AT},
        {"decision_id": OTHER, "profile_id": PROFILE, **_STEP, "arm": "treatment", "control_share": 0.1,
         "outcome": "suppressed", "reason": "no_consent", "message_id": None, "trigger": _TRIGGER, "decided_at": AT},
        {"decision_id": OTHER, "profile_id": PROFILE, **_STEP, "arm": "treatment", "control_share": None,
         "outcome": "cancelled", "reason": "converted", "message_id": MESSAGE, "trigger": _TRIGGER, "decided_at": AT},
    ]})  # fmt: skip

    decision_id: Hex32 = Field(description="deterministic as message_id is, and in which outcome of its step it is")
    profile_id: Hex32 = Field(description="as in the key")
    campaign_id: str
    step: str
    variant: str | None
    arm: Arm
    control_share: float | None = Field(
        None, ge=0, le=1, description="the chance with which the arm was drawn control: of the campaign's holdout and "
        "the control group, by the file that decided; null where none was drawn (the campaign is in the file no more, "
        "or a message is taken back)"
    )  # fmt: skip
    outcome: Outcome
    reason: DecisionReason | None
    message_id: MessageId | None = Field(
        description="the message of `sent`; on `cancelled`: a message that was sent before a purchase came to light"
    )
    trigger: Trigger
    decided_at: Time


class Suppression(PublicRecord):
    """What is said of an address, whoever has it: no message goes there, or may again. Key: address_hash."""

    model_config = ConfigDict(json_schema_extra={"examples": [
        {"address_hash": OTHER, "channel": "email", "topic": None, "suppressed": True, "reason": "unsubscribed",
         "since": AT, "known_at": AT},
        {"address_hash": OTHER, "channel": "sms", "topic": "offers", "suppressed": False, "reason": "subscribed",
         "since": AT, "known_at": AT},
    ]})  # fmt: skip

    address_hash: Hex32 = Field(description="keyed hash of the channel (`channel:topic`) and the address")
    channel: str
    topic: str | None = Field(description="the topic that it is about alone, else null")
    suppressed: bool
    reason: str = Field(description="unsubscribed, complained, bounced, or that of an import; subscribed: lifted")
    since: Time = Field(description="the time of the event that said it first")
    known_at: Time = Field(description="the event time from which decisions know it")


class SegmentMembership(PublicRecord):
    """A customer who has entered a segment of the campaigns file, or has left it. Key: profile_id.

    Of one profile the rows go by `at` and, of one moment, by `nth`; of one segment they take turns.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [
        {"profile_id": PROFILE, "segment": "big-spenders", "change": "entered", "at": AT, "nth": 0, "reason": "event",
         "since": AT},
        {"profile_id": PROFILE, "segment": "big-spenders", "change": "left", "at": "2027-02-19T18:32:59.333Z", "nth": 0,
         "reason": "time", "since": AT},
    ]})  # fmt: skip

    profile_id: Hex32
    segment: str = Field(description="its id in the campaigns file")
    change: SegmentChange
    at: Time = Field(description="event time of the cause; of `time`: when the window had passed")
    nth: int = Field(ge=0, description="the number of this change among those of this profile at this moment")
    reason: SegmentReason
    since: Time = Field(description="when the customer had entered")


class SaidOfAddress(PublicRecord):
    """Where others may say no to ads for a member: a key of `contact.suppressions`."""

    address_hash: Hex32 = Field(description="keyed hash of `ads` (`ads:topic`) and an address of the customer")
    agreed_at: Time | None = Field(description="the customer's own yes of this address: what was said before is void")


class AudienceMember(PublicRecord):
    """One hash that belongs in an audience of advertising; a record without a value takes it out again.

    Key: profile_id, webhook, identifier, sha256 and audience, with a `/` between them. One hash may be of several
    profiles: it is out when the last of them is.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [
        {"profile_id": PROFILE, "webhook": "meta", "audience": "undecided", "identifier": "email",
         "sha256": "973dfe463ec85785f5f95af5ba3906eedb2d931c24e69824a89ea65dba4e813b",
         "addresses": [{"address_hash": OTHER, "agreed_at": None}], "at": AT},
    ]})  # fmt: skip

    profile_id: Hex32
    webhook: str = Field(description="the name of the webhook that is told, as the campaigns file has it")
    audience: str = Field(description="the segment's id in the campaigns file")
    identifier: AdIdentifier = Field(description="what was hashed, and how it was written")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="of the address so written, in hex")
    addresses: list[SaidOfAddress]
    at: Time = Field(description="event time from which it belongs there, or from which this holds of it")


class Touch(PublicRecord):
    """A contact with the shop before a conversion."""

    channel: str
    at: Time
    source: str | None
    medium: str | None
    campaign: str | None


class Recovered(PublicRecord):
    """The first message of the abandonment that a conversion is credited to."""

    campaign_id: str
    step: str
    message_id: MessageId


class Conversion(PublicRecord):
    """An order with what led to it, or what has changed of one since: a row each. Key: profile_id.

    The sum of `orders` and of `value` over the rows of an order is what it comes to.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{
        "order_id": "50314b8e9bcf", "profile_id": PROFILE, "kind": "order", "counts": True, "orders": 1,
        "value": 27.5, "refunds": 0, "currency": "USD", "at": AT,
        "channel": "store",
        "touches": [{"channel": "email", "at": AT, "source": "winback", "medium": "email", "campaign": "cart"}],
        "touch_count": 1, "credits": {"first": {"email": 1}, "last": {"email": 1}},
        "credited": {"first": {"email": 27.5}, "last": {"email": 27.5}}, "changed_at": AT, "message_id": "m-1",
        "recovered": {"campaign_id": "abandoned-cart", "step": "reminder", "message_id": MESSAGE},
    }]})  # fmt: skip

    order_id: str
    profile_id: Hex32
    kind: Literal["order", "renewal", "update", "refund", "cancellation", "reassigned"]
    counts: bool = Field(description="false: another profile has the order, which counts once")
    orders: int = Field(description="1 for an order, -1 where it is taken back, else 0")
    value: Money = Field(description="what its money changes by, less refunds")
    refunds: Money = Field(description="what its refunds change by")
    currency: str | None
    at: Time = Field(description="when it counts: a refund at its own time, all else at the order's")
    channel: str
    touches: list[Touch]
    touch_count: int = Field(description="touches in all; of more than 50 the first and the last 49 are listed")
    credits: dict[CreditModel, dict[str, float]] = Field(description="model -> channel -> share; shares sum to 1")
    credited: dict[CreditModel, dict[str, float]] = Field(description="model -> channel -> money; sums to value")
    campaign_credits: dict[CreditModel, dict[str, float]] = Field(
        default_factory=dict, description="model -> campaign of a touch, empty for those without -> share"
    )
    campaign_credited: dict[CreditModel, dict[str, float]] = Field(
        default_factory=dict, description="the same in money"
    )
    changed_at: Time = Field(description="when the event that says so happened")
    message_id: str = Field(
        description="messageId of that event; of `reassigned`, whose event is another's, empty, then reassigned:1..."
    )
    recovered: Recovered | None


class Cell(PublicRecord):
    """The name, time window and dimensions of an aggregate."""

    name: str = Field(examples=["channel_hour", "cart_hour", "campaign_day"])
    window_start: Time
    dimensions: dict[str, str | int | None]


class Aggregate(PublicRecord):
    """The absolute values of a cell as one partition has counted them. Key: the cell; the highest version holds."""

    model_config = ConfigDict(json_schema_extra={"examples": [{
        "cell": {"name": "channel_hour", "window_start": "2026-11-21T18:00:00.000Z", "dimensions": {"channel": "web"}},
        "values": {"events": 1834, "orders": 12, "revenue": 340.25}, "partition": 3, "version": 1834,
    }]})  # fmt: skip

    cell: Cell
    values: dict[str, float] = Field(description="only what is not zero")
    partition: int = Field(ge=0)
    version: int = Field(ge=1)
