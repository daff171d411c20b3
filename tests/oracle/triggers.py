"""What may set a campaign off: what a customer looks at, buys, shares and is near to, and what happens to a product."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from schemas.products import product_key
from tests.oracle.bought import Bought
from tests.oracle.campaigns import Campaign, Campaigns, metres, milliseconds
from tests.oracle.cart import ACTIVE_CHANNELS, Line, items_of, plain
from tests.oracle.names import Names, names_of, newest, place
from tests.oracle.reach import coordinates
from tests.oracle.reading import Fact, number, order_value, text

BROWSE_AFTER = 60 * 60 * 1000
INTERESTS = {"Product Viewed": "viewed", "Product Added": "carted", "Product Added to Wishlist": "wished"}
CHANGES = {"Product Price Changed": "price_dropped", "Product Restocked": "back_in_stock"}
SOCIAL = {"Hashtag Used", "Post Shared", "Post Commented"}


@dataclass(frozen=True)
class Trigger:
    """Something that campaigns may wait for. An order at or after `since` ends what follows from it.

    `names` are those of `products`, where these are products that the customer may want.
    """

    type: str
    at: int
    since: int
    ref: str
    cart_id: str | None = None
    abandonment_no: int = 0
    value: Decimal | None = Decimal(0)
    products: tuple[dict[str, Any], ...] = ()
    names: tuple[Names, ...] | None = None
    about: dict[str, Any] = field(default_factory=dict)

    def ended_by(self, order: int) -> bool:
        """Whether an order of this time makes what follows pointless. Thanks for an order end with a later one only."""
        return order > self.at if self.type == "order_completed" else order >= self.since


@dataclass
class Interest:
    """A product that a customer has viewed, carted or wished for."""

    time: int
    kinds: set[str]
    price: Decimal | None
    product: dict[str, Any]

    def when(self) -> int:
        """Its time."""
        return self.time

    def newer(self, other: Interest) -> Interest:
        """The newer of two."""
        return other if other.time > self.time else self

    def joined(self, other: Interest) -> Interest:
        """Two that prove to be in one product."""
        old, new = (self, other) if other.time > self.time else (other, self)
        said = {name: value for name, value in new.product.items() if value is not None}
        price = old.price if new.price is None else new.price
        return Interest(new.time, old.kinds | new.kinds, price, {**old.product, **said})


@dataclass
class Looks:
    """What a customer has looked at, and when."""

    browsed: dict[Names, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    interests: dict[Names, Interest] = field(default_factory=dict)
    topics: dict[str, list[int]] = field(default_factory=dict)
    lapsed: dict[str, int] = field(default_factory=dict)

    # ------------------------------------------------------------------ learning

    def learn(
        self, event: Fact, bought: Bought, grace: int, *, has_cart: bool, last_order: int | None
    ) -> None:  # fmt: skip
        """What an event shows of a customer's interests."""
        for topic in topics_of(event):
            self.topics.setdefault(topic, []).append(event.time)
        if event.type != "track":
            return
        if event.name == "Order Completed":
            self.forget(bought, grace)
            self.browsed = {}
            return
        for item in items_of(event.properties) if event.name in INTERESTS else ():
            key = names_of(item)
            if key is None or (number(item.get("price")) or 0) < 0:
                continue
            fresh = bought.fresh(key, event.time, grace)
            if not fresh:
                self.remember(key, event, item)
            viewed = event.name == "Product Viewed" and event.channel in ACTIVE_CHANNELS
            viewed = viewed and not fresh and not bought.has(key, event.time)
            if viewed and not has_cart and (last_order is None or event.time > last_order):
                known = place(self.browsed, key, first, newer_view)
                self.browsed[known or key] = (event.time, shown(item))
                self.browsed = dict(youngest(self.browsed, 10, lambda seen: seen[0]))

    def remember(self, key: Names, event: Fact, item: dict[str, Any]) -> None:
        """One more interest, or one more sign of it."""
        key = place(self.interests, key, Interest.when, Interest.joined) or key
        known = self.interests.get(key, Interest(event.time, set(), None, {}))
        price = number(item.get("price"))
        seen = {name: value for name, value in shown(item).items() if value is not None}
        self.interests[key] = Interest(
            event.time,
            known.kinds | {INTERESTS[event.name]},
            known.price if price is None or price < 0 else price,
            {**shown({}), **known.product, **seen},
        )
        self.interests = dict(youngest(self.interests, 50, lambda interest: interest.time))

    def forget(self, bought: Bought, grace: int) -> None:
        """What was bought is of no interest, unless it was looked at long enough after it."""
        self.interests = {n: i for n, i in self.interests.items() if not bought.fresh(n, i.time, grace)}

    def absorb(
        self, loser: Looks, last_order: int | None, bought: Bought, grace: int, *, has_cart: bool
    ) -> None:  # fmt: skip
        """What either side has looked at, both have."""
        for key, seen in sorted(loser.browsed.items(), key=lambda item: (item[1][0], item[0])):
            known = place(self.browsed, key, first, newer_view)
            self.browsed[known or key] = newer_view(self.browsed[known], seen) if known else seen
        self.browsed = {
            key: seen for key, seen in self.browsed.items()
            if not has_cart and (last_order is None or seen[0] > last_order) and not bought.has(key, seen[0])
        }  # fmt: skip
        for key, interest in sorted(loser.interests.items(), key=lambda item: (item[1].time, item[0])):
            known = place(self.interests, key, Interest.when, Interest.newer)
            self.interests[known or key] = self.interests[known].newer(interest) if known else interest
        self.browsed = dict(youngest(self.browsed, 10, lambda seen: seen[0]))
        self.forget(bought, grace)
        self.interests = dict(youngest(self.interests, 50, lambda interest: interest.time))
        for topic, times in loser.topics.items():
            self.topics[topic] = sorted(set(self.topics.get(topic, [])) | set(times))
        for campaign, order in loser.lapsed.items():
            self.lapsed[campaign] = max(order, self.lapsed.get(campaign, order))

    # ------------------------------------------------------------------ triggers of an event

    def of_event(
        self, campaigns: Campaigns, event: Fact, order: dict[str, Any] | None, bought: Bought
    ) -> Iterator[Found]:  # fmt: skip
        """What an event sets off. `order` is its conversion, where it is an order that counts."""
        if order is not None:
            yield from self.of_order(campaigns, event, order["order_id"])
        if event.type == "track" and event.name == "Product Added":
            yield from self.of_product_added(campaigns, event, bought)
        yield from self.of_content(campaigns, event)
        if event.type == "track" and event.name in SOCIAL:
            yield from self.of_hashtag(campaigns, event)
        yield from self.of_store(campaigns, event)

    def of_order(self, campaigns: Campaigns, event: Fact, order_id: str) -> Iterator[Found]:
        """Thanks for an order."""
        products = tuple(shown(product) for product in products_of(event))
        value, currency = order_value(event.properties), text(event.properties.get("currency"))
        about = {"order_id": order_id, "value": plain(value), **({"currency": currency} if currency else {})}
        trigger = Trigger(
            "order_completed",
            event.time,
            event.time,
            f"order:{order_id}:{event.time}",
            value=value,
            products=products,
            about=about,
        )
        yield from ((campaign, trigger) for campaign in campaigns.on("order_completed"))

    def of_product_added(self, campaigns: Campaigns, event: Fact, bought: Bought) -> Iterator[Found]:
        """Something that goes with what was just put into the cart."""
        for item in items_of(event.properties):
            names = names_of(item)
            if names is None or (number(item.get("price")) or 0) < 0:
                continue
            if not bought.fresh(names, event.time, campaigns.order_grace) and not bought.has(names, event.time):
                break
        else:
            return
        key = text(item.get("product_id")) or text(item.get("sku"))
        price, quantity = number(item.get("price")), number(item.get("quantity"))
        price = None if price is None or price < 0 else price
        value = Decimal(price or 0) * (Decimal(1) if quantity is None else quantity)
        trigger = Trigger(
            "product_added", event.time, event.time, f"added:{event.message_id}:{event.time}", value=value,
            products=(shown(item),), names=(names,), about={"product_id": key, **given("price", price)},
        )  # fmt: skip
        yield from ((campaign, trigger) for campaign in campaigns.on("product_added"))

    def of_content(self, campaigns: Campaigns, event: Fact) -> Iterator[Found]:
        """A topic that was read about often enough."""
        for campaign in campaigns.on("content_viewed"):
            wanted, times = campaign.asks.get("topic"), campaign.asks.get("times", 1)
            since = event.time - milliseconds(campaign.asks.get("within", "7d"))
            for topic in topics_of(event):
                if wanted in {None, topic} and sum(since < at <= event.time for at in self.topics[topic]) >= times:
                    ref = f"content:{event.known_by}:{event.time}"
                    yield campaign, Trigger("content_viewed", event.time, event.time, ref, about={"topic": topic})
                    break

    def of_hashtag(self, campaigns: Campaigns, event: Fact) -> Iterator[Found]:
        """A hashtag that a campaign takes."""
        for campaign in campaigns.on("hashtag_used"):
            wanted = [plain_hashtag(tag) for tag in campaign.asks.get("hashtags", ())]
            used = next((tag for tag in hashtags_of(event) if not wanted or tag in wanted), None)
            if used is not None:
                ref = f"hashtag:{event.message_id}:{event.time}"
                yield campaign, Trigger("hashtag_used", event.time, event.time, ref, about={"hashtag": used})

    def of_store(self, campaigns: Campaigns, event: Fact) -> Iterator[Found]:
        """A store that the customer is near to."""
        here = coordinates(event)
        near = campaigns.nearest(*here) if here else None
        if near is None:
            return
        trigger = Trigger(
            "store_nearby",
            event.time,
            event.time,
            f"nearby:{event.known_by}:{event.time}",
            about={"store_id": near[0].id},
        )
        for campaign in campaigns.on("store_nearby"):
            if near[1] <= metres(campaign.asks.get("radius", 1000)):
                yield campaign, trigger

    # ------------------------------------------------------------------ triggers of a product

    def of_change(self, campaigns: Campaigns, event: Fact, bought: Bought) -> Iterator[Found]:
        """What a change of a product means to somebody who is interested in it."""
        names, kind = names_of(event.properties), CHANGES[event.name]
        known = names and newest(self.interests, names, Interest.when)
        if known is None:
            return
        interest, named = self.interests[known], known.also(names)
        if bought.has(named, event.time):
            return
        key = text(event.properties.get("product_id")) or text(event.properties.get("sku"))
        now, before = (number(event.properties.get(name)) for name in ("price", "old_price"))
        before = interest.price if before is None else before
        product = {**interest.product, **{k: v for k, v in shown(event.properties).items() if v is not None}}
        about = {"product_id": key, "price": now, "old_price": before}
        coin = (text(event.properties.get("currency")) or "").upper()
        for campaign in campaigns.on(kind):
            asks = campaign.asks
            recent = interest.time > event.time - milliseconds(asks.get("within", "30d"))
            if not recent or not interest.kinds & set(asks.get("interest", interest.kinds)):
                continue
            if kind == "price_dropped" and not dropped(before, now, asks.get("min_drop", 0)):
                continue
            prefix = "price" if kind == "price_dropped" else "stock"
            ref = f"{prefix}:{product_key(event.properties)}:{event.message_id}:{event.time}"
            yield campaign, Trigger(
                kind, event.time, event.time, ref, products=(product,),
                names=(named,),
                about={n: v if n == "product_id" else plain(v) for n, v in about.items() if v is not None}
                | ({"currency": coin} if coin else {}),
            )  # fmt: skip


