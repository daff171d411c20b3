"""Hostile histories of campaigns: a file of many rules, a few customers who set them off, and what comes of it.

Times lie on and just beside midnight (UTC), the ends of quiet hours, the night the clocks change, and the delays and
windows of the rules. A second pass has customers open, click, bounce and unsubscribe the very messages that the
first one sent.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.oracle.campaign_words import (
    AGENTS,
    BESIDE,
    BOUNCES,
    CAPS,
    CHEAPER,
    CLOCK_CHANGE,
    CONDITIONS,
    GAPS,
    HASHTAGS,
    INSTANTS,
    KINDS,
    PLACES,
    PRODUCTS,
    QUIET,
    REACH,
    SUBSCRIBERS,
    TEMPLATES,
    TOPICS,
    TRANSACTIONAL,
    TRIGGERS,
)
from tests.oracle.episodes import bought_instead, bought_together, bounced, handed_over, priced_anew, scanned
from tests.oracle.forms import forms
from tests.oracle.histories import ANSWERS, DAY, HOUR, LOOSE, MINUTE, START, Choose, History, Step, track
from tests.oracle.run import run
from tests.oracle.segment_histories import doings, with_segments


def campaign(choose: Choose, nth: int) -> list[str]:
    """One campaign of a file."""
    on, asks = choose(TRIGGERS)
    variants = choose(("", "", ", variants: {plain: 50, offer: 50}"))
    offer = choose(("", "prefix: BACK, discount: 10%", "prefix: C, discount: 5 EUR, valid_for: 1d"))
    offer += choose(("", ", reissue: true")) if offer else ""
    if offer and variants and choose((True, False)):
        offer += ", variants: [offer]"
    lines = [
        f"  - id: c{nth}",
        f"    trigger: {{on: {on}{choose(asks)}}}",
        f"    priority: {choose((0, 0, 0, 1, 2))}",
        # The same campaign in every file, so that a message shows whether an order was to end it.
        "    transactional: true" if nth == TRANSACTIONAL else f"    holdout: {choose((0, 0, 0, 0, 0, 0.3))}",
        f"    reentry: {choose(('always', 'always', 'never', '1d', '2h'))}",
        f"    topic: {choose(('offers', 'news'))}" if choose((True, False, False)) else "",
        f"    offer: {{{offer}}}" if offer else "",
        f"    exit_on: [order_completed{choose(('', ', unsubscribed', ', engaged, unsubscribed', ', visited'))}]",
        "    steps:",
    ]
    after = 0
    for step in range(choose((1, 1, 2, 3))):
        delay = choose(("0m", "0m", "10m", "1h", "20h")) if step == 0 else choose(("1h", "20h", "24h", "3d"))
        after = f"{int(delay[:-1]) + step}{delay[-1]}"
        reach = choose(REACH[:11] if step == 0 else REACH)
        hour = choose(("", "", "", ", hour: best"))
        condition = choose(CONDITIONS) if step or choose((True, False, False)) else ""
        lines.append(
            f"      - {{id: s{step}, after: {after}, channel: {reach}{hour}{condition}, "
            f"template: {choose(TEMPLATES)}{variants}}}"
        )
    return [line for line in lines if line]


def campaigns(choose: Choose) -> str:
    """A campaigns file of several campaigns with several steps."""
    lines = [
        f"timezone: {choose(('Europe/Berlin', 'Europe/Berlin', 'UTC', 'America/New_York'))}",
        f"language: {choose(('en', 'en', 'de'))}",
        f"consent: {{default: {choose(('opt_out',) * 7 + ('opt_in',))}}}",
        f"control_group: {choose((0, 0, 0, 0, 0, '20%'))}",
        choose(("", "", "stale_after: {push: 2d, email: 9d}")),
        f"sms_segments: {choose((1, 3))}",
        choose(("", "", "", "machine_seconds: 0", "machine_seconds: 60")),
        "stores: stores.yaml",
        choose(CAPS),
        choose(QUIET),
        choose(("", "rates: rates.yaml", "order_grace: 3h", "order_grace: 0m\nrates: rates.yaml")),
        "campaigns:",
    ]
    for nth in range(choose((2, 3, 4, 6, 8))):
        lines += campaign(choose, nth)
    return "\n".join(line for line in lines if line) + "\n"


class Customers:
    """A few people: what is known of each of them, and which of it an event of theirs carries."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.count = rng.choice((1, 2, 2, 3))
        self.shared = rng.random() < 0.4
        """Whether they are one household: a mailbox, a telephone and a tablet of all of them."""

    def of(self, n: int) -> int:
        """Whose address a customer gives."""
        return 0 if self.shared and self.rng.random() < 0.8 else n

    def all_of(self, n: int) -> dict[str, Any]:
        """Everything that identifies a customer, or most of it."""
        rng = self.rng
        traits = {"email": f"p{self.of(n)}@shop.example"}
        if rng.random() < 0.7:
            traits["phone"] = f"+4930123450{self.of(n)}"
        messenger = {"type": rng.choice(("whatsapp", "telegram")), "id": f"t{n}"} if rng.random() < 0.5 else None
        external = {"externalIds": [messenger]} if messenger else {}
        device = {"token": f"token{self.of(n)}"} if rng.random() < 0.7 else {}
        if rng.random() < 0.5:
            device["advertisingId"] = f"aaaaaaaa-0000-4000-8000-00000000000{n}"
        return {"userId": f"u{n}", "anonymousId": f"a{n}", "context": {"traits": traits, "device": device, **external}}

    def some_of(self, n: int) -> dict[str, Any]:
        """What an ordinary event carries; now and then it is on somebody else's device."""
        rng = self.rng
        kind = rng.choice(
            ("user",) * 6 + ("anon",) * 4 + ("mail", "phone", "guest", "guest user", "user token", "user mail")
        )
        ids: dict[str, Any] = {"context": {}}
        if "user" in kind:
            ids["userId"] = f"u{n}"
        if kind == "anon":
            ids["anonymousId"] = f"a{n if rng.random() < 0.95 else rng.randrange(self.count)}"
        other = n if rng.random() < 0.5 else rng.randrange(self.count)
        if kind == "user token":
            device = {"token": f"token{other}", "advertisingId": f"aaaaaaaa-0000-4000-8000-00000000000{other}"}
            ids["context"] = {"device": device}
        if kind == "user mail":
            ids["context"] = {"traits": {"email": f"p{other}@shop.example", "phone": f"+4930123450{other}"}}
        if kind == "mail":
            ids["context"] = {"traits": {"email": f"p{self.of(n)}@shop.example"}}
        if kind == "phone":
            ids["context"] = {"traits": {"phone": f"+4930123450{self.of(n)}"}}
        if "guest" in kind:
            ids["anonymousId"] = f"g{rng.randrange(2)}"
        return ids


