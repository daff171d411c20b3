"""A step of a campaign, and what it may offer."""

from __future__ import annotations

from typing import Any, Final, Literal, get_args

from pydantic import Field, field_validator, model_validator

from streams.core.campaigns.values import Duration, Strict, known

Channel = Literal["email", "sms", "push", "messenger", "ads", "broadcast"]
CHANNELS: Final[tuple[str, ...]] = get_args(Channel)


class Offer(Strict):
    """A code of its own for each customer: `prefix`-XXXXXXXX, good for `valid_for` (milliseconds) from its first use.

    `variants`: only messages of these carry it; none: every message. `reissue`: a new code takes the place of one that
    was redeemed or refused.
    """

    prefix: str = Field(pattern=r"^[A-Za-z0-9_-]+$")
    discount: str = Field(min_length=1)
    valid_for: Duration = 14 * 24 * 60 * 60_000
    variants: tuple[str, ...] = ()
    reissue: bool = False


class CampaignStep(Strict):
    """One message of a campaign, `after` (milliseconds) its trigger.

    `condition` (`if` in the file) is a Liquid expression over what a template sees.
    """

    id: str = Field(min_length=1)
    after: Duration = 0
    channel: Literal["best", "other", "email", "sms", "push", "messenger", "ads", "broadcast"]
    of: tuple[Channel, ...] = ()
    hour: Literal["best"] | None = None
    unless: Literal["engaged"] | None = None
    condition: str | None = Field(default=None, alias="if", min_length=1)
    template: str = Field(pattern=r"^[A-Za-z0-9_-]+$")
    variants: dict[str, int] = Field(default_factory=dict)

    @field_validator("channel", mode="before")
    @classmethod
    def _channel(cls, value: Any) -> Any:
        return known("channel", value, ("best", "other", *CHANNELS))

    @field_validator("of", mode="before")
    @classmethod
    def _of(cls, value: Any) -> Any:
        if isinstance(value, list):
            for item in value:
                known("channel", item, CHANNELS)
        return value

    @model_validator(mode="after")
    def _candidates(self) -> CampaignStep:
        if self.channel in ("best", "other") and not self.of:
            raise ValueError(f"channel {self.channel} needs `of`, the channels to choose from")
        if any(weight < 0 for weight in self.variants.values()) or (self.variants and not sum(self.variants.values())):
            raise ValueError("variants are names with weights, at least one above 0")
        return self

    @property
    def candidates(self) -> tuple[Channel, ...]:
        """The channels this step may use, in order of preference between equals."""
        return self.of if self.channel == "best" or self.channel == "other" else (self.channel,)  # noqa: PLR1714
