"""One customer's whole state as typed values, and how it is kept as bytes.

In the store a profile is MessagePack (`encode`, `decode`), in a record between partitions JSON (`to_json`, `of_json`).
Fields that have their default are left out; the small structs are arrays. Times are event times in epoch milliseconds,
money is micros. None of these refers back to what holds it, so the garbage collector need not follow them.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct, field

from streams.core.profile.membership import Segments


class Line(Struct, omit_defaults=True, gc=False):
    """One line of a cart. `price` in micros or None when nobody said; `currency` None follows the cart's.

    `by`: the first 16 hex digits of the hash of whoever brought it, the strongest identifier of that event. `at` is
    when an event named it last, `added` when it was last put into the cart by a Product Added, 0 for never.
    """

    product_id: str | None = None
    sku: str | None = None
    name: str | None = None
    price: int | None = None
    quantity: int | float = 1
    url: str | None = None
    image_url: str | None = None
    currency: str | None = None
    by: str = ""
    at: int = 0
    added: int = 0


class Purchase(Struct, array_like=True, gc=False):
    """What an order contained: its time, and product keys (schemas/products.py), none where nobody told."""

    at: int
    products: list[str]


class Cart(Struct, omit_defaults=True, gc=False):
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


class Dated(Struct, array_like=True, gc=False):
    """A text or any other JSON value, and when it was said last."""

    value: Any
    at: int


class Consent(Struct, array_like=True, gc=False):
    """What was said of a channel or a topic, and when.

    `address`: of a yes the one that it was about, of a bounce the one that nothing can be delivered to.
    """

    given: bool
    at: int
    address: str | None = None


class SoftBounces(Struct, array_like=True, gc=False):
    """Bounces for a while of one address, in a row: how many, since when, and when the last one was."""

    address: str
    count: int
    since: int
    at: int


class Belonging(Struct, array_like=True, gc=False):
    """From a merge key (hex) on, an identifier, by its hash, is `theirs` whose profile it is in, or somebody else's.

    `order`: it is an order, which counts here or elsewhere.
    """

    key: str
    id: str
    theirs: bool
    order: bool = False


class Click(Struct, array_like=True, gc=False):
    """A click on a message: when, on which link ("" if nobody said); `hour` is the local hour that it counted in.

    `hour` is -1 of a click that did not count as a response.
    """

    at: int
    link: str
    hour: int


class SentMessage(Struct, array_like=True, gc=False):
    """A message of the last 31 days.

    `ref`, `trigger`, `triggered_at` and `since` are those of its enrollment. `flags` are letters: `o`pened, `c`licked,
    `d`elivered, `b`ounced, `u`nsubscribed, `r`etracted, `f`ollowed (something is decided of what a click on it has set
    off). `to` is the address; `clicks` are those that may still turn out
    to be a machine's, `delivered` is when it was delivered, 0 while nobody has said.
    """

    at: int
    channel: str
    message_id: str
    campaign: str
    step: str
    ref: str
    flags: str
    variant: str | None
    abandonment_no: int
    trigger: str
    triggered_at: int
    since: int
    to: str = ""
    clicks: list[Click] = field(default_factory=list)
    delivered: int = 0


class Engagement(Struct, array_like=True, gc=False):
    """How many messages were sent on a channel, and how many responses came."""

    sent: int = 0
    engaged: int = 0


class OfferCode(Struct, array_like=True, gc=False):
    """The code of a campaign's offer: first sent at `since`, good until `expires`; the `nth` that was made, from 0.

    `spent`: it was redeemed or refused, by whomever.
    """

    code: str
    since: int
    expires: int
    nth: int = 0
    spent: bool = False


class Viewed(Struct, array_like=True, gc=False):
    """A product that was viewed without a cart: when last, and what was said of it."""

    at: int
    product: dict[str, Any]


class Interest(Struct, array_like=True, gc=False):
    """A product of interest: since when, the price seen in micros, what was said of it.

    `kinds` are letters: `v`iewed, `c`arted, `w`ished.
    """

    at: int
    kinds: str
    price: int | None
    product: dict[str, Any]


class Location(Struct, array_like=True, gc=False):
    """Where the customer was, in degrees, and when."""

    latitude: float
    longitude: float
    at: int


class ScheduledStep(Struct, array_like=True, gc=False):
    """A step of a campaign that waits for its time.

    `tries`: how often it was deferred. `placed`: it has been moved to the best hour, or need not be.
    """

    step: str
    due: int
    tries: int = 0
    placed: bool = False


class Enrollment(Struct, omit_defaults=True, gc=False):
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
    steps: list[ScheduledStep] = field(default_factory=list)


class Reminder(Struct, array_like=True, gc=False):
    """The first message of an abandonment: what an order within seven days is credited to.

    `cart_id` is that of the cart, or what names an abandoned visit (`ref` of its enrollment).
    """

    cart_id: str
    abandonment_no: int
    at: int
    campaign: str
    step: str
    variant: str | None
    channel: str
    message_id: str


class Order(Struct, array_like=True, gc=False):
    """An order that has counted: when, on which channel, what it is worth (micros).

    `refunds` are the amounts of refunds by what they are told apart by, `refunded` what they add up to. `flags` are
    letters: `c`ancelled, taken `b`ack (its next Order Completed is a purchase), `u`nknown (only corrections have come),
    `r`enewal, `e`lsewhere (a split has left it with another profile), `w`hole (paid back before it came), `n`amed (it
    has an order_id). `weights` are those of channels by attribution model, `campaigns` those of campaigns in the order
    of models (none if no touch names one, else the empty name for those that do not). `recovered` is the reminder that
    it is credited to, `stage` that of the cart it brought back, empty without a cart. `by` as of a line. `valued_at`
    and `cancelled_at` (epoch milliseconds, -1 for never) are the times of what has set its value, and of its
    cancellation; `told_at` is that of the last Order Completed of it. `moves` counts the rows that have said that it
    counts here again, or no more.
    """

    at: int
    channel: str
    currency: str | None
    value: int
    refunded: int = 0
    refunds: dict[str, int] = field(default_factory=dict)
    flags: str = ""
    weights: dict[str, dict[str, int]] = field(default_factory=dict)
    recovered: Reminder | None = None
    stage: str = ""
    by: str = ""
    valued_at: int = -1
    cancelled_at: int = -1
    told_at: int = -1
    campaigns: dict[str, list[int]] = field(default_factory=dict)
    moves: int = 0


class SoldCart(Struct, array_like=True, gc=False):
    """A cart that an order of the last hour has converted, kept for an Order Cancelled: the order's time, the cart."""

    at: int
    cart: Cart


