"""The public records of identity and of carts, and dead letters: one model a topic, what others may rely on.

The pipeline writes these records by hand; the models document and check them (`schemas.documents`). Readers ignore
fields they do not know.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from schemas.reasons import DeadLetterReason
from schemas.vocabulary import CallType, CartReason, CartStage, CartState, Hex32, MergeReason, Money, RefusedRule, Time

PROFILE: Any = "5f1d7a84db00d2fce00b31a7fc73224f"
OTHER: Any = "0c9e4f7a4f2c4c9f8a7d6a1b2c3d4e5f"
MESSAGE: Any = "5o9f1ggd5i00sbtms1j7q8kgvk2r4n0p6c3uqa8v1lhe7dmt"
AT: Any = "2026-11-21T18:32:59.333Z"


class PublicRecord(BaseModel):
    """What all public records share: frozen, and made by field name or alias."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, populate_by_name=True)


class IdentifierValue(PublicRecord):
    """One identifier of an event, normalised."""

    type: str = Field(description="user_id, email, phone, an external id's type, device_id, ...")
    value: str
    typed: bool = Field(default=False, description="an address that the event's properties alone hold: a claim")


class Source(PublicRecord):
    """The raw record an event was read from."""

    topic: str
    partition: int = Field(ge=0)
    offset: int = Field(ge=0)


class StitchedTouch(PublicRecord):
    """A touch that an event has opened, or whose channel or source it has changed: the highest `change` holds."""

    id: str = Field(description="one a touch of a profile, with `at`: 16 hex digits")
    change: int = Field(
        ge=0, description="0 of the event that opened it; a click and the page it leads to are one touch"
    )
    channel: str
    at: Time = Field(description="the time of the event that opened it")
    source: str | None
    medium: str | None
    campaign: str | None


class StitchedEvent(PublicRecord):
    """An accepted event, once, when it takes effect, in event-time order per profile. Key: profile_id."""

    model_config = ConfigDict(json_schema_extra={"examples": [{
        "profile_id": PROFILE, "late": False, "channel": "web", "message_id": "ajs-next-1795285979377-f3a505f9",
        "type": "track", "name": "Product Added", "event_time": AT, "received_at": "2026-11-21T18:33:00.012Z",
        "properties": {"product_id": "1", "price": 19.99, "quantity": 1}, "context": {"locale": "en-US"}, "traits": {},
        "identifiers": [{"type": "user_id", "value": "u-42"}],
        "source": {"topic": "channels.web", "partition": 3, "offset": 1834},
    }]})  # fmt: skip

    profile_id: Hex32 = Field(description="whose event it is at that time; profile_merges gives the current profile")
    channel: str = Field(description="the name in the raw topic's name")
    message_id: str = Field(description="deduplicates within a profile for 24 h")
    type: CallType
    name: str = Field(description="canonical event name; the page's or screen's name; empty for the other types")
    original_name: str | None = Field(None, description="the producer's name of the event, where it is another")
    event_time: Time
    received_at: Time = Field(description="the raw record's time")
    touch: StitchedTouch | None = Field(None, description="the touch that it has opened or changed, as of attribution")
    late: bool = Field(description="whether it came after its time had been sealed")
    time_unreadable: bool = Field(False, description="its own time could not be read: event_time is the record's")
    properties: dict[str, Any]
    context: dict[str, Any]
    traits: dict[str, Any] = Field(description="context.traits overlaid with the message's own")
    identifiers: list[IdentifierValue] = Field(description="strongest first")
    source: Source
    extra: dict[str, Any] | None = Field(None, description="fields of the message not named above, as they came")


