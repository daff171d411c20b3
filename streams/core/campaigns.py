"""The campaigns file as a value: validated, with what is not supported refused by name (docs/contract.md section 4)."""

from __future__ import annotations

import re
from datetime import time
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

MINUTE_MS: Final = 60_000
_UNITS: Final = {"s": 1_000, "m": MINUTE_MS, "h": 60 * MINUTE_MS, "d": 24 * 60 * MINUTE_MS}

Channel = Literal["email", "sms", "push"]
TriggerName = Literal["cart_abandoned", "checkout_abandoned"]


def _duration(value: Any) -> int:
    """`30m`, `20h`, `7d`, `45s` or `0` as milliseconds."""
    match = re.fullmatch(r"(\d+)\s*([smhd])", str(value).strip())
    if match is None:
        if str(value).strip() == "0":
            return 0
        raise ValueError(f"a duration is a whole number and s, m, h or d, such as 30m; got {value!r}")
    return int(match[1]) * _UNITS[match[2]]


def _share(value: Any) -> float:
    """`10%` or 0.1 as a fraction of one."""
    text = str(value).strip()
    number = float(text[:-1]) / 100 if text.endswith("%") else float(text)
    if not 0 <= number <= 1:
        raise ValueError(f"a share is from 0% to 100%; got {value!r}")
    return number


def _clock(value: Any) -> time:
    """`21:00` as a time of day; YAML reads an unquoted 21:00 as the number 1260."""
    if isinstance(value, int):
        return time(value // 60, value % 60)
    return time.fromisoformat(str(value))


Duration = Annotated[int, BeforeValidator(_duration)]
Share = Annotated[float, BeforeValidator(_share)]
Clock = Annotated[time, BeforeValidator(_clock)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Cap(_Strict):
    """At most `limit` messages in any window of `per` (milliseconds)."""

    limit: int = Field(ge=0)
    per: Duration


class QuietHours(_Strict):
    """No message from `from` to `to` in the customer's own zone; what falls there waits for `to`."""

    start: Clock = Field(alias="from")
    end: Clock = Field(alias="to")
    policy: Literal["defer"] = "defer"


class Consent(_Strict):
    """What holds without a word from the customer: opt_out (assumed until withdrawn) or opt_in (only when given)."""

    default: Literal["opt_out", "opt_in"] = "opt_out"


class Trigger(_Strict):
    """What starts a campaign. `min_value` in the cart's currency."""

    on: TriggerName
    min_value: float = 0

    @field_validator("on", mode="before")
    @classmethod
    def _known(cls, value: Any) -> Any:
        return _supported("trigger", value, ("cart_abandoned", "checkout_abandoned"))


class CampaignStep(_Strict):
    """One message of a campaign, `after` (milliseconds) its trigger."""

    id: str = Field(min_length=1)
    after: Duration = 0
    channel: Literal["best", "email", "sms", "push"]
    of: tuple[Channel, ...] = ()
    template: str = Field(pattern=r"^[A-Za-z0-9_-]+$")
    variants: dict[str, int] = Field(default_factory=dict)

    @field_validator("channel", mode="before")
    @classmethod
    def _channel(cls, value: Any) -> Any:
        return _supported("channel", value, ("best", "email", "sms", "push"))

    @field_validator("of", mode="before")
    @classmethod
    def _of(cls, value: Any) -> Any:
        if isinstance(value, list):
            for item in value:
                _supported("channel", item, ("email", "sms", "push"))
        return value

    @model_validator(mode="after")
    def _candidates(self) -> CampaignStep:
        if self.channel == "best" and not self.of:
            raise ValueError("channel best needs `of`, the channels to choose from")
        if any(weight < 0 for weight in self.variants.values()) or (self.variants and not sum(self.variants.values())):
            raise ValueError("variants are names with weights, at least one above 0")
        return self

    @property
    def candidates(self) -> tuple[Channel, ...]:
        """The channels this step may use, in order of preference between equals."""
        return self.of if self.channel == "best" else (self.channel,)


class Campaign(_Strict):
    """One campaign: a trigger, the share held out, and its step."""

    id: str = Field(min_length=1)
    trigger: Trigger
    holdout: Share = 0.0
    exit_on: tuple[Literal["order_completed", "cart_emptied", "unsubscribed"], ...] = (
        "order_completed", "cart_emptied", "unsubscribed",
    )  # fmt: skip
    steps: tuple[CampaignStep, ...] = Field(min_length=1)

    @field_validator("steps", mode="before")
    @classmethod
    def _one_step(cls, value: Any) -> Any:
        if isinstance(value, list) and len(value) > 1:
            raise ValueError(f"a campaign has one step in this version; got {len(value)}")
        return value


class CampaignFile(_Strict):
    """The whole file."""

    timezone: str = "UTC"
    consent: Consent = Consent()
    max_trigger_age: Duration = 2 * 60 * MINUTE_MS
    message_ttl: Duration = 24 * 60 * MINUTE_MS
    caps: dict[Literal["global", "email", "sms", "push"], tuple[Cap, ...]] = Field(default_factory=dict)
    quiet_hours: QuietHours | None = None
    campaigns: tuple[Campaign, ...] = ()

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"{value!r} is no time zone of the IANA list, such as Europe/Berlin") from error
        return value

    @model_validator(mode="after")
    def _unique(self) -> CampaignFile:
        ids, triggers = set[str](), dict[str, str]()
        for campaign in self.campaigns:
            if campaign.id in ids:
                raise ValueError(f"two campaigns have the id {campaign.id!r}")
            ids.add(campaign.id)
            on = campaign.trigger.on
            if on in triggers:
                raise ValueError(
                    f"campaigns {triggers[on]!r} and {campaign.id!r} share the trigger {on}: one each in this version"
                )
            triggers[on] = campaign.id
        return self


class Campaigns:
    """A validated file and the text of its templates, by template name and channel."""

    def __init__(self, file: CampaignFile, templates: dict[tuple[str, str], str]) -> None:
        self.file = file
        self.templates = templates
        self.by_id = {campaign.id: campaign for campaign in file.campaigns}
        self.by_trigger = {campaign.trigger.on: campaign for campaign in file.campaigns}


def _supported(what: str, value: Any, known: tuple[str, ...]) -> Any:
    if isinstance(value, str) and value not in known:
        raise ValueError(f"{what} {value!r} is not supported in this version; supported: {', '.join(known)}")
    return value
