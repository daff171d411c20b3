"""What starts a campaign: the types of triggers, and which parameters each of them takes."""

from __future__ import annotations

from typing import Any, Final, Literal, get_args

from pydantic import Field, field_validator, model_validator

from schemas.aliases.table import canonical
from schemas.consent_said import LONGEST_TOPIC
from schemas.vocabulary import TriggerType
from streams.core.campaigns.values import Distance, Duration, Share, Strict, known

Interest = Literal["viewed", "carted", "wished"]

TRIGGERS: Final[tuple[str, ...]] = get_args(TriggerType)
_INTERESTS: Final[tuple[Interest, ...]] = get_args(Interest)
PARAMETERS: Final[dict[str, tuple[str, ...]]] = {
    "cart_abandoned": ("min_value",),
    "checkout_abandoned": ("min_value",),
    "browse_abandoned": ("min_value",),
    "order_completed": ("min_value",),
    "product_added": ("min_value",),
    "price_dropped": ("min_drop", "interest", "within"),
    "back_in_stock": ("interest", "within"),
    "lapsed": ("after",),
    "content_viewed": ("topic", "times", "within"),
    "hashtag_used": ("hashtags",),
    "store_nearby": ("radius",),
    "event": ("name", "if"),
    "message_clicked": (),
    "message_bounced": (),
    "segment_entered": ("segment",),
}
"""Parameters by type of trigger."""
_WITHIN: Final = {"price_dropped": "30d", "back_in_stock": "30d", "content_viewed": "7d"}
MOST_TIMES: Final = 20
"""More views of a topic are not remembered."""
LONGEST_NAME: Final = 200
"""A trigger names no longer event."""
INTEREST_MS: Final = 30 * 24 * 60 * 60_000
"""Interests in products are remembered for so long."""


class TriggerRule(Strict):
    """What starts a campaign. Parameters that the type does not take have their defaults and mean nothing.

    `min_value` in the currency of the cart or order, `min_drop` a share of the old price, `within` and `after` in
    milliseconds, `radius` in metres. `name` is that of an event, compared without case, blanks, `_` and `-`;
    `condition` (`if` in the file) a Liquid expression over `event`, `properties` and `profile`. `segment` is the id of
    one of the file's segments.
    """

    on: TriggerType
    min_value: float = Field(default=0, allow_inf_nan=False)
    min_drop: Share = 0.0
    interest: tuple[Interest, ...] = Field(default=_INTERESTS, min_length=1)
    within: Duration = 0
    after: Duration = 0
    topic: str | None = Field(default=None, max_length=LONGEST_TOPIC)
    times: int = Field(default=1, ge=1, le=MOST_TIMES)
    hashtags: tuple[str, ...] = ()
    radius: Distance = 1000.0
    name: str | None = Field(default=None, min_length=1, max_length=LONGEST_NAME)
    condition: str | None = Field(default=None, alias="if", min_length=1)
    segment: str | None = Field(default=None, min_length=1)

    @field_validator("on", mode="before")
    @classmethod
    def _on(cls, value: Any) -> Any:
        return known("trigger", value, TRIGGERS)

    @field_validator("topic")
    @classmethod
    def _topic(cls, value: str | None) -> str | None:
        if value is not None and not value.strip():
            raise ValueError("a topic is a text; leave it out for any")
        return value if value is None else value.strip().lower()

    @field_validator("name")
    @classmethod
    def _name(cls, value: str | None) -> str | None:
        if value is not None and not value.strip():
            raise ValueError("an event's name is a text")
        return value if value is None else canonical(value)

    @field_validator("hashtags")
    @classmethod
    def _hashtags(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        tags = tuple(tag.strip().lstrip("#").lower() for tag in value)
        if not all(tags):
            raise ValueError("a hashtag is a text, such as '#sale'; leave hashtags out for any")
        return tags

    @model_validator(mode="before")
    @classmethod
    def _parameters(cls, raw: Any) -> Any:
        on = raw.get("on") if isinstance(raw, dict) else None
        if on not in PARAMETERS:
            return raw
        takes = PARAMETERS[on]
        for name in raw:
            if name != "on" and name not in takes:
                knows = f"it knows: {', '.join(takes)}" if takes else "it has no parameters"
                raise ValueError(f"trigger {on} does not know {str(name)!r}; {knows}")
        if on == "event" and "name" not in raw:
            raise ValueError("trigger event needs `name`: the name of the event that starts the campaign")
        if on == "segment_entered" and "segment" not in raw:
            raise ValueError("trigger segment_entered needs `segment`: the id of the segment")
        if on == "lapsed" and "after" not in raw:
            raise ValueError("trigger lapsed needs `after`: how long after the last order")
        return {"within": _WITHIN[on], **raw} if on in _WITHIN else raw

    @model_validator(mode="after")
    def _possible(self) -> TriggerRule:
        if self.on in _WITHIN and not self.within:
            raise ValueError("`within` is longer than 0")
        if self.within > INTEREST_MS and self.on != "content_viewed":
            raise ValueError("`within` is at most 30d: interests are not remembered for longer")
        return self

    @property
    def kinds(self) -> str:
        """`interest` as letters, as a profile remembers them: viewed, carted, wished."""
        return "".join(sorted(name[0] for name in self.interest))
