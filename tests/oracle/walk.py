"""One profile's way through its events: duplicates, cart, timers, decisions, conversions, and what a merge does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from tests.oracle.cart import ABANDON_AFTER, CART_EVENTS, EXPIRE_AFTER, Cart, is_activity, plain, union
from tests.oracle.decisions import ENGAGEMENT, Campaigns, Pending, Reach, Sent, credit, decide, digest, merge_reach
from tests.oracle.outcome import Outcome, iso
from tests.oracle.reading import Fact, order_value, text

DAY = 24 * 3600 * 1000
CONTACTS = {"email": "email", "phone": "sms", "push_token": "push"}


@dataclass
class Profile:
    """Everything remembered of one customer."""

    id: str
    last_activity: int | None = None
    last_order: int | None = None
    cart: Cart | None = None
    applied: dict[str, int] = field(default_factory=dict)
    orders: set[str] = field(default_factory=set)
    reach: Reach = field(default_factory=Reach)

    def cart_due(self) -> int | None:
        """When the cart is abandoned, or expires if it is already."""
        if self.cart is None:
            return None
        clock = max(self.last_activity or 0, self.cart.started)
        return clock + (ABANDON_AFTER if self.cart.state == "open" else EXPIRE_AFTER)


class Walk:
    """The sequential machine: called in order, it writes what happens to `out`."""

    def __init__(self, campaigns: Campaigns, out: Outcome) -> None:
        self.campaigns = campaigns
        self.out = out

    # ------------------------------------------------------------------ time

    def run_timers(self, p: Profile, upto: float) -> None:
        """Fire everything due at or before `upto`, in due order; at one instant the cart before its steps."""
        while True:
            due: list[tuple[int, int, Pending | None]] = []
            if (at := p.cart_due()) is not None:
                due.append((at, -1, None))
                due += [(step.due, step.order, step) for step in p.cart.pending]
            if not due:
                return
            at, _, step = min(due, key=lambda d: d[:2])
            if at > upto:
                return
            if step is not None:
                self.take_step(p, step, at)
            elif p.cart.state == "open":
                self.abandon(p, at)
            else:
                self.leave(p, "expired", "expired", at)

    def abandon(self, p: Profile, at: int) -> None:
        """The cart was left alone for too long: every campaign that this triggers gets a pending step."""
        cart = p.cart
        cart.abandonment_no += 1
        self.transition(p.id, cart, "abandoned", "inactivity", at)
        for order, campaign in enumerate(self.campaigns.campaigns):
            if campaign.trigger == f"{cart.stage}_abandoned" and float(cart.value()) >= campaign.min_value:
                due = at + campaign.after
                cart.pending.append(Pending(due, order, campaign, cart.cart_id, at, cart.abandonment_no))

    def take_step(self, p: Profile, step: Pending, now: int) -> None:
        """Decide a pending step."""
        arm = self.campaigns.arm(p.id, step.campaign)
        outcome, reason, detail = decide(self.campaigns, p.reach, step.campaign, arm, now)
        self.decision(p, step, outcome, reason, now)
        if outcome == "deferred":
            step.due = detail
            return
        p.cart.pending.remove(step)
        if outcome == "sent":
            message_id = step.message_id(p.id)
            abandonment = (step.abandoned_at, step.cart_id, step.abandonment_no)
            p.reach.sent.append(Sent(now, detail, abandonment, step.campaign.id, step.campaign.step, message_id))
            self.out.messages.append(
                {
                    "message_id": message_id,
                    "campaign_id": step.campaign.id,
                    "step": step.campaign.step,
                    "variant": self.campaigns.variant(p.id, step.campaign),
                    "profile_id": p.id,
                    "channel": detail,
                    "to": p.reach.contacts[detail][1],
                    "trigger": self.trigger(step),
                    "decided_at": iso(now),
                }
            )

    # ------------------------------------------------------------------ events

    def apply(self, p: Profile, event: Fact) -> None:
        """One event takes effect in the profile."""
        self.run_timers(p, event.time)
        before = p.applied.get(event.message_id)
        if before is not None and abs(event.time - before) < DAY:
            self.out.duplicates += 1
            return
        p.applied[event.message_id] = event.time
        self.out.stitched.append((p.id, event.message_id, event.time, event.name, event.source))
        self.learn(p.reach, event)
        if event.type == "track" and event.name == "Order Completed":
            self.order(p, event)
        else:
            self.shop(p, event)

    def learn(self, reach: Reach, event: Fact) -> None:
        """Contact points, consent, time zone and engagement."""
        for identifier in reversed(event.identifiers):
            if identifier.type in CONTACTS:
                reach.contacts[CONTACTS[identifier.type]] = (event.time, identifier.value)
        zone = event.context.get("timezone")
        if readable_zone(zone):
            reach.zone = (event.time, zone)
        if event.type != "track":
            return
        channel = text(event.properties.get("channel"))
        if event.name == "Subscription Changed" and channel and isinstance(event.properties.get("subscribed"), bool):
            reach.consent[channel] = (event.time, event.properties["subscribed"])
        elif event.name == "Unsubscribed":
            reach.consent[channel or event.channel] = (event.time, False)
        elif event.name == "Email Marked as Spam":
            reach.consent["email"] = (event.time, False)
        if event.name in ENGAGEMENT:
            reach.engaged[ENGAGEMENT[event.name]] += 1

    def order(self, p: Profile, event: Fact) -> None:
        """A purchase: it converts the cart, and counts once under its order_id."""
        p.last_order = max(p.last_order or 0, event.time)
        if p.cart is not None and p.cart.opened_at <= event.time:
            self.leave(p, "converted", "order", event.time, "converted")
        order_id = text(event.properties.get("order_id")) or event.message_id
        if order_id in p.orders:
            return
        p.orders.add(order_id)
        credited = credit(p.reach, event.time)
        self.out.conversions.append(
            {
                "order_id": order_id,
                "profile_id": p.id,
                "value": plain(order_value(event.properties)),
                "currency": text(event.properties.get("currency")),
                "at": iso(event.time),
                "channel": event.channel,
                "recovered": credited
                and {"campaign_id": credited.campaign_id, "step": credited.step, "message_id": credited.message_id},
            }
        )

    def shop(self, p: Profile, event: Fact) -> None:
        """Lines change, activity moves the clock, and the cart opens, opens again, or is emptied."""
        active_before, active = p.last_activity, is_activity(event)
        if active:
            p.last_activity = max(p.last_activity or 0, event.time)
        changes = event.type == "track" and event.name in CART_EVENTS
        if p.cart is None:
            if changes:
                cart = Cart(digest(f"{p.id}|{event.time}|{event.message_id}"), event.time, event.time)
                cart.apply(event)
                if cart.lines:
                    p.cart = cart
                    self.stage(cart, event)
                    self.transition(p.id, cart, "open", "opened", event.time)
            return
        if changes:
            p.cart.apply(event)
            if not p.cart.lines:
                self.leave(p, "emptied", "emptied", event.time)
                return
            self.stage(p.cart, event)
        if active and p.cart.state == "abandoned" and (active_before is None or event.time > active_before):
            self.reopen(p, event.time)

    def stage(self, cart: Cart, event: Fact) -> None:
        """A checkout makes it a checkout's cart, for good."""
        if event.name == "Checkout Started":
            cart.stage = "checkout"

    def reopen(self, p: Profile, at: int) -> None:
        """The customer is back at an abandoned cart."""
        self.cancel(p, p.cart, "exited", at)
        self.transition(p.id, p.cart, "open", "reopened", at)

    def leave(self, p: Profile, to: str, reason: str, at: int, cancelled: str = "exited") -> None:
        """The cart comes to its end."""
        self.cancel(p, p.cart, cancelled, at)
        self.transition(p.id, p.cart, to, reason, at)
        p.cart = None

    # ------------------------------------------------------------------ merges

    def merge(self, winner: Profile, loser: Profile, at: int) -> None:
        """Two profiles are one from now on (ruling 11)."""
        self.run_timers(loser, at)
        self.run_timers(winner, at)
        ordered = winner.last_order, loser.last_order
        for side, other_order in ((loser, ordered[0]), (winner, ordered[1])):
            if side.cart and other_order is not None and other_order >= side.cart.opened_at:
                cart, side.cart = side.cart, None
                self.cancel(winner, cart, "converted", at)
                self.transition(winner.id, cart, "converted", "order", at)
        winner.last_activity = latest(winner.last_activity, loser.last_activity)
        winner.last_order = latest(winner.last_order, loser.last_order)
        if winner.cart and loser.cart:
            both = union(winner.cart, loser.cart)
            self.cancel(winner, loser.cart, "exited", at)
            if winner.cart.state == "abandoned" and both.state == "open":
                self.cancel(winner, winner.cart, "exited", at)
                both.state = "abandoned"
                self.transition(winner.id, both, "open", "reopened", at)
            winner.cart = both
        else:
            winner.cart = winner.cart or loser.cart
        for message_id, time in loser.applied.items():
            winner.applied[message_id] = max(time, winner.applied.get(message_id, time))
        winner.orders |= loser.orders
        merge_reach(winner.reach, loser.reach)
        arms = winner.reach.arms
        for campaign in self.campaigns.campaigns:
            arm = loser.reach.arms.get(campaign.id)
            if arm and arms.setdefault(campaign.id, self.campaigns.arm(winner.id, campaign)) != arm:
                winner.reach.both_arms.add(campaign.id)

    # ------------------------------------------------------------------ rows

    def cancel(self, p: Profile, cart: Cart, reason: str, at: int) -> None:
        """What the cart's steps were waiting for will not come."""
        for step in sorted(cart.pending, key=lambda s: (s.due, s.order)):
            self.decision(p, step, "cancelled", reason, at)
        cart.pending = []

    def transition(self, profile_id: str, cart: Cart, to: str, reason: str, at: int) -> None:
        """A row of cart.transitions (ruling 21); the cart is in its new state after it."""
        self.out.transitions.append(
            {
                "profile_id": profile_id,
                "cart_id": cart.cart_id,
                "from": cart.state,
                "to": to,
                "at": iso(at),
                "reason": reason,
                "lines": [line.shown() for line in cart.lines.values()],
                "value": plain(cart.value()),
                "currency": cart.currency,
                "stage": cart.stage,
                "abandonment_no": cart.abandonment_no,
            }
        )
        cart.state = to

    def decision(self, p: Profile, step: Pending, outcome: str, reason: str | None, now: int) -> None:
        """A row of retargeting.decisions."""
        arm = self.campaigns.arm(p.id, step.campaign)
        self.out.decisions.append(
            {
                "decision_id": step.decision_id(p.id),
                "campaign_id": step.campaign.id,
                "step": step.campaign.step,
                "variant": self.campaigns.variant(p.id, step.campaign),
                "profile_id": p.id,
                "arm": arm,
                "outcome": outcome,
                "reason": reason,
                "message_id": step.message_id(p.id) if outcome == "sent" else None,
                "trigger": self.trigger(step),
                "decided_at": iso(now),
            }
        )
        step.rows += 1

    def trigger(self, step: Pending) -> dict[str, Any]:
        """What a step is about, as its rows show it."""
        return {"type": step.campaign.trigger, "at": iso(step.abandoned_at), "cart_id": step.cart_id}


def latest(a: int | None, b: int | None) -> int | None:
    """The later of two times that may be absent."""
    return max((t for t in (a, b) if t is not None), default=None)


def readable_zone(name: Any) -> bool:
    """Whether it names a time zone."""
    try:
        return isinstance(name, str) and bool(ZoneInfo(name))
    except (KeyError, ValueError, OSError):
        return False