def renewed(trigger: Trigger, event: Fact) -> Trigger:
    """What waits to show a product shows what a later change says of it; in another currency that is nothing."""
    coin, told = (text(event.properties.get("currency")) or "").upper(), trigger.about.get("currency")
    if trigger.type not in (*CHANGES.values(), "browse_abandoned", "product_added") or (coin and told and coin != told):
        return trigger
    names = names_of(event.properties)
    about, products, called = trigger.about, list(trigger.products), list(trigger.names)
    for nth, known in enumerate(trigger.names):
        if names is None or not known.same(names):
            continue
        product = {**products[nth], **{k: v for k, v in shown(event.properties).items() if v is not None}}
        if trigger.type not in CHANGES.values():
            product["quantity"] = products[nth]["quantity"]
        products[nth], called[nth] = product, known.also(names)
        price = number(event.properties.get("price"))
        if price is not None and price >= 0 and trigger.type != "browse_abandoned":
            about = {**about, "price": plain(price)}
    return replace(trigger, products=tuple(products), names=tuple(called), about=about)


def is_stale(trigger: Trigger, campaign: Campaign) -> bool:
    """Whether a price that dropped has not dropped any more."""
    if trigger.type != "price_dropped":
        return False
    before, now = (number(trigger.about.get(name)) for name in ("old_price", "price"))
    return not dropped(before, now, campaign.asks.get("min_drop", 0))