def product(choose: Choose) -> dict[str, Any]:
    """One product, as an event names it."""
    return {**choose(PRODUCTS), **choose(({}, {}, {}, {"quantity": 2}, {"price": "15.00"}))}


def fetched(choose: Choose) -> dict[str, Any]:
    """What tells that a machine does a thing, where one does."""
    return choose((*({},) * 6, *AGENTS))


def errand(choose: Choose) -> tuple[str, dict[str, Any]]:
    """One event: its channel, and the message without its identifiers."""
    shop = choose(("web", "web", "web", "app", "store", "callcenter"))
    kind = choose(KINDS)
    if kind in {"add", "view", "wish", "remove"}:
        name = {"add": "Product Added", "view": "Product Viewed", "wish": "Product Added to Wishlist"}
        return shop, track(name.get(kind, "Product Removed"), {**product(choose), **fetched(choose)})
    if kind == "checkout":
        return shop, track("Checkout Started", choose(({}, {"products": [product(choose), product(choose)]})))
    if kind == "cart":
        return shop, track("Cart Viewed", {"products": [product(choose) for _ in range(choose((0, 1, 2, 2)))]})
    if kind == "page":
        return shop, {"type": choose(("page", "screen")), "name": "Home", "properties": fetched(choose)}
    if kind == "topic":
        said = {**choose(TOPICS), **fetched(choose)}
        return shop, {"type": choose(("page", "page", "track")), "event": "Article Read", "properties": said}
    if kind == "order":
        order = choose(({"order_id": "o1"}, {"order_id": "o2"}, {"order_id": "o3", "revenue": 50}, {}))
        products = [product(choose) for _ in range(choose((0, 1, 2, 3)))]
        return choose(("web", "web", "store", "marketplace")), track("Order Completed", {**order, "products": products})
    if kind in {"price", "stock"}:
        name = "Product Price Changed" if kind == "price" else "Product Restocked"
        said = {**product(choose), "price": choose((10, 18, "20", 2)), **choose(({}, {}, {"old_price": 19}))}
        return choose(("broadcast", "broadcast", "web")), track(name, said)
    if kind == "tag":
        return "social", track(
            choose(("Hashtag Used", "Post Shared", "Post Commented", "Post Liked")), choose(HASHTAGS)
        )
    if kind == "place":
        where = {**choose(PLACES), **fetched(choose)}
        page = {"type": "page", "name": "Map"}
        return shop, choose(({**page, "properties": where}, {**page, "context": {"location": where}}))
    if kind == "visit":
        return "store", track("Store Visited", {"store_id": choose(("mitte", "west", "harbour", "nowhere"))})
    if kind == "identify":
        told = choose((True, False, "yes", "never", None))
        said = ({"unsubscribed": True}, {"unsubscribed": False}, {"email_subscribed": told})
        other = ({"first_name": "Ana"}, {"language": "de-AT"}, {"locale": "fr_FR"}, {"first_name": "B. & C."})
        traits = choose((*other, *other, *said))
        return shop, {"type": "identify", "traits": traits}
    return word(choose, kind)


