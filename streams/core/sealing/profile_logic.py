"""What one profile does at one instant: an event takes effect, a timer fires, another profile is absorbed.

Each part of a profile is the slice of one machine (streams/core/profile/machine.py). The machines are asked in the
order written here and nowhere else; what each returns becomes `Effects`, or is told to the next. Each method changes
the profile that it is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from schemas.coupons import CODE_EVENTS
from schemas.money import micros
from schemas.names import AD_SPEND_RECORDED, FEEDBACK_EVENTS, ORDER_COMPLETED, ORDER_UPDATED
from schemas.orders import order_value
from schemas.referrers import NoReferrers
from schemas.topics import (
    AUDIENCES_MEMBERS,
    CART_TRANSITIONS,
    CONVERSIONS,
    RETARGETING_DECISIONS,
    RETARGETING_MESSAGES,
    SEGMENTS_MEMBERSHIP,
)  # fmt: skip
from streams.core.campaigns import Campaigns
from streams.core.cart.machine import ABANDONED, CartMachine, Transition
from streams.core.contact import telling
from streams.core.contact.machine import ContactMachine
from streams.core.contact.points import Lost, SaleMoved
from streams.core.engagement import sent
from streams.core.engagement.feedback import Feedback, counted
from streams.core.engagement.machine import EngagementMachine
from streams.core.messaging import awaited, offers
from streams.core.messaging.decide import Decider, DeciderOf
from streams.core.messaging.decision import Decision
from streams.core.messaging.enrollment import ENTERED, BeforeMerge, Enroller
from streams.core.orders.conversions import CANCELLATION, CANCELLED, TAKEN_BACK, Conversion, last_purchase
from streams.core.orders.machine import OrderMachine
from streams.core.products.changes import CODE_SPENT, SHOWN, ProductChange, code_of
from streams.core.profile.event import Sealed
from streams.core.profile.machine import Leaving, Machine, Moment
from streams.core.profile.state import Profile
from streams.core.sealing.effects import Effects
from streams.core.sealing.repeats import Repeats
from streams.core.segments.audiences import Addressed
from streams.core.segments.machine import BY_EVENT, BY_MERGE, BY_SPLIT, BY_TIME, Membership, SegmentMachine
from streams.core.triggers import abandoned, segment_entered
from streams.core.triggers.registry import Triggers
from streams.core.triggers.trigger import Triggered

Outcome = Transition | Triggered | Decision | Lost | SaleMoved | Membership | Addressed
"""What a timer, a merge or a split may lead to."""


class ProfileLogic:
    """All rules over one profile, under one campaigns file.

    The secret is that of the settings: draws for customers are keyed with it. `no_referrers` are the hosts that send
    nobody, those that ship if not given; `unsubscribe` is where links to unsubscribe lead, empty for
    none. `decider` makes what decides. Times (`at`, `upto`, `wall`) are epoch milliseconds.
    """

    def __init__(
        self, campaigns: Campaigns, secret: str, no_referrers: NoReferrers | None = None, unsubscribe: str = "",
        decider: DeciderOf = Decider,
    ) -> None:  # fmt: skip
        self._repeats = Repeats()
        self._contact = ContactMachine(secret)
        self.campaigns = campaigns
        self._engagement = EngagementMachine(campaigns.file.timezone, campaigns.file.machine_seconds * 1_000)
        self._enroller = Enroller(campaigns, secret, unsubscribe, decider)
        self._orders = OrderMachine(no_referrers or NoReferrers(), secret, campaigns.file.attribution)
        self._cart = CartMachine(campaigns.file.order_grace, campaigns.rates)
        self._triggers = Triggers(campaigns)
        self._segments = SegmentMachine(campaigns, self._orders.standing, secret)
        self._on_entered = segment_entered.by_segment(campaigns)
        self.machines: Final[tuple[Machine[Any, Any], ...]] = (
            self._repeats, self._contact, self._engagement, self._enroller, self._orders, self._cart, self._triggers,
            self._segments,
        )  # fmt: skip
        """In the order in which events, merges and splits reach them: triggers see the cart and the orders of after."""
        self.has_segments = self._segments.asked
        self._asks_orders = "lapsed" in campaigns.by_trigger
        offers_made = any(campaign.offer is not None for campaign in campaigns.file.campaigns)
        self.takes_products = offers_made or any(campaigns.by_trigger.get(kind) for kind in SHOWN)
        """Whether what happens to a product sets any campaign off or is shown by one, or a code may be spent."""

    def due_at(self, profile: Profile) -> int | None:
        """When the profile's next timer is due (epoch ms): of cart, visit, last order, segments, or a waiting step."""
        first = None if profile.cart is None else self._cart.due_at(profile)
        due = self._triggers.due_at(profile) if profile.browsed or self._asks_orders else None
        if due is not None and (first is None or due < first):
            first = due
        if profile.belongings and (due := self._contact.due_at(profile)) is not None and (first is None or due < first):
            first = due
        if self.has_segments and (due := self._segments.due_at(profile)) is not None and (first is None or due < first):
            first = due
        due = self._enroller.due_at(profile) if profile.enrollments else None
        return due if first is None or (due is not None and due < first) else first

    def on_time(self, profile: Profile, upto: int, wall: int | None, effects: Effects) -> int | None:
        """Fire every timer due at or before `upto`, in order of time; returns when the next is due, None without one.

        Of equals what identity has said first, then segments that a window of time changes, the cart's, those that
        triggers wait for, then steps. `wall` is the wall clock that the round was started at, None under the event
        clock.
        """
        while (due := self.due_at(profile)) is not None and due <= upto:
            moment = Moment(wall, effects.known, effects.addresses)
            if profile.belongings and self._contact.due_at(profile) == due:
                self._settled(profile, self._contact.on_time(profile, due, moment), effects)
                continue
            if self.has_segments and self._segments.due_at(profile) == due:
                pass  # They are asked below, as after all that happens.
            elif self._cart.due_at(profile) == due:
                self._follow(profile, self._cart.on_time(profile, due, moment), effects)
            elif self._triggers.due_at(profile) == due:
                self._follow(profile, self._triggers.on_time(profile, due, moment), effects)
            else:
                if wall is not None:
                    effects.observed.append((("winback_trigger_delay_seconds",), (wall - due) / 1000))
                self._follow(profile, self._enroller.on_time(profile, due, moment), effects)
            if self.has_segments:
                self._assess(profile, due, BY_TIME, effects)
        return due

    def on_event(self, profile: Profile, event: Sealed, effects: Effects) -> bool:
        """An event takes effect; False when the profile has had it already (messageId, 24 h)."""
        if profile.belongings:
            self._settled(profile, self._contact.before(profile, event), effects)
        if self._repeats.is_repeat(profile, event):
            self.on_repeat(event, effects)
            return False
        said = self._contact.on_event(profile, event, None)
        if said:
            effects.told += telling.by_profile(profile, event, said)
        told: Sequence[Feedback] = ()
        if profile.sent or event.name in FEEDBACK_EVENTS:
            told = self._engagement.on_event(profile, event, None)
            self._feedback(profile, told, event, effects)
        self._count(event, effects)
        if profile.offers and event.name in CODE_EVENTS:
            offers.on_event(profile, event)
        if profile.enrollments:
            self._follow(profile, self._enroller.on_event(profile, event, said), effects)
        if said and profile.sent:
            self._follow(profile, self._enroller.on_word(profile, event, said), effects)
        conversions = self._ordered(profile, event, effects)
        if not event.is_fetched and (found := self._triggers.on_event(profile, event, conversions)):
            self._follow(profile, found, effects)
        if told and (found := self._triggers.on_feedback(profile, event, told)):
            self._follow(profile, found, effects)
        if self.has_segments or profile.first_seen < 0 or event.late:
            self._segments.on_event(profile, event, None)
            if self.has_segments:
                self._assess(profile, event.clock, BY_EVENT, effects, late=event.late)
        return True

    def on_copy(self, profile: Profile, event: Sealed, effects: Effects) -> None:
        """Another profile has said something of an order that counts here: it concerns the order, and its cart."""
        if profile.belongings:
            self._settled(profile, self._contact.before(profile, event), effects)
        if not self._repeats.is_repeat(profile, event) and self._orders.has(profile, event):
            self._ordered(profile, event, effects)
            if self.has_segments:
                self._assess(profile, event.clock, BY_EVENT, effects, late=event.late)

    def _ordered(self, profile: Profile, event: Sealed, effects: Effects) -> Sequence[Conversion]:
        """What an event means for orders, for the cart, and for what waits; what it changes of orders."""
        conversions = self._orders.on_event(profile, event, None)
        if conversions:
            self._converted(profile, conversions, effects)
            self._segments.on_order(profile, event, conversions[0])
        if event.name == ORDER_COMPLETED:
            if not (conversions and conversions[0].is_purchase):
                if not conversions and order_value(event.properties) >= 0:
                    self._told_again(profile, event, effects)
                # A repeat, a renewal, a refund: nothing was bought, so to all that follows it is any other event.
                event.name, event.read_as = "", event.name
            elif isinstance(products := event.properties.get("products"), list):
                effects.learned.bought(products, event.clock)
        elif event.name == ORDER_UPDATED:
            self._told_again(profile, event, effects)
        cart = profile.cart
        if transitions := self._cart.on_event(profile, event, None):
            self._follow(profile, transitions, effects)
        if event.name == ORDER_COMPLETED:
            ended = cart if profile.cart is None else None
            if ended is not None and ended.opened_at <= event.time:
                self._cart.sell(profile, ended, conversions[0].order_id, event.time)
            self._follow(profile, self._enroller.on_order(profile, event, None if ended is None else ended.id), effects)
            if CANCELLED in conversions[0].order.flags:
                self._cart.unbuy(profile, conversions[0].order_id)
        elif conversions and conversions[0].kind == CANCELLATION:
            self._cancelled(profile, conversions[0], event, effects)
        return conversions

    def on_product(self, profile: Profile, change: ProductChange, effects: Effects) -> None:
        """Something has happened to a product that the profile is interested in, or to a code it was given."""
        if change.kind == CODE_SPENT:
            offers.spend(profile, code_of(change.product_id))
            return
        if profile.enrollments:
            awaited.on_product(profile, change)
        self._follow(profile, self._triggers.on_product(profile, change), effects)

    def on_repeat(self, event: Sealed, effects: Effects) -> None:
        """An event that has had its effect already: counted, so that no event goes missing unseen."""
        effects.counts["winback_duplicates_total",] += 1
        effects.cells.add("duplicate_hour", event.time, {"channel": event.channel}, duplicates=1)

    def before_merge(self, profile: Profile, merged: bytes, effects: Effects) -> None:
        """A profile is about to merge at the key `merged`: what identity has said by then, at one instant, too."""
        if profile.belongings:
            self._settled(profile, self._contact.before_merge(profile, merged), effects)

    def absorb(self, winner: Profile, loser: Profile, at: int, effects: Effects) -> None:
        """A merge at `at` takes effect: the loser's state becomes the winner's (docs/contract.md section 3)."""
        before, unseen = BeforeMerge.of(winner, loser), winner.first_seen < 0 and winner.id != loser.id
        outcomes = [outcome for machine in self.machines for outcome in machine.absorb(winner, loser, at)]
        self._follow(winner, outcomes, effects)
        self._follow(winner, self._enroller.settle(winner, loser, before, at), effects)
        if self.has_segments:
            if unseen:
                # The event that has linked the two is its first, and says who it is.
                self._segments.ask_after(winner, at)
            else:
                self._assess(winner, at, BY_SPLIT if winner.id == loser.id else BY_MERGE, effects)

    def divide(self, profile: Profile, to: str, leaving: Leaving, effects: Effects) -> Profile:
        """A split: what the profile `to` (hex) gets of this one, as a profile of its own; empty when nothing goes."""
        share = Profile(to)
        outcomes = [outcome for machine in self.machines for outcome in machine.divide(profile, share, leaving)]
        self._follow(profile, outcomes, effects)
        if self.has_segments:
            self._assess(profile, leaving.at, BY_SPLIT, effects)
        return share

    def arrive(self, profile: Profile, effects: Effects) -> None:
        """A profile that a split has made: its cart stands here as it stood there, but reminds nobody again."""
        for transition in self._cart.arrived(profile):
            self._transition(profile, transition, effects)

    def arrived(self, profile: Profile, at: int, effects: Effects) -> None:
        """A profile that a split has made has all that is its own: which segments it is in at `at`."""
        if self.has_segments:
            self._assess(profile, at, BY_SPLIT, effects)

    def on_switch(self, profile: Profile, at: int, effects: Effects) -> None:
        """These campaigns hold for the profile from `at` on: its segments are theirs, and set nothing off by that."""
        self._follow(profile, self._segments.on_switch(profile, at), effects)

    def _settled(self, profile: Profile, outcomes: Sequence[Lost | SaleMoved], effects: Effects) -> None:
        """What identity has said has taken effect, at the time of the event that led to it."""
        self._follow(profile, outcomes, effects)
        if self.has_segments and outcomes:
            at = max(outcome.at if isinstance(outcome, Lost) else outcome.time for outcome in outcomes)
            self._assess(profile, at, BY_EVENT, effects)

    def _assess(self, profile: Profile, at: int, reason: str, effects: Effects, *, late: bool = False) -> None:
        """Which segments the profile is in now; who enters one by an event that came late sets nothing off."""
        for change in self._segments.assess(profile, at, reason):
            if isinstance(change, Addressed):
                effects.rows.append((AUDIENCES_MEMBERS, change.key, change.row))
                continue
            self._membership(change, effects)
            if not late:
                self._follow(profile, segment_entered.on_change(profile, change, self._on_entered), effects)

    def _follow(self, profile: Profile, outcomes: Sequence[Outcome], effects: Effects) -> None:
        """Each outcome becomes rows and totals, and is told to what depends on it, before the next one."""
        for outcome in outcomes:
            if isinstance(outcome, Decision):
                self._decision(profile, outcome, effects)
            elif isinstance(outcome, Transition):
                self._transition(profile, outcome, effects)
                trigger = abandoned.on_transition(outcome)
                if trigger is not None:
                    self._start(profile, trigger, effects)
            elif isinstance(outcome, Lost):
                for decision in self._enroller.on_lost(profile, outcome):
                    self._decision(profile, decision, effects)
            elif isinstance(outcome, SaleMoved):
                self._converted(profile, self._orders.on_moved(profile, outcome), effects)
            elif isinstance(outcome, Membership):
                self._membership(outcome, effects)
            elif isinstance(outcome, Addressed):
                effects.rows.append((AUDIENCES_MEMBERS, outcome.key, outcome.row))
            else:
                self._start(profile, outcome, effects)

    def _converted(self, profile: Profile, conversions: Iterable[Conversion], effects: Effects) -> None:
        """What orders come to has changed: a row, and the totals of the order's channel, cart and campaign."""
        for conversion in conversions:
            order, at, orders = conversion.order, conversion.at, conversion.orders
            net = conversion.revenue - conversion.refunds
            effects.rows.append((CONVERSIONS, profile.id, conversion.row))
            if not conversion.counts:
                continue
            effects.cells.add(
                "channel_hour", at, {"channel": order.channel}, orders=orders, revenue=conversion.revenue,
                refunds=conversion.refunds,
            )  # fmt: skip
            credited = order.recovered
            if credited is not None:
                if order.stage:
                    effects.cells.add(
                        "cart_hour", at, {"stage": order.stage}, recovered=orders, recovered_value=net
                    )  # fmt: skip
                of = {
                    "campaign_id": credited.campaign, "step": credited.step, "variant": credited.variant or "",
                    "arm": "treatment", "channel": credited.channel,
                }  # fmt: skip
                effects.cells.add("campaign_day", at, of, conversions=orders, revenue=net)

    def _told_again(self, profile: Profile, event: Sealed, effects: Effects) -> None:
        """Another call of an order says what it contained: no cart is left of nothing else, nor a message about it."""
        cart = profile.cart
        if transitions := self._cart.told_again(profile, event):
            self._follow(profile, transitions, effects)
        if cart is not None and profile.cart is None:
            self._follow(profile, self._enroller.on_contents(profile, event, cart.id), effects)

    def _cancelled(self, profile: Profile, taken: Conversion, event: Sealed, effects: Effects) -> None:
        """An order is cancelled: nobody is thanked for it; a payment that failed leaves the cart open again."""
        self._follow(profile, self._enroller.on_cancelled(profile, taken.order_id, event.time), effects)
        self._cart.unbuy(profile, taken.order_id)
        if TAKEN_BACK in taken.order.flags:
            last = last_purchase(profile)
            self._follow(profile, self._cart.take_back(profile, taken.order_id, event.time, last), effects)

    def _feedback(self, profile: Profile, feedback: Iterable[Feedback], event: Sealed, effects: Effects) -> None:
        for told in feedback:
            if told.counts is not None:
                effects.cells.add("campaign_day", event.time, told.of, **{told.counts: 1})
            if told.channel is not None:
                effects.learned.engaged(told.channel, told.hour, event.clock)
            for at, channel, hour in told.undone:
                effects.learned.engaged(channel, hour, event.clock, -1)
                effects.cells.add("channel_hour", at, {"channel": channel}, clicks=-1, machine_clicks=1)
            if told.unclicked >= 0:
                effects.cells.add("campaign_day", told.unclicked, told.of, clicks=-1)
                self._follow(profile, self._enroller.on_unclicked(profile, told.message_id, event.time), effects)

    def _count(self, event: Sealed, effects: Effects) -> None:
        name, amount = event.name, 1
        what = counted(event) if name else None
        if what is None and name == AD_SPEND_RECORDED:
            what, amount = "cost", micros(event.properties.get("cost")) or 0
        effects.cells.add_event(event.channel, event.time, what, amount)
        if event.late:
            effects.counts["winback_late_events_total", event.channel] += 1

    def _start(self, profile: Profile, trigger: Triggered, effects: Effects) -> None:
        for campaign_id, outcome, arm in self._enroller.start(profile, trigger):
            effects.counts["winback_triggers_total", campaign_id, outcome] += 1
            if outcome == ENTERED:
                of = {"campaign_id": campaign_id, "step": "", "variant": "", "arm": arm, "channel": ""}
                effects.cells.add("campaign_day", trigger.at, of, triggered=1)

    def _membership(self, change: Membership, effects: Effects) -> None:
        effects.rows.append((SEGMENTS_MEMBERSHIP, change.profile_id, change.row()))
        effects.counts["winback_segment_changes_total", change.segment, change.change] += 1

    def _transition(self, profile: Profile, transition: Transition, effects: Effects) -> None:
        effects.rows.append((CART_TRANSITIONS, profile.id, transition.row(profile.id)))
        if transition.target == ABANDONED:
            self._segments.on_abandoned(profile, transition.at)
        amounts = {"opened" if transition.reason == "opened" else _AS[transition.reason]: 1}
        if transition.target == ABANDONED and transition.value is not None:
            amounts["abandoned_value"] = transition.value
        effects.cells.add("cart_hour", transition.at, {"stage": transition.stage}, **amounts)
        for decision in self._enroller.on_transition(profile, transition):
            self._decision(profile, decision, effects)

    def _decision(self, profile: Profile, decision: Decision, effects: Effects) -> None:
        row, message, channel, at = decision
        if message is not None:
            effects.rows.append((RETARGETING_MESSAGES, profile.id, message))
            effects.counts["winback_messages_total", row["campaign_id"], message["channel"]] += 1
            effects.cells.add("channel_hour", at, {"channel": message["channel"]}, sends=1)
            effects.learned.sent(message["channel"], at)
            sent.forget_old(profile, at)
        effects.rows.append((RETARGETING_DECISIONS, profile.id, row))
        of = {
            "campaign_id": row["campaign_id"], "step": row["step"], "variant": row["variant"] or "",
            "arm": row["arm"], "channel": channel or "",
        }  # fmt: skip
        effects.cells.add("campaign_day", at, of, **{row["outcome"]: 1})
        labels = (row["campaign_id"], row["outcome"], row["reason"] or "")
        effects.counts["winback_decisions_total", *labels] += 1


_AS: Final = {
    "inactivity": "abandoned", "reopened": "reopened", "order": "converted", "emptied": "emptied", "expired": "expired",
    "order_cancelled": "reopened",
}  # fmt: skip