Found = tuple[Campaign, Trigger]


def dropped(before: Decimal | None, now: Decimal | None, least: Any) -> bool:
    """Whether a price went down by enough."""
    if before is None or now is None or now >= before or before <= 0:
        return False
    text_ = str(least).strip()
    share = Fraction(text_[:-1]) / 100 if text_.endswith("%") else Fraction(text_)
    return Fraction(before - now) / Fraction(before) >= share


def first(seen: tuple[int, Any]) -> int:
    """When a view was."""
    return seen[0]


def newer_view(mine: tuple[int, Any], other: tuple[int, Any]) -> tuple[int, Any]:
    """The newer of two views."""
    return other if other[0] > mine[0] else mine


def youngest(things: dict[Any, Any], most: int, time: Any) -> Iterable[tuple[Any, Any]]:
    """The newest of many."""
    return sorted(things.items(), key=lambda item: (time(item[1]), item[0]))[-most:]


def shown(item: dict[str, Any]) -> dict[str, Any]:
    """A product as a line of a cart is shown."""
    quantity = number(item.get("quantity"))
    line = Line(Names("", "", ""), Decimal(1) if quantity is None or quantity <= 0 else quantity)
    line.update(item, None)
    if line.price is not None and line.price < 0:
        line.price = None
    return line.shown()


