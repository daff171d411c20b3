"""The campaigns file as a value, validated (docs/contract.md section 4)."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, field_validator, model_validator

from schemas.topics import DAY_MS
from schemas.zones import zone_named
from streams.core.campaigns.segment import MOST_SEGMENTS, Audience, Segment
from streams.core.campaigns.step import CampaignStep, Channel, Offer
from streams.core.campaigns.trigger import TriggerRule
from streams.core.campaigns.values import MINUTE_MS, Clock, Duration, Share, Strict, duration, written


def _reentry(value: Any) -> int | str:
    return value if value in ("always", "never") else duration(value)


LANGUAGE: Final = r"^(?:[a-z]{2}|zh-Han[ts])$"
"""How a language is written: in folders of templates and in the file."""
Reentry = Annotated[
    Literal["always", "never"] | int,
    BeforeValidator(_reentry),
    PlainSerializer(lambda value: written(value) if isinstance(value, int) else value, when_used="json"),
]
Exit = Literal["order_completed", "cart_emptied", "unsubscribed", "engaged", "visited"]
EXITS: Final[tuple[Exit, ...]] = ("order_completed", "cart_emptied", "unsubscribed")


class Cap(Strict):
    """At most `limit` messages in any window of `per` (milliseconds)."""

    limit: int = Field(ge=0)
    per: Duration


class QuietHours(Strict):
    """No message from `from` to `to` in the customer's own zone; what falls there waits for `to`."""

    start: Clock = Field(alias="from")
    end: Clock = Field(alias="to")
    policy: Literal["defer"] = "defer"


class Consent(Strict):
    """What holds without a word from the customer: opt_out (assumed until withdrawn) or opt_in (only when given)."""

    default: Literal["opt_out", "opt_in"] = "opt_out"


class Attribution(Strict):
    """What an order is credited to: touches of the `lookback` before it, halved in time decay with each `half_life`.

    Both in milliseconds.
    """

    lookback: Duration = 30 * DAY_MS
    half_life: Duration = 7 * DAY_MS

    @field_validator("lookback", "half_life")
    @classmethod
    def _sensible(cls, value: int) -> int:
        if not DAY_MS <= value <= 365 * DAY_MS:
            raise ValueError("it is from 1d to 365d")
        return value


class Campaign(Strict):
    """One campaign: a trigger, the share held out, when it ends and may begin again, and its steps.

    `reentry`: how long (milliseconds) after an entry the customer may enter again; higher `priority` goes first.
    `audience`: whom it is for, by segments, asked when a step is decided.
    `transactional`: its messages are part of a deal that was made (order confirmations), so only an address that is
    dead, or whose owner complained, holds them back.
    """

    id: str = Field(min_length=1)
    trigger: TriggerRule
    audience: Audience | None = None
    priority: int = 0
    topic: str | None = Field(default=None, min_length=1)
    transactional: bool = False
    holdout: Share = 0.0
    reentry: Reentry = "always"
    exit_on: tuple[Exit, ...] = EXITS
    offer: Offer | None = None
    steps: tuple[CampaignStep, ...] = Field(min_length=1)

    @field_validator("topic")
    @classmethod
    def _topic(cls, value: str | None) -> str | None:
        return value if value is None else value.strip().lower()

    @model_validator(mode="after")
    def _consistent(self) -> Campaign:
        ids = [step.id for step in self.steps]
        for id_ in ids:
            if ids.count(id_) > 1:
                raise ValueError(f"two steps have the id {id_!r}")
        if self.transactional and self.holdout:
            raise ValueError("a transactional campaign holds nobody out: leave `holdout` away")
        for name in self.offer.variants if self.offer is not None else ():
            if all(name not in step.variants for step in self.steps):
                raise ValueError(f"the offer is for variant {name!r}, which no step has")
        return self

    @property
    def segments(self) -> tuple[str, ...]:
        """The segments that it names, by id."""
        of_trigger = () if self.trigger.segment is None else (self.trigger.segment,)
        return of_trigger if self.audience is None else (*of_trigger, *self.audience.in_, *self.audience.not_in)


class CampaignFile(Strict):
    """The whole file. `stores` names the file of the stores, `rates` that of the rates of exchange, beside it.

    A click within `machine_seconds` of the sending of a message is a machine's.
    `order_grace`: for how long after an order what it contained is in no cart and of no interest.
    """

    timezone: str = "UTC"
    language: str = Field(default="en", pattern=LANGUAGE)
    consent: Consent = Consent()
    attribution: Attribution = Attribution()
    control_group: Share = 0.0
    max_trigger_age: Duration = 2 * 60 * MINUTE_MS
    message_ttl: Duration = 24 * 60 * MINUTE_MS
    order_grace: Duration = 30 * MINUTE_MS
    stale_after: dict[Channel, Duration] = Field(default_factory=dict)
    sms_segments: int = Field(default=3, ge=1)
    machine_seconds: int = Field(default=10, ge=0, le=3_600)
    stores: str | None = None
    rates: str | None = None
    caps: dict[Literal["global"] | Channel, tuple[Cap, ...]] = Field(default_factory=dict)
    quiet_hours: QuietHours | None = None
    segments: tuple[Segment, ...] = Field(default=(), max_length=MOST_SEGMENTS)
    campaigns: tuple[Campaign, ...] = ()

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        zone = zone_named(value)
        if zone is None:
            raise ValueError(f"{value!r} is no time zone of the IANA list, such as Europe/Berlin")
        return zone

    @model_validator(mode="after")
    def _unique(self) -> CampaignFile:
        ids = set[str]()
        for campaign in self.campaigns:
            if campaign.id in ids:
                raise ValueError(f"two campaigns have the id {campaign.id!r}")
            ids.add(campaign.id)
        known = set[str]()
        for segment in self.segments:
            if segment.id in known:
                raise ValueError(f"two segments have the id {segment.id!r}")
            known.add(segment.id)
        for campaign in self.campaigns:
            for name in campaign.segments:
                if name not in known:
                    raise ValueError(f"campaign {campaign.id!r} names the segment {name!r}, which the file has not")
        return self