def word(choose: Choose, kind: str) -> tuple[str, dict[str, Any]]:
    """What a customer says of messages, or a machine in their place."""
    channel = choose(("email", "sms", "push", "ads"))
    if kind == "consent":
        said = {
            "channel": choose((channel, channel, *LOOSE)),
            "subscribed": choose((True, True, True, False, *ANSWERS)),
        }
        return "web", track("Subscription Changed", said)
    if kind == "topic consent":
        named = choose(({}, {"channel": channel}))
        said = {"topic": choose(("offers", "news")), "subscribed": choose((True, False, False)), **named}
        return "web", track("Subscription Changed", said)
    if kind == "unsubscribed":
        told = choose(({}, {"topic": "news"}, {"channel": "push"}, {"machine": True}, {"channel": choose(LOOSE)}))
        return choose(("email", "sms", "web")), track("Unsubscribed", told)
    if kind == "bounce":
        name = choose(("Email Bounced", "SMS Failed", "Push Notification Bounced"))
        return name.split()[0].lower(), track(name, choose(BOUNCES))
    channel, name = choose(SUBSCRIBERS[:5])
    return channel, track(name, {"campaign_id": f"c{choose((0, 1, 2, 3))}", **choose(AGENTS)})


def afterwards(rng: random.Random, nth: int, order: dict[str, Any]) -> list[tuple[int, str, dict[str, Any]]]:
    """What is told of a thing after its order, (ms later, where, what): the cart once more, a look at it, its price."""
    products = order.get("properties", {}).get("products")
    if order.get("event") != "Order Completed" or not products or rng.random() < 0.3:
        return []
    ids = {name: order[name] for name in ("userId", "anonymousId", "context") if name in order}
    thing = rng.choice(products)
    more = [thing, product(rng.choice)] if rng.random() < 0.3 else [thing]
    told = [
        (rng.choice((2_000, MINUTE, 20 * MINUTE, 31 * MINUTE)), "web", track("Cart Viewed", {"products": more})),
        (rng.choice((0, 30_000, 5 * MINUTE, 6 * MINUTE)), "web", track("Product Added", thing)),
        (rng.choice((MINUTE, HOUR, DAY)), "app", track("Product Viewed", thing)),
        (rng.choice((2 * HOUR, 2 * DAY)), "broadcast", track("Product Price Changed", {**thing, **CHEAPER})),
        (rng.choice((3 * HOUR, 3 * DAY)), "broadcast", track("Product Restocked", thing)),
    ]  # fmt: skip
    return [
        (after, channel, {**said, "messageId": f"o{nth}-{n}", **(ids if channel != "broadcast" else {"context": {}})})
        for n, (after, channel, said) in enumerate(told)
        if rng.random() < 0.5
    ]