class Touch(Struct, array_like=True, gc=False):
    """One contact of the customer with a channel, as attribution sees it. `by` as of a line.

    `skipped` touches have come behind this one and were not kept; `told`: it is a click, and who sent the message or
    showed the advert has told it. `at` is the time of its last event, `opened` that of its first, epoch milliseconds;
    `id` is made of that one's messageId, `changes` says how often what it tells has changed since. A direct touch never
    changes, and has neither.
    """

    at: int
    channel: str
    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    by: str = ""
    skipped: int = 0
    told: bool = False
    id: str = ""
    opened: int = 0
    changes: int = 0


class Profile(Struct, omit_defaults=True, gc=False):
    """One customer.

    - `merging_into` is [profile id, merge key] of the profile in which this one waits for its merge, `merging` the
      same of those that wait in this one.
    - `purchases` are the orders of the last 30 days, by what an order is known by.
    - `seen` is the time by message id; `late_seen` the watermark at which those that came late took effect,
      `overtaken` the wall clock at which those did that came in time, from a backlog (streams/core/sealing/repeats.py).
    - `orders` and `sold` are by order_id, in its one spelling; `elsewhere` are those that count in another profile, by
      hash.
    - `traits` by name, `contacts` by channel, `consent` by what streams/core/contact/consent.py makes keys of.
    - `arms` is the arm by campaign in which a message was sent or held out; `contaminated` are the campaigns of which
      a merge brought both arms together; `last_enrolled` and `offers` are by campaign.
    - `browsed` (since the last order, without a cart) and `interests` are by product key; `topics`: times of views by
      topic; `hours`: responses by local hour of day.
    - `earlier`: by channel the addresses of before `contacts`, newest first; `belongings` is what identity has said of
      addresses and orders and has not taken effect, `strangers` are those that are somebody else's, by hash;
      `devices`: by token or advertising id, the device that gave it.
    - `soft_bounces`: by channel, those of the address that bounced last.
    - `lapsed`: by campaign, the order of which it has been said that it was long ago.
    - `first_seen` is the time of the first event, -1 before it; `persons` are the first 16 hex digits of the hashes of
      identifiers of a person under which events came, if a segment asks for it.
    """

    id: str
    merging_into: list[str] | None = None
    merging: list[list[str]] = field(default_factory=list)
    last_activity: int = 0
    last_order: int = -1
    cart: Cart | None = None
    seen: dict[str, int] = field(default_factory=dict)
    late_seen: dict[str, int] = field(default_factory=dict)
    overtaken: dict[str, int] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    sold: dict[str, SoldCart] = field(default_factory=dict)
    zone: Dated | None = None
    traits: dict[str, Dated] = field(default_factory=dict)
    contacts: dict[str, Dated] = field(default_factory=dict)
    consent: dict[str, Consent] = field(default_factory=dict)
    sent: list[SentMessage] = field(default_factory=list)
    engagement: dict[str, Engagement] = field(default_factory=dict)
    enrollments: list[Enrollment] = field(default_factory=list)
    reminders: list[Reminder] = field(default_factory=list)
    touches: list[Touch] = field(default_factory=list)
    arms: dict[str, str] = field(default_factory=dict)
    contaminated: list[str] = field(default_factory=list)
    last_enrolled: dict[str, int] = field(default_factory=dict)
    offers: dict[str, OfferCode] = field(default_factory=dict)
    browsed: dict[str, Viewed] = field(default_factory=dict)
    interests: dict[str, Interest] = field(default_factory=dict)
    topics: dict[str, list[int]] = field(default_factory=dict)
    location: Location | None = None
    locale: Dated | None = None
    hours: dict[str, int] = field(default_factory=dict)
    lapsed: dict[str, int] = field(default_factory=dict)
    soft_bounces: dict[str, SoftBounces] = field(default_factory=dict)
    earlier: dict[str, list[Dated]] = field(default_factory=dict)
    belongings: list[Belonging] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    devices: dict[str, str] = field(default_factory=dict)
    purchases: dict[str, Purchase] = field(default_factory=dict)
    elsewhere: list[str] = field(default_factory=list)
    first_seen: int = -1
    persons: list[str] = field(default_factory=list)
    segments: Segments | None = None

    @property
    def clock(self) -> int:
        """The moment the cart's timers count from."""
        return max(self.last_activity, self.cart.counts_from if self.cart is not None else 0)


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Profile)
_json_encoder = msgspec.json.Encoder()
_json_decoder = msgspec.json.Decoder(Profile)


def encode(profile: Profile) -> bytes:
    """The profile as it is kept."""
    return _encoder.encode(profile)


def decode(data: bytes) -> Profile:
    """The inverse of `encode`: `data` is what it returns. Raises msgspec.DecodeError for anything else."""
    return _decoder.decode(data)


def to_json(profile: Profile) -> bytes:
    """The profile as it travels in a record."""
    return _json_encoder.encode(profile)


def of_json(state: bytes | msgspec.Raw) -> Profile:
    """The inverse of `to_json`: `state` is what it returns. Raises msgspec.DecodeError for anything else."""
    return _json_decoder.decode(state)
