"""Small, hostile histories: the same drawing rules under hypothesis (to shrink) and under random.Random (to run fast).

A history is a list of `Step`s. Its times lie on and just beside the instants where rules meet (30 minutes, 24 hours,
7 and 30 days), its people share devices, tokens, e-mails and cards, log in late, twice at once or never, and its
records arrive in another order.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from hypothesis import strategies as st

from schemas.record import Record

START = 1_711_800_000_000  # 2024-03-30T12:00:00Z, a day before the clocks change in Berlin
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
GAPS = (
    0, 0, 0, 0, 1, 1, MINUTE, MINUTE, MINUTE, 5 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 15 * MINUTE,
    15 * MINUTE, 20 * MINUTE, 30 * MINUTE - 1, 30 * MINUTE, 30 * MINUTE, 30 * MINUTE, 30 * MINUTE + 1, HOUR, 2 * HOUR,
    9 * HOUR, 20 * HOUR, DAY - 1, DAY, 7 * DAY, 7 * DAY + 30 * MINUTE, 30 * DAY, 30 * DAY + 30 * MINUTE,
)  # fmt: skip
RUSH = (0, 0, 1, MINUTE, MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 29 * MINUTE, 30 * MINUTE, 35 * MINUTE)
"""Gaps of a rush: carts of the same people live side by side and meet in merges."""
USERS, ANONYMOUS = ("u1", "u2", "u3", "Z@shop.example"), ("a1", "a2", "a3")
EMAILS, PHONES = ("x@shop.example", "y@shop.example", "z@shop.example"), ("+4930123456", "+4930123457")
COMPANY = (
    "anon", "anon", "anon", "user", "user anon", "user anon", "user email", "email anon", "user email phone anon",
    "email", "user token", "anon device", "user device", "card", "user card", "card email", "phone", "anon phone",
    "token anon", "nobody", "users mails", "email phone anon", "card phone anon", "card email anon device",
)  # fmt: skip
ITEMS = (
    {"sku": "s1"}, {"sku": "s2"}, {"product_id": "s1"}, {"product_id": "p", "variant": "red"}, {"product_id": "p"},
    {"sku": "s1", "name": "Lamp", "url": "https://shop.example/lamp"}, {"sku": 7}, {"name": "keyless"},
    {"product_id": "P", "sku": "S2"}, {"product_id": "p", "sku": "s2", "variant": "Red"},
    {"sku": "s2", "variant": "blue"}, {"sku": "disc", "price": -3}, {"product_id": "p", "sku": "s1"},
    {"sku": "S1", "variant": "red"},
)  # fmt: skip
KINDS = (
    "add", "add", "add", "add", "add", "remove", "remove", "view", "checkout", "page", "page", "seen", "order", "order",
    "identify", "alias", "consent", "spam", "unsubscribed", "feedback", "refund", "refund", "change", "change",
)  # fmt: skip
WORTHS = (
    {"revenue": 50}, {"total": 60, "revenue": "1,050.5"}, {"total": "25.5"},
    {"value": 9, "revenue": "?"}, {"products": [{"price": 2, "quantity": 3}]},
)  # fmt: skip
RUSH_KINDS = (
    "add", "add", "add", "checkout", "view", "remove", "page", "identify", "identify", "alias", "order", "change",
)  # fmt: skip
RUSH_COMPANY = (
    "anon", "anon", "anon", "user", "email", "user anon", "email anon", "user email", "card anon", "token anon",
    "anon device", "phone", "email phone anon", "card phone anon",
)  # fmt: skip
FEEDBACK = (
    ("email", "Email Opened"), ("email", "Email Link Clicked"), ("sms", "SMS Link Clicked"),
    ("push", "Push Notification Tapped"), ("email", "Email Delivered"),
)  # fmt: skip
LOOSE = ("e-mail", " Text", "*", "all", "web", "mail", ["email", "sms"], ["push", "fax"], None, "")
"""Channels of a consent as producers write them."""
ANSWERS = (1, 0.0, None, "opt_in", "opt_out", "never", [], "")
REACH = ("channel: best, of: [push, email, sms]", "channel: email", "channel: best, of: [sms, email]", "channel: sms")
CAPS = (
    "",
    "caps: {global: [{limit: 1, per: 7d}]}",
    "caps: {global: [{limit: 3, per: 7d}], email: [{limit: 1, per: 16h}], sms: [{limit: 1, per: 30m}]}",
)

Choose = Callable[[Sequence[Any]], Any]


@dataclass(frozen=True)
class Step:
    """One event to happen: `gap` ms after the step before it, read `delay` ms after it happened."""

    gap: int
    channel: str
    partition: int
    message: dict[str, Any]
    delay: int = 0
    repeat: int | None = None


@dataclass(frozen=True)
class History:
    """Steps, and the campaigns file under which they happen."""

    steps: list[Step] = field(default_factory=list)
    campaigns: str = ""

    def records(self, partitions: int = 2) -> list[Record]:
        """The raw records in the order of their arrival; offsets count up per partition."""
        happened: list[tuple[int, int, Step]] = []
        now = START
        for n, step in enumerate(self.steps):
            now += step.gap
            if step.repeat is None or n == 0:
                message = {"messageId": f"m{n}", "timestamp": now, **step.message}
                if message["messageId"] is None:
                    del message["messageId"]
                happened.append((now + step.delay, n, replace(step, message=message)))
            else:
                earlier = happened[step.repeat % n][2]
                happened.append((now + step.delay, n, replace(step, message=earlier.message)))
        offsets: dict[tuple[str, int], int] = {}
        records = []
        for arrived, _, step in sorted(happened, key=lambda h: h[:2]):
            place = f"channels.{step.channel}", step.partition % partitions
            offset = offsets[place] = offsets.get(place, -1) + 1
            records.append(Record(*place, offset, arrived, None, orjson.dumps(step.message)))
        return records

    def __repr__(self) -> str:
        """One record a line, which is how a failing history is read."""
        lines = []
        for record in self.records():
            minute = (orjson.loads(record.value)["timestamp"] - START) / MINUTE
            place = f"{record.topic}[{record.partition}]@{record.offset}"
            lines.append(f"  {minute:g} min {place} {record.value.decode()}\n")
        return f"History(\n{''.join(lines)}{self.campaigns})"


def who(choose: Choose, company: Sequence[str]) -> dict[str, Any]:
    """The identifiers of one event, as a Segment call carries them."""
    ids: dict[str, Any] = {}
    traits: dict[str, Any] = {}
    context: dict[str, Any] = {}
    for kind in choose(company).split():
        if kind == "anon":
            ids["anonymousId"] = choose(ANONYMOUS)
        elif kind == "user":
            ids["userId"] = choose(USERS)
        elif kind == "email":
            traits["email"] = choose(EMAILS)
        elif kind == "phone":
            traits["phone"] = choose(PHONES)
        elif kind == "token":
            context["device"] = {"token": choose(("t1", "t2"))}
        elif kind == "device":
            token = choose(({}, {}, {"token": "t1"}, {"token": "t2"}))
            context["device"] = {"id": choose(("d1", "d2")), **token}
        elif kind == "nobody":
            ids["userId"] = "anonymous"
        elif kind == "users":
            ids["userId"] = choose(USERS)
            traits["email"] = choose(EMAILS)
        elif kind == "mails":
            # Another e-mail in another place: both count.
            ids["traits"] = {"email": choose(EMAILS)}
        else:
            context["externalIds"] = [{"type": "loyalty", "id": choose(("c1", "c2"))}]
    if traits:
        context["traits"] = traits
    return {**ids, "context": context}


def item(choose: Choose) -> dict[str, Any]:
    """One product, as producers write it."""
    product: dict[str, Any] = choose(ITEMS)
    price = choose((None, None, 10, "19.90", 0.1, -5, "free"))
    quantity = choose((None, None, None, 1, 2, "3", 0, -1, 1.5, "many"))
    more = {"price": price, "quantity": quantity}
    return {**product, **{k: v for k, v in more.items() if v is not None}}


def what(choose: Choose, kinds: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """One event of a shop: its channel, and the message without its identifiers."""
    shop = choose(("web", "web", "web", "app", "store", "callcenter", "broadcast"))
    kind = choose(kinds)
    currency = choose(({}, {}, {"currency": "EUR"}, {"currency": "USD"}))
    if kind == "add":
        return shop, track("Product Added", {**item(choose), **currency})
    if kind == "remove":
        return shop, track("product   REMOVED", {**item(choose), **currency})
    if kind in {"view", "checkout"}:
        products = [[], [item(choose)], [item(choose), item(choose)], None, "none"]
        given = choose((*products, "absent"))
        properties = currency if given == "absent" else {"products": given, **currency}
        return shop, track("Cart Viewed" if kind == "view" else "Checkout Started", properties)
    if kind == "page":
        return shop, {"type": choose(("page", "screen")), "name": "Product Added", "properties": {}}
    if kind == "seen":
        return shop, track(choose(("Product Viewed", "Coupon Entered", "Ad Impression", "Something else")), {})
    if kind == "order":
        order = choose(({"order_id": "o1"}, {"order_id": "o1"}, {"order_id": "o2"}, {"order_id": 3}, {}))
        place = choose(("web", "store", "marketplace", "callcenter"))
        items = choose(({}, {}, {"products": [item(choose)]}, {"products": [item(choose), item(choose)]}))
        kind_of = choose(({}, {}, {}, {}, {"is_renewal": True}, {"order_type": "renewal"}))
        return place, track("Order Completed", {**order, **choose(WORTHS), **items, **currency, **kind_of})
    if kind == "refund":
        paid = choose(({"total": 5}, {"total": 5000}, {"total": 30}, {"total": -70, "refund_id": "r"}, {}))
        return shop, track("Order Refunded", {"order_id": choose(("o1", "#o1", "o1", 3)), **paid})
    if kind == "change":
        order, total = {"order_id": choose(("o1", "o1", "#o2", 3.0))}, choose(({"revenue": 20}, {"revenue": 70}, {}))
        if choose((True, False)):
            return shop, track("Order Cancelled", order)
        if choose((True, True, False)):
            listed = choose(({}, {}, {"products": [item(choose)]}))
            return shop, track("Order Updated", {**order, **total, **listed})
        return shop, track("Order Completed", {**order, "revenue": choose((-10, "-45.5"))})
    if kind == "identify":
        return shop, {"type": "identify"}
    if kind == "alias":
        return shop, {"type": "alias", "previousId": choose((*USERS, *ANONYMOUS))}
    if kind == "consent":
        said = {
            "channel": choose(("email", "sms", "push", *LOOSE)),
            "subscribed": choose((True, True, False, *ANSWERS)),
        }
        return choose(("web", "web", "callcenter", "sms")), track("Subscription Changed", said)
    if kind == "spam":
        return "email", track("Email Marked as Spam", {})
    if kind == "unsubscribed":
        said = choose(({}, {"channel": "push"}, {"channel": choose(LOOSE)}, {"machine": True}))
        return choose(("email", "sms", "web")), track("Unsubscribed", said)
    channel, name = choose(FEEDBACK)
    return channel, track(name, {"campaign_id": "c"})


def track(name: str, properties: dict[str, Any]) -> dict[str, Any]:
    """A track call."""
    return {"type": "track", "event": name, "properties": properties}


NUMBERS = (
    {"order_id": "o1"}, {"cart_id": "k1"}, {"checkout_id": "h1"}, {"order_id": "#o2", "cart_id": "k2"},
    {"checkout_id": "h1", "cart_id": "k1"},
)  # fmt: skip


def loosely(
    choose: Choose, message: dict[str, Any], ids: dict[str, Any], emails: Sequence[str] = EMAILS
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The same event; sometimes an address is only typed, a purchase is named, an order has no customer."""
    way = choose(("", "", "", "typed", "named", "nameless"))
    if message["type"] != "track" or not way:
        return message, ids
    if way == "nameless":
        return message, ({"context": {}} if message["event"].startswith("Order") else ids)
    if way == "named":
        return {**message, "properties": {**choose(NUMBERS), **message["properties"]}}, ids
    typed = choose(({"email": choose(emails)}, {"email": choose(emails)}, {"phone": choose(PHONES)}))
    typed |= choose(({}, {}, {"gift": True}))
    context = {name: value for name, value in ids["context"].items() if name != "traits" or choose((True, False))}
    return {**message, "properties": {**message["properties"], **typed}}, {**ids, "context": context}