def given(name: str, value: Decimal | None) -> dict[str, Any]:
    """A number under its name, where there is one."""
    return {} if value is None else {name: plain(value)}


def products_of(event: Fact) -> list[dict[str, Any]]:
    """The products that an order names; discounts are none."""
    products = event.properties.get("products")
    items = [product for product in products if isinstance(product, dict)] if isinstance(products, list) else []
    return [product for product in items if (number(product.get("price")) or 0) >= 0]


def topics_of(event: Fact) -> list[str]:
    """What a page or an event is about."""
    if event.channel not in ACTIVE_CHANNELS or event.type not in {"page", "screen", "track"}:
        return []
    one, many = event.properties.get("topic"), event.properties.get("topics")
    said = [one, *(many if isinstance(many, list) else ())]
    return list(dict.fromkeys(t.strip().lower() for t in said if isinstance(t, str) and t.strip()))


def hashtags_of(event: Fact) -> list[str]:
    """The hashtags of a post."""
    one, many = event.properties.get("hashtag"), event.properties.get("hashtags")
    said = [plain_hashtag(tag) for tag in (*(many if isinstance(many, list) else ()), one) if isinstance(tag, str)]
    return list(dict.fromkeys(tag for tag in said if tag))


def plain_hashtag(tag: str) -> str:
    """A hashtag without its sign, in lower case."""
    return tag.strip().lstrip("#").lower()


def codes_of(event: Fact) -> set[str]:
    """The codes that an order uses, or that the shop takes or refuses, in capitals."""
    said = event.properties
    if event.type != "track" or event.name not in {"Order Completed", "Coupon Applied", "Coupon Denied"}:
        return set()
    names = ("coupon", "coupons") if event.name == "Order Completed" else ("coupon_id", "coupon_name", "coupon", "code")
    found: list[Any] = [said.get(name) for name in names]
    found += [product.get("coupon") for product in products_of(event)]
    flat = [item for value in found for item in (value if isinstance(value, list) else [value])]
    return {item.strip().upper() for item in flat if isinstance(item, str)}