def next_time(rng: random.Random, now: int) -> int:
    """When the next event happens: some time after this one, or at an instant at which something changes."""
    if rng.random() < 0.75:
        return now + rng.choice(GAPS)
    what, beside = rng.choice(INSTANTS), rng.choice(BESIDE)
    if what == "change":
        return max(now, CLOCK_CHANGE + beside)
    if what == "hour":
        return max(now, (now // HOUR + 1) * HOUR + beside)
    hour = {"midnight": 0, "seven": 7, "nineteen": 19}[what]
    here = datetime.fromtimestamp(now / 1000, tz=UTC)
    then = here.replace(hour=hour, minute=0, second=0, microsecond=0)
    if then <= here:
        then += timedelta(days=1)
    return max(now, round(then.timestamp() * 1000) + beside)


def at_times(timed: list[tuple[int, Step]]) -> list[Step]:
    """Steps with the gaps between their times."""
    steps, before = [], START
    for at, step in sorted(timed, key=lambda t: t[0]):
        steps.append(Step(at - before, step.channel, step.partition, step.message, step.delay))
        before = at
    return steps


def responses(rng: random.Random, messages: list[dict[str, Any]], partitions: int) -> list[tuple[int, Step]]:
    """What customers do with messages that they were sent."""
    timed = []
    answered = [message for message in messages for _ in range(rng.choice((0, 1, 2, 3, 4)))]
    for nth, message in enumerate(answered):
        ids = {
            "email": {"context": {"traits": {"email": message["to"]}}},
            "sms": {"context": {"traits": {"phone": message["to"]}}},
            "push": {"context": {"device": {"token": message["to"]}}},
        }.get(message["channel"])
        if ids is None:
            continue
        at = round(datetime.fromisoformat(message["decided_at"]).timestamp() * 1000)
        at += rng.choice((0, 9_999, 10_000, MINUTE, 15 * MINUTE, HOUR, 20 * HOUR, DAY))
        at += rng.choice((*(0,) * 30, -MINUTE, 20 * DAY, 25 * DAY))
        channel, name = rng.choice(SUBSCRIBERS)
        known = {"message_id": written(rng, message["message_id"]), **rng.choice(AGENTS)}
        # Whom the event names besides, if anybody: feedback is the message's all the same.
        who = rng.choice((ids, ids, ids, ids, ids, {}, {"userId": f"u{rng.randrange(3)}", **ids}, {"userId": "u0"}))
        if name == "page":
            url = f"https://shop.example/lamp?c=1&wb_mid={message['message_id']}"
            said = rng.choice(({"properties": {"url": url}}, {"context": {**ids["context"], "page": {"url": url}}}))
            said = {"type": "page", "name": "Lamp", **ids, **said}
        else:
            said = {**track(name, known), **who}
        said["messageId"] = f"r{nth}"
        if name.endswith("Clicked") and rng.random() < 0.4:
            # Somebody, or a scanner, follows several links.
            for more in range(rng.choice((1, 2, 2, 3))):
                of = said["properties"] = {**said["properties"], "link": f"l{more}"}
                other = {
                    **said,
                    "messageId": f"r{nth}.{more}",
                    "properties": {**of, "link": f"m{rng.choice((0, more))}"},
                }
                after = rng.choice((0, 700, 2_000, 2_001))
                timed.append((at + after, Step(0, channel, rng.randrange(partitions), other, 0)))
        if rng.random() < 0.3 and message["channel"] in {"email", "sms"}:
            told = track("Email Delivered" if message["channel"] == "email" else "SMS Delivered", known)
            of = {**told, **who, "messageId": f"d{nth}"}
            timed.append((at + rng.choice((-5_000, 0, 1, 3_000)), Step(0, message["channel"], 0, of, 0)))
        timed.append((at, Step(0, channel, rng.randrange(partitions), said, rng.choice((0, 0, MINUTE)))))
    return timed


def written(rng: random.Random, message_id: str) -> str:
    """A message's id as servers hand it on; now and then one that nobody ever had."""
    forged = message_id[:-1] + ("0" if message_id[-1] != "0" else "1")
    return rng.choice((*(message_id,) * 12, message_id.upper(), f"<{message_id}@shop.example>", forged))


def codes_used(rng: random.Random, messages: list[dict[str, Any]], partitions: int) -> list[tuple[int, Step]]:
    """What becomes of the codes in messages: customers, or friends of theirs, use them, and the shop refuses some."""
    timed = []
    for nth, message in enumerate(messages):
        if not message["offer"] or rng.random() < 0.4:
            continue
        code = rng.choice((str, str.lower))(message["offer"]["code"])
        name, said = rng.choice((
            ("Order Completed", {"order_id": f"c{nth}", "coupon": code}),
            ("Order Completed", {"order_id": f"c{nth}", "coupons": ["NONE", code]}),
            ("Order Completed", {"order_id": f"c{nth}", "products": [{"product_id": "lamp", "coupon": code}]}),
            ("Coupon Applied", {"coupon_id": code}), ("Coupon Denied", {"coupon_name": f" {code}"}),
            ("Coupon Entered", {"coupon_id": code}),
        ))  # fmt: skip
        at = round(datetime.fromisoformat(message["decided_at"]).timestamp() * 1000)
        at += rng.choice((0, 1, MINUTE, HOUR, 20 * HOUR))
        who = rng.choice(
            ({"userId": "u0"}, {"userId": "u1"}, *({"anonymousId": "friend"}, {"anonymousId": f"f{nth}"}) * 2)
        )
        step = {**track(name, said), **who, "context": {}, "messageId": f"code{nth}"}
        timed.append((at, Step(0, rng.choice(("web", "store")), rng.randrange(partitions), step)))
    return timed


def random_campaigns(seed: int, longest: int = 40) -> History:
    """The history of a seed, with the responses to what it sends."""
    rng = random.Random(f"campaigns {seed}")
    file, people = with_segments(campaigns(rng.choice), seed), Customers(rng)
    timed: list[tuple[int, Step]] = []
    now = START
    for n in range(people.count):
        said = {"type": "identify", "traits": rng.choice(({"first_name": "Zoe"}, {})), **people.all_of(n)}
        timed.append((now + n, Step(0, "web", 0, {"messageId": f"i{n}", **said})))
    for nth in range(rng.randint(10, longest)):
        now = next_time(rng, now)
        channel, message = errand(rng.choice)
        ids = people.some_of(rng.randrange(people.count))
        if channel == "broadcast":
            ids = {"context": {}}
        context = {**ids["context"], **message.get("context", {})}
        if rng.random() < 0.1:
            context["timezone"] = rng.choice(
                ("Europe/Berlin", "America/New_York", "W. Europe Standard Time", "GMT-0500", "+05:45")
            )
        if rng.random() < 0.1:
            context["locale"] = rng.choice(("de-DE", "en-US", "fr", "zh-Hant-TW", "zh_CN", "zh"))
        name = "same" if rng.random() < 0.04 else f"e{nth}"
        message = {"messageId": name, **message, **ids, "context": context}
        step = Step(0, channel, rng.choice((0, 0, 1)), message, rng.choice((0, 0, 0, 0, 1, 20 * MINUTE, HOUR, DAY)))
        timed.append((now, step))
        timed += [(now + after, Step(0, shop, 0, said, 0)) for after, shop, said in afterwards(rng, nth, message)]
        if rng.random() < 0.05:
            timed.append((now + rng.choice((0, MINUTE)), Step(0, channel, 1, {**message, "timestamp": now})))
    if people.shared and people.count > 1:
        timed += handed_over(rng, now)
    if "price_dropped" in file or "back_in_stock" in file:
        timed += priced_anew(rng, [at for at, _ in timed])
    if "abandoned" in file and rng.random() < 0.5:
        timed += bought_together(rng, [at for at, _ in timed])
    if rng.random() < 0.5:
        timed += bought_instead(rng, [at for at, _ in timed])
        at, order = timed[-2]
        timed += [
            (at + after, Step(0, shop, 0, said, 0)) for after, shop, said in afterwards(rng, longest, order.message)
        ]
    timed += forms(seed, people.count, now)
    if file.startswith("segments:"):
        timed += doings(seed, people.count, now, START)
    first = History(at_times(timed), file)
    sent = run(first.records(), campaigns=file).messages
    told = [*responses(rng, sent, 2), *scanned(rng, sent, 2), *bounced(rng, sent, 2), *codes_used(rng, sent, 2)]
    return History(at_times([*timed, *told]), file)