def step(choose: Choose, *, rush: bool) -> Step:
    """One step of a history, or of a rush."""
    channel, message = what(choose, RUSH_KINDS if rush else KINDS)
    message, ids = loosely(choose, message, who(choose, RUSH_COMPANY if rush else COMPANY))
    zone = choose(
        (None, None, None, None, "Europe/Berlin", "America/New_York", "Mars/Base", "GMT+0530", "tokyo standard time")
    )
    if zone:
        ids["context"]["timezone"] = zone
    if message["type"] == "alias":
        ids["userId"] = choose(USERS)
    name = choose(({}, {}, {}, {}, {}, {}, {"messageId": None}, {"messageId": "same"}))
    delay = choose((0, 0, 0, 0, 1, 20 * MINUTE, HOUR, 2 * DAY))
    repeat = choose((None,) * 19 + (0, 1, 2))
    return Step(choose(RUSH if rush else GAPS), channel, choose((0, 0, 1)), {**message, **ids, **name}, delay, repeat)


def campaigns(choose: Choose) -> str:
    """A campaigns file whose rules bite in small histories: one campaign, or one for each trigger."""
    after = choose(("0m", "0m", "20h", "8d", "10m"))
    first, second = choose((("cart", "checkout"), ("cart", "checkout"), ("checkout", "cart")))
    lines = [
        "timezone: Europe/Berlin",
        f"consent: {{default: {choose(('opt_out', 'opt_out', 'opt_in'))}}}",
        choose(CAPS),
        choose(("", "rates: rates.yaml", "order_grace: 2h\nrates: rates.yaml", "order_grace: 2m")),
        choose(("", "", 'quiet_hours: {from: "21:00", to: "09:00", policy: defer}')),
        "campaigns:",
        "  - id: first",
        f"    trigger: {{on: {first}_abandoned, min_value: {choose((0, 0, 10, 20))}}}",
        f"    holdout: {choose((0, 0, 30))}%",
        f"    exit_on: [order_completed, cart_emptied{choose(('', ', unsubscribed'))}]",
        f"    steps: [{{id: reminder, after: {after}, {choose(REACH)}, template: cart_reminder,",
        "      variants: {plain: 50, offer: 50}}]",
    ]
    if choose((False, False, True)):
        lines += [
            "  - id: second",
            f"    trigger: {{on: {second}_abandoned, min_value: 0}}",
            "    exit_on: [order_completed, cart_emptied]",
            "    steps: [{id: nudge, after: 20h, channel: best, of: [email, push], template: cart_reminder}]",
        ]
    return "\n".join(line for line in lines if line) + "\n"


def random_history(seed: int, longest: int = 40) -> History:
    """The history of a seed; those of odd seeds are rushes."""
    rng = random.Random(seed)
    steps = [step(rng.choice, rush=bool(seed % 2)) for _ in range(rng.randint(1, longest))]
    return History(steps, campaigns(rng.choice))


def _choose(draw: st.DrawFn) -> Choose:
    return lambda options: draw(st.sampled_from(options))


@st.composite
def steps(draw: st.DrawFn) -> Step:
    """Single steps that hypothesis can shrink: each choice towards its first option."""
    return step(_choose(draw), rush=draw(st.booleans()))


@st.composite
def histories(draw: st.DrawFn, longest: int = 12) -> History:
    """Histories that hypothesis can shrink: fewer steps, each of them simpler."""
    return History(draw(st.lists(steps(), min_size=1, max_size=longest)), campaigns(_choose(draw)))
