"""What is decided about a step when it is due: the first that applies of what a message may fail on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import Any

from tests.oracle.addresses import Addresses
from tests.oracle.campaigns import DAY, HOUR, Campaign, Campaigns, local
from tests.oracle.cart import plain
from tests.oracle.cart import products as wanted
from tests.oracle.everybody import Everybody
from tests.oracle.outcome import iso
from tests.oracle.profile import Code, Profile, Sequence, Waiting
from tests.oracle.reach import Sent
from tests.oracle.templates import find, holds, rendered, tagged
from tests.oracle.triggers import is_stale

CREDIT_WINDOW = 7 * DAY


@dataclass(frozen=True)
class Verdict:
    """`outcome` is `moved` for a step that waits for its best hour. `again`: when to ask again."""

    outcome: str
    reason: str | None = None
    again: int | None = None
    channel: str | None = None
    message: dict[str, Any] | None = None


class Judge:
    """Decides steps by a campaigns file and what everybody does."""

    def __init__(self, campaigns: Campaigns, everybody: Everybody, addresses: Addresses) -> None:
        self.campaigns = campaigns
        self.addresses = addresses
        self.everybody = everybody

    def decide(self, p: Profile, sequence: Sequence, waiting: Waiting, now: int) -> Verdict:
        """What comes of a step at `now`."""
        campaigns, campaign, step = self.campaigns, sequence.campaign, waiting.step
        zone = self.zone(p)
        if step.best_hour and not waiting.placed:
            hour = self.best_hour(p, now)
            if hour is not None and hour != local(now, zone).hour:
                return Verdict("moved", again=campaigns.next_hour(zone, hour, now))
        if self.all_bought(p, sequence, now):
            return Verdict("suppressed", "converted")
        if is_stale(sequence.trigger, campaign):
            return Verdict("suppressed", "stale")
        if step.unless_engaged and sequence.engaged:
            return Verdict("suppressed", "exited")
        if step.condition and not holds(
            step.condition, self.scope(p, sequence, waiting, now, None, self.offer(p, sequence, waiting, now))
        ):
            return Verdict("suppressed", "exited")
        wanted_in, members = campaign.audience.get("in"), set(p.membership.members)
        if (wanted_in and not members & set(wanted_in)) or members & set(campaign.audience.get("not_in", ())):
            return Verdict("suppressed", "exited")

        channels = [c for c in step.channels if step.pick != "other" or c not in sequence.used]
        checks: tuple[tuple[str, Callable[[str], bool]], ...] = (
            ("no_contact", lambda c: p.reach.contact(campaigns, c, now) is not None),
            ("no_consent", lambda c: p.reach.allowed(campaigns, c, campaign) and not self.refused(p, c, campaign, now)),
            ("capped", lambda c: campaign.transactional or not self.capped(p, c, now)),
        )
        for reason, passes in checks:
            channels = [channel for channel in channels if passes(channel)]
            if not channels:
                return Verdict("suppressed", reason)
        if not campaign.transactional and (until := campaigns.quiet_until(zone, now)) is not None:
            return Verdict("deferred", "quiet_hours", until)
        if not campaign.transactional and self.goes_second(p, sequence, now):
            return Verdict("deferred", "capped", (now // HOUR + 1) * HOUR)
        if campaign.id in p.reach.both_arms:
            return Verdict("suppressed", "contaminated")
        # max keeps the first of equals, which is the order of `of`.
        channel = max(channels, key=lambda c: self.rate(p, c, now))
        if campaigns.arm(p.id, campaign) == "control":
            return Verdict("held_out", channel=channel)
        message = self.message(p, sequence, waiting, now, channel)
        if message is None:
            return Verdict("suppressed", "invalid_template")
        return Verdict("sent", channel=channel, message=message)

    def refused(self, p: Profile, channel: str, campaign: Campaign, now: int) -> bool:
        """Whether the address that the message would go to is nobody's to write to."""
        address = p.reach.contact(self.campaigns, channel, now)
        if address is not None and campaign.transactional:
            return self.addresses.complained(channel, address, now, p.reach.own_yes)
        topic = campaign.topic
        return address is not None and self.addresses.refused(channel, topic, address, now, p.reach.own_yes)

    def all_bought(self, p: Profile, sequence: Sequence, now: int) -> bool:
        """Whether all that a message would name has been bought lately; what has is taken out."""
        trigger = sequence.trigger
        if trigger.names is None:
            return False
        wanted = zip(trigger.names, trigger.products, strict=True)
        left = [(names, product) for names, product in wanted if not p.bought.has(names, now)]
        names, products = tuple(names for names, _ in left), tuple(product for _, product in left)
        sequence.trigger = replace(trigger, names=names, products=products)
        return not left

    def zone(self, p: Profile) -> str:
        """Where the customer's clock is."""
        return p.reach.zone[1] if p.reach.zone else self.campaigns.timezone

    def capped(self, p: Profile, channel: str, now: int) -> bool:
        """Whether one more message on this channel now would be one too many. What has gone out since counts, too."""
        for scope in ("global", channel):
            times = [s.at for s in p.reach.sent if scope in {"global", s.channel}]
            for limit, per in self.campaigns.caps.get(scope, ()):
                if sum(now - per < at for at in times) >= limit:
                    return True
        return False

    def goes_second(self, p: Profile, sequence: Sequence, now: int) -> bool:
        """Whether a campaign of higher priority has, or had, something to say within this hour."""
        mine, hour = sequence.campaign.priority, now // HOUR
        waits = (
            waiting.due // HOUR == hour
            for other in p.sequences
            if other.campaign.priority > mine
            for waiting in other.waiting
        )
        said = (
            sent.at // HOUR == hour
            for sent in p.reach.sent
            if sent.campaign_id in self.campaigns.by_id and self.campaigns.by_id[sent.campaign_id].priority > mine
        )
        return any(waits) or any(said)

    def rate(self, p: Profile, channel: str, now: int) -> Fraction:
        """How often this customer responds on a channel, as far as that is known; else as everybody does."""
        sent, engaged = self.everybody.rate(channel, now)
        prior = Fraction(1 + engaged, 10 + sent)
        own = sum(s.channel == channel for s in p.reach.sent)
        return (p.reach.engaged[channel] + 10 * prior) / (own + 10)

    def best_hour(self, p: Profile, now: int) -> int | None:
        """The hour of the day at which this customer responds; None as long as nobody has."""
        everybody = self.everybody.hours(now)
        everyone = max(1, sum(everybody.values()))
        scores = [p.reach.hours[hour] + Fraction(24 * everybody[hour], everyone) for hour in range(24)]
        return scores.index(max(scores)) if any(scores) else None

    # ------------------------------------------------------------------ the message

    def offer(self, p: Profile, sequence: Sequence, waiting: Waiting, now: int) -> dict[str, Any] | None:
        """What the message offers: one code a customer and campaign, good from the first message with it on."""
        campaign = sequence.campaign
        variant = self.campaigns.variant(p.id, campaign, waiting.step)
        offer = campaign.offer
        if offer is None:
            return None
        # A step that has no variants reminds of the code that an earlier one has made.
        reminds = campaign.id in p.offers and not waiting.step.variants
        if offer.get("variants") and variant not in offer["variants"] and not reminds:
            return None
        code = self.code(p, sequence, now)
        if code.spent or now >= code.expires:
            return None
        return {"code": code.code, "discount": offer["discount"], "expires_at": iso(code.expires)}

    def code(self, p: Profile, sequence: Sequence, now: int) -> Code:
        """The code that the customer has, or one that is made now."""
        campaign, has = sequence.campaign, p.offers.get(sequence.campaign.id)
        if has is not None and not (has.spent and campaign.offer.get("reissue")):
            return has
        nth = 0 if has is None else has.nth + 1
        return Code(self.campaigns.code(p.id, campaign, nth), now + campaign.valid_for, nth)

    def scope(
        self, p: Profile, sequence: Sequence, waiting: Waiting, now: int, channel: str | None,
        offer: dict[str, Any] | None,
    ) -> dict[str, Any]:  # fmt: skip
        """Everything that a template sees."""
        campaigns, trigger = self.campaigns, sequence.trigger
        message_id = sequence.message_id(p.id, waiting.step, self.campaigns.names)

        def link(thing: dict[str, Any]) -> dict[str, Any]:
            return {**thing, "url": tagged(thing["url"], message_id) if thing.get("url") else None}

        cart = p.cart if trigger.cart_id is not None else None
        products = [line.shown() for line in wanted(cart.lines)] if cart else list(trigger.products)
        near = campaigns.nearest(*p.reach.place[1:]) if p.reach.place else None
        store = None
        if near:
            store = link({"id": near[0].id, **near[0].words, "distance_km": near[1] / 1000})
        keys = [key for product in products for key in (product["product_id"], product["sku"]) if key]
        recommendations = [
            link(
                {"product_id": key, "name": None, "image_url": None, "price": None, **self.everybody.product(key, now)}
            )
            for key in self.everybody.recommended(keys, now, p.bought.names(now))
        ]
        products = [link(product) for product in products]
        urls = [product["url"] for product in products if product["url"]] + [store["url"] for _ in [0] if store]
        worth, currency = cart.worth(self.campaigns.rates, now) if cart else (None, None)
        return {
            "profile": {"id": p.id, **p.reach.traits, "language": self.language(p)},
            "cart": cart and {
                "id": cart.cart_id, "stage": cart.stage, "value": plain(worth), "currency": currency
            },
            "products": products,
            "url": next(iter(urls), None),
            "offer": offer,
            "store": store,
            "recommendations": recommendations,
            "trigger": {"type": trigger.type, "at": iso(trigger.at), **trigger.about},
            "variant": campaigns.variant(p.id, sequence.campaign, waiting.step),
            "message_id": message_id,
            "channel": channel,
            "campaign": sequence.campaign.id,
        }  # fmt: skip

    def language(self, p: Profile) -> str:
        """The language that the customer is written to in."""
        return p.reach.language[1] if p.reach.language else self.campaigns.language

    def message(
        self, p: Profile, sequence: Sequence, waiting: Waiting, now: int, channel: str
    ) -> dict[str, Any] | None:
        """The message; None where its template fails. A template that the test does not give is not looked at."""
        campaigns, step = self.campaigns, waiting.step
        offer = self.offer(p, sequence, waiting, now)
        scope = self.scope(p, sequence, waiting, now, channel, offer)
        own = self.language(p)
        text = find(campaigns.templates, step.template, channel, (own, own[:2], campaigns.language))
        subject = body = None
        if text is not None:
            if (said := rendered(text, channel, scope, campaigns.sms_segments)) is None:
                return None
            subject, body = said
        expires = min(iso(now + campaigns.message_ttl), offer["expires_at"] if offer else "9")
        ends = round(datetime.fromisoformat(expires).timestamp() * 1000)
        quiet = None if sequence.campaign.transactional else campaigns.next_quiet(self.zone(p), now, ends)
        return {
            "message_id": scope["message_id"],
            "campaign_id": sequence.campaign.id,
            "step": step.id,
            "variant": scope["variant"],
            "profile_id": p.id,
            "channel": channel,
            "to": p.reach.contact(campaigns, channel, now),
            "subject": subject,
            "body": body,
            "url": scope["url"],
            "offer": offer,
            "trigger": shown_trigger(sequence),
            "decided_at": iso(now),
            "expires_at": expires,
            "quiet_from": None if quiet is None else iso(quiet[0]),
            "quiet_until": None if quiet is None else iso(quiet[1]),
        }


def shown_trigger(sequence: Sequence) -> dict[str, Any]:
    """What a step is about, as its rows show it."""
    trigger = sequence.trigger
    return {"type": trigger.type, "at": iso(trigger.at), "cart_id": trigger.cart_id}


def credit(p: Profile, now: int) -> Sent | None:
    """The first message of the latest abandonment before an order at `now`; that one and all before are used up."""
    within = [s for s in p.reach.reminders if now - CREDIT_WINDOW <= s.at <= now]
    if not within:
        return None
    credited = max(within, key=lambda s: (s.at, s.message_id))
    p.reach.reminders = [s for s in p.reach.reminders if s.at > credited.at]
    return credited
