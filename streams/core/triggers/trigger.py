"""What sets a campaign off, as the modules beside this one find it."""

from __future__ import annotations

from typing import Any, NamedTuple

from streams.core.profile.event import Sealed
from streams.core.profile.state import Profile


class Triggered(NamedTuple):
    """Something has happened that campaigns may be waiting for.

    `at`: when, epoch milliseconds. An order at or after `since` ends what follows from it (of order_completed only a
    later one). `ref` names what it is about and is part of every id made of it; of a cart it is the cart's id. `value`
    in micros, None where nobody can say. `products` are as lines of a cart are shown, empty where the cart of the
    moment counts. `about` holds those of topic, hashtag, store_id, product_id, price, old_price, order_id, value and
    currency that are known, of an event its name, channel and properties, of feedback message_id, campaign_id, step and
    channel. `campaign` is the only one it is for, None for all of this type.
    """

    type: str
    at: int
    since: int
    ref: str
    cart_id: str | None = None
    abandonment_no: int = 0
    value: int | None = 0
    products: list[dict[str, Any]] = []  # noqa: RUF012 - never changed, only replaced
    about: dict[str, Any] = {}  # noqa: RUF012 - never changed, only replaced
    campaign: str | None = None


def ref(profile: Profile, *parts: str | int) -> str:
    """What a trigger is about, in one text: the parts and the profile it happens to.

    Two profiles may have the same order or see the same change of a price, and be one later; what each of them was sent
    about it must not have one id. What may happen to one thing again names its time, too.
    """
    return ":".join(map(str, (*parts, profile.id)))


def ref_of_event(profile: Profile, kind: str, event: Sealed) -> str:
    """The `ref` of an event, for a trigger of this `kind`: what repeats are told by, and the time.

    After a day a producer may use a messageId again.
    """
    return ref(profile, kind, event.known_by, event.time)
