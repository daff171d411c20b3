"""What starts a campaign: the types of triggers, and which parameters each of them takes."""

from __future__ import annotations

from typing import Any, Final, Literal, get_args

from pydantic import Field, field_validator, model_validator

from streams.core.campaigns.values import Distance, Duration, Share, Strict, known

TriggerName = Literal[
    "cart_abandoned", "checkout_abandoned", "browse_abandoned", "order_completed", "product_added", "price_dropped",
    "back_in_stock", "lapsed", "content_viewed", "hashtag_used", "store_nearby",
]  # fmt: skip
Interest = Literal["viewed", "carted", "wished"]

TRIGGERS: Final[tuple[str, ...]] = get_args(TriggerName)
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
}
"""Parameters by type of trigger."""
_WITHIN: Final = {"price_dropped": "30d", "back_in_stock": "30d", "content_viewed": "7d"}


class Trigger(Strict):
    """What starts a campaign. Parameters that the type does not take have their defaults and mean nothing.

    `min_value` in the currency of the cart or order, `min_drop` a share of the old price, `within` and `after` in
    milliseconds, `radius` in metres.
    """

    on: TriggerName
    min_value: float = 0
    min_drop: Share = 0.0
    interest: tuple[Interest, ...] = _INTERESTS
    within: Duration = 0
    after: Duration = 0
    topic: str | None = None
    times: int = Field(default=1, ge=1)
    hashtags: tuple[str, ...] = ()
    radius: Distance = 1000.0

    @field_validator("on", mode="before")
    @classmethod
    def _on(cls, value: Any) -> Any:
        return known("trigger", value, TRIGGERS)

    @field_validator("topic")
    @classmethod
    def _topic(cls, value: str | None) -> str | None:
        return value if value is None else value.strip().lower()

    @field_validator("hashtags")
    @classmethod
    def _hashtags(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(tag.strip().lstrip("#").lower() for tag in value)

    @model_validator(mode="before")
    @classmethod
    def _parameters(cls, raw: Any) -> Any:
        on = raw.get("on") if isinstance(raw, dict) else None
        if on not in PARAMETERS:
            return raw
        takes = PARAMETERS[on]
        for name in raw:
            if name != "on" and name not in takes:
                raise ValueError(f"trigger {on} does not know {str(name)!r}; it knows: {', '.join(takes)}")
        if on == "lapsed" and "after" not in raw:
            raise ValueError("trigger lapsed needs `after`: how long after the last order")
        return {"within": _WITHIN[on], **raw} if on in _WITHIN else raw

    @property
    def kinds(self) -> str:
        """`interest` as letters, as a profile remembers them: viewed, carted, wished."""
        return "".join(sorted(name[0] for name in self.interest))
