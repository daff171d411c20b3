"""One customer's whole state as a value, and how it is kept as bytes.

orjson writes the dataclasses as they stand; `decode` is the inverse. Times are epoch milliseconds, money is micros.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson


@dataclass(slots=True)
class Line:
    """One line of a cart. `price` in micros or None when nobody said; `currency` None follows the cart's.

    `by`: the first 16 hex digits of the hash of whoever brought it, the strongest identifier of that event.
    """

    product_id: str | None = None
    sku: str | None = None
    name: str | None = None
    price: int | None = None
    quantity: float = 1
    url: str | None = None
    image_url: str | None = None
    currency: str | None = None
    by: str = ""


@dataclass(slots=True)
class Cart:
    """The open or abandoned cart of a profile.

    `counts_from` is the latest opening of the carts it was united from: a merge must not turn its clock back.
    """

    id: str
    opened_at: int
    counts_from: int
    touched_at: int
    lines: dict[str, Line] = field(default_factory=dict)
    currency: str | None = None
    checkout: bool = False
    abandoned: bool = False
    abandonment_no: int = 0


@dataclass(slots=True)
class Waiting:
    """A step of a sequence that waits for its time. `placed`: it has been moved to the best hour, or need not be."""

    step: str
    due: int
    tries: int = 0
    placed: bool = False


@dataclass(slots=True)
class Sequence:
    """What a trigger has started: the steps of one campaign that wait, and what they are about.

    `at` is the trigger's time; an order at or after `since` ends it. `ref` names what it is about (of a cart its id,
    which is `cart_id` then, too). `products` are as lines of a cart are shown, empty where the cart of the moment
    counts. `used` are the channels on which a message was sent or held out.
    """

    campaign: str
    trigger: str
    at: int
    since: int
    ref: str
    cart_id: str | None = None
    abandonment_no: int = 0
    products: list[dict[str, Any]] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)
    used: list[str] = field(default_factory=list)
    engaged: bool = False
    waiting: list[Waiting] = field(default_factory=list)


@dataclass(slots=True)
class Reminder:
    """The first message of an abandonment: what an order within seven days is credited to.

    `cart_id` is that of the cart, or what names an abandoned visit (`ref` of its sequence).
    """

    cart_id: str
    abandonment_no: int
    at: int
    campaign: str
    step: str
    variant: str | None
    channel: str
    message_id: str


@dataclass(slots=True)
class Touch:
    """One contact of the customer with a channel, as attribution sees it. `by` as of a line."""

    at: int
    channel: str
    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    by: str = ""


@dataclass(slots=True)
class Profile:
    """One customer. Times are event times in milliseconds, unless it says otherwise.

    - `under` is [parent, merge key] while it is a sub-profile that waits for its merge.
    - `seen` is the time by message id; `late_seen` the watermark at which those that came late took effect.
    - `arms` is the arm by campaign in which a message was sent or held out; `contaminated` are the campaigns of which
      a merge brought both arms together.
    - `sent`: [at, channel, message_id, campaign, step, ref, flags, variant, abandonment_no, trigger, triggered at] of
      each message of the last 31 days. Flags are letters: `o`pened, `c`licked, `d`elivered, `b`ounced,
      `u`nsubscribed, `r`etracted by a late order.
    - `entered`: when a sequence of a campaign began last. `offers`: [code, first message with it, expires] by campaign.
    - `browsed`: [time, product] by product id, viewed since the last order without a cart.
    - `interests`: [time, kinds, price in micros or None, product] by product id; kinds are letters: `v`iewed,
      `c`arted, `w`ished. `topics`: times of views by topic.
    - `location`: [latitude, longitude, time]; `locale`: [language, time]; `hours`: responses by local hour of day.
    - `lapsed`: by campaign, the order of which it has been said that it was long ago.
    """

    id: str
    under: list[str] | None = None
    subs: list[list[str]] = field(default_factory=list)
    last_activity: int = 0
    last_order: int = -1
    cart: Cart | None = None
    seen: dict[str, int] = field(default_factory=dict)
    late_seen: dict[str, int] = field(default_factory=dict)
    orders: list[str] = field(default_factory=list)
    zone: list[Any] | None = None
    traits: dict[str, list[Any]] = field(default_factory=dict)
    contacts: dict[str, list[Any]] = field(default_factory=dict)
    consent: dict[str, list[Any]] = field(default_factory=dict)
    sent: list[list[Any]] = field(default_factory=list)
    engagement: dict[str, list[int]] = field(default_factory=dict)
    sequences: list[Sequence] = field(default_factory=list)
    reminders: list[Reminder] = field(default_factory=list)
    touches: list[Touch] = field(default_factory=list)
    arms: dict[str, str] = field(default_factory=dict)
    contaminated: list[str] = field(default_factory=list)
    entered: dict[str, int] = field(default_factory=dict)
    offers: dict[str, list[Any]] = field(default_factory=dict)
    browsed: dict[str, list[Any]] = field(default_factory=dict)
    interests: dict[str, list[Any]] = field(default_factory=dict)
    topics: dict[str, list[int]] = field(default_factory=dict)
    location: list[Any] | None = None
    locale: list[Any] | None = None
    hours: dict[str, int] = field(default_factory=dict)
    lapsed: dict[str, int] = field(default_factory=dict)

    @property
    def clock(self) -> int:
        """The moment the cart's timers count from."""
        return max(self.last_activity, self.cart.counts_from if self.cart is not None else 0)


def encode(profile: Profile) -> bytes:
    """The profile as JSON."""
    return orjson.dumps(profile)


def decode(data: bytes) -> Profile:
    """The inverse of `encode`."""
    raw = orjson.loads(data)
    cart = raw["cart"]
    if cart is not None:
        cart["lines"] = {key: Line(**line) for key, line in cart["lines"].items()}
        raw["cart"] = Cart(**cart)
    if raw["sequences"]:
        raw["sequences"] = [_sequence(sequence) for sequence in raw["sequences"]]
    if raw["reminders"]:
        raw["reminders"] = [Reminder(**reminder) for reminder in raw["reminders"]]
    if raw["touches"]:
        raw["touches"] = [Touch(**touch) for touch in raw["touches"]]
    return Profile(**raw)


def _sequence(raw: dict[str, Any]) -> Sequence:
    raw["waiting"] = [Waiting(**waiting) for waiting in raw["waiting"]]
    return Sequence(**raw)