class Assignment(PublicRecord):
    """Which profile an identifier belongs to. Key: the identifier's hash; compacted."""

    model_config = ConfigDict(json_schema_extra={"examples": [{
        "identifier_type": "anonymous_id", "profile_id": PROFILE, "version": 17, "linked_at": AT,
        "linked_to": OTHER, "source": {"topic": "channels.web", "partition": 3, "offset": 1834},
    }]})  # fmt: skip

    identifier_type: str
    profile_id: Hex32 | None = Field(description="null when its person was erased")
    version: int = Field(ge=0, description="strictly increasing over all assignments")
    linked_at: Time = Field(description="event time of the link")
    linked_to: Hex32 | None = Field(None, description="hash of the identifier that brought it in; not after a split")
    source: Source | None = Field(None, description="the event that named the two")
    erased_at: Time | None = Field(None, description="events of before that name it are dropped: its person was erased")
    next_profile_id: Hex32 | None = Field(None, description="the profile of who comes under an erased identifier later")


class Merge(PublicRecord):
    """A profile that lives on as another, or a link that was refused (`refused`). Key: merged_profile_id.

    `split`: some of its identifiers have left for `into_profile_id`, and it is no other profile than before.
    `split_history`: a former id stands for `into_profile_id` from now on. `erased`: it stands for nobody.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [
        {"merged_profile_id": OTHER, "into_profile_id": PROFILE, "reason": "link", "merged_at": AT, "version": 18},
        {"merged_profile_id": OTHER, "into_profile_id": PROFILE, "reason": "person_id_kept", "merged_at": AT,
         "version": 19, "refused": "user_limit", "identifiers": [PROFILE, OTHER],
         "source": {"topic": "channels.web", "partition": 3, "offset": 1834}},
    ]})  # fmt: skip

    merged_profile_id: Hex32
    into_profile_id: Hex32 | None = Field(description="null when the person was erased")
    reason: MergeReason
    merged_at: Time = Field(description="event time of the link")
    version: int = Field(ge=0)
    refused: RefusedRule | None = Field(None, description="the rule that refused the link; then nothing was merged")
    identifiers: list[Hex32] | None = Field(None, description="hashes of the pair, or of those that a split took away")
    identifier: Hex32 | None = Field(None, description="hash of the identifier that a split cut off")
    source: Source | None = Field(None, description="the event that named the pair")


class CartLine(PublicRecord):
    """One line of a cart; null is what no event has told."""

    product_id: str | None
    sku: str | None
    name: str | None
    price: Money | None
    quantity: float = Field(gt=0)
    url: str | None
    image_url: str | None


class CartTransition(PublicRecord):
    """A cart that changed its state. Key: profile_id."""

    model_config = ConfigDict(json_schema_extra={"examples": [{
        "profile_id": PROFILE, "cart_id": OTHER, "from": "open", "to": "abandoned", "at": AT, "reason": "inactivity",
        "lines": [{"product_id": "1", "sku": "45790-32", "name": "Monopoly", "price": 19.99, "quantity": 1,
                   "url": "https://shop.example/p/1", "image_url": None}],
        "value": 19.99, "currency": "EUR", "stage": "cart", "abandonment_no": 1,
    }]})  # fmt: skip

    profile_id: Hex32
    cart_id: Hex32
    from_: CartState = Field(alias="from")
    to: CartState
    at: Time = Field(description="event time of the cause; for abandoned: last activity + abandon_after")
    reason: CartReason
    lines: list[CartLine] = Field(description="before the change for converted and expired, else after it")
    value: Money | None = Field(description="of all lines in the cart's currency; null where one cannot be converted")
    currency: str | None
    stage: CartStage
    abandonment_no: int = Field(ge=0)


class DeadLetterHeaders(PublicRecord):
    """Headers of a dead letter, each as UTF-8 text. The value is the raw record's bytes, untouched; there is no key.

    Headers of the raw record that begin with `ce_`, those of a CloudEvent in binary mode, are there as well.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{
        "reason": "no_identifier", "detail": "no value of the event can identify a customer", "topic": "channels.web",
        "partition": "3", "offset": "1834", "at": AT,
    }]})  # fmt: skip

    reason: DeadLetterReason
    detail: str = Field(description="short, for people; never a value of the record")
    topic: str
    partition: str = Field(pattern=r"^\d+$")
    offset: str = Field(pattern=r"^\d+$")
    at: Time = Field(description="the raw record's time")
