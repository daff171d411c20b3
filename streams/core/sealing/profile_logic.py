"""What one profile does at one instant: an event takes effect, a timer fires, another profile is absorbed.

The parts of a profile (cart, consent, triggers, enrollments, ...) are asked in the order written here and nowhere
else. Each method changes the profile that it is given, and puts what follows from it into `Effects`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from schemas.money import micros
from schemas.names import AD_SPEND_RECORDED, FEEDBACK_EVENTS, ORDER_COMPLETED, ORDER_REFUNDED
from schemas.orders import refund_value
from schemas.topics import (
    CART_TRANSITIONS,
    CONVERSIONS,
    DAY_MS,
    RETARGETING_DECISIONS,
    RETARGETING_MESSAGES,
)  # fmt: skip
from streams.core.aggregates.cells import Cells
from streams.core.aggregates.population import GlobalStats, NoStats, StatsDelta
from streams.core.campaigns import Campaigns
from streams.core.cart import machine as cart
from streams.core.cart.machine import Transition
from streams.core.contact import consent
from streams.core.contact import points as contact
from streams.core.engagement import feedback
from streams.core.messaging import channels
from streams.core.messaging.decision import BROWSED, Decision
from streams.core.messaging.enrollment import ENTERED, Enroller
from streams.core.orders import attribution
from streams.core.orders import conversions as orders
from streams.core.orders.conversions import Conversion
from streams.core.products.changes import ProductChange
from streams.core.profile.event import Sealed
from streams.core.profile.state import Cart, Profile
from streams.core.triggers import abandoned
from streams.core.triggers.registry import Triggers
from streams.core.triggers.trigger import Triggered

DEDUPLICATION_MS: Final = DAY_MS
_PRUNE_SEEN: Final = 64
_LONGEST_WINDOW_MS: Final = 31 * DAY_MS


@dataclass(slots=True)
class Effects:
    """What follows from an event or timer: rows by topic, in order; totals; counters; what everybody learns of it.

    A row is (topic, profile id, row). `known` is what was known of everybody before.
    """

    cells: Cells
    rows: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    counts: Counter[tuple[str, ...]] = field(default_factory=Counter)
    observed: list[tuple[tuple[str, ...], float]] = field(default_factory=list)
    known: GlobalStats = field(default_factory=NoStats)
    learned: StatsDelta = field(default_factory=StatsDelta)


class ProfileLogic:
    """All rules over one profile, under one campaigns file.

    The secret is that of the settings: draws for customers are keyed with it. Times (`at`, `upto`, `wall`) are epoch
    milliseconds.
    """

    def __init__(self, campaigns: Campaigns, secret: str) -> None:
        self._enroller = Enroller(campaigns, secret)
        self._triggers = Triggers(campaigns)
        self._asks_orders = "lapsed" in campaigns.by_trigger
        self._timezone = campaigns.file.timezone

    def due_at(self, profile: Profile) -> int | None:
        """When the profile's next timer is due (epoch ms): of its cart, a visit, a last order, or a step that waits."""
        first = None if profile.cart is None else cart.due_at(profile)
        due = self._triggers.due_at(profile) if profile.browsed or self._asks_orders else None
        if due is not None and (first is None or due < first):
            first = due
        due = self._enroller.due_at(profile) if profile.enrollments else None
        return due if first is None or (due is not None and due < first) else first

    def on_time(self, profile: Profile, upto: int, wall: int | None, effects: Effects) -> int | None:
        """Fire every timer due at or before `upto`, in order of time; returns when the next is due, None without one.

        Of equals the cart's first, then those that triggers wait for, then steps. `wall` is the wall clock that the
        round was started at, None under the event clock.
        """
        while (due := self.due_at(profile)) is not None and due <= upto:
            if cart.due_at(profile) == due:
                self._transitions(profile, cart.on_time(profile, due), effects)
            elif self._triggers.due_at(profile) == due:
                self._start(profile, self._triggers.on_time(profile, due), effects)
            else:
                if wall is not None:
                    effects.observed.append((("winback_trigger_delay_seconds",), (wall - due) / 1000))
                self._decisions(profile, self._enroller.on_time(profile, due, wall, effects.known), effects)
        return due

    def on_event(self, profile: Profile, event: Sealed, effects: Effects) -> bool:
        """An event takes effect; False when the profile has had it already (messageId, 24 h)."""
        if _is_repeat(profile, event):
            self.on_repeat(event, effects)
            return False
        withdrawn = consent.on_event(profile, event)
        contact.on_event(profile, event)
        if profile.sent or event.name in FEEDBACK_EVENTS:
            self._feedback(profile, event, effects)
        attribution.on_event(profile, event)
        self._count(event, effects)
        if profile.enrollments:
            self._decisions(profile, self._enroller.on_event(profile, event, withdrawn), effects)
        ordered = event.name == ORDER_COMPLETED
        counted = self._order(profile, event, effects) if ordered else None
        self._transitions(profile, cart.on_event(profile, event), effects)
        if ordered:
            self._decisions(profile, self._enroller.on_order(profile, event, orders.order_id(event)), effects)
        if found := self._triggers.on_event(profile, event, counted):
            self._start(profile, found, effects)
        return True

    def on_product(self, profile: Profile, change: ProductChange, effects: Effects) -> None:
        """Something has happened to a product that the profile is interested in."""
        self._start(profile, self._triggers.on_product(profile, change), effects)

    def on_repeat(self, event: Sealed, effects: Effects) -> None:
        """An event that has had its effect already: counted, so that no event goes missing unseen."""
        effects.counts["winback_duplicates_total",] += 1
        effects.cells.add("duplicate_hour", event.time, {"channel": event.channel}, duplicates=1)

    def absorb(self, winner: Profile, loser: Profile, at: int, effects: Effects) -> None:
        """A merge at `at` takes effect: the loser's state becomes the winner's (docs/contract.md section 3)."""
        lost = loser.cart.id if loser.cart is not None else None
        last_orders = winner.last_order, loser.last_order
        self._enroller.absorb(winner, loser)
        transitions = cart.absorb(winner, loser, at)
        consent.absorb(winner, loser)
        contact.absorb(winner, loser)
        channels.absorb(winner, loser)
        feedback.absorb(winner, loser)
        attribution.absorb(winner, loser)
        orders.absorb(winner, loser)
        self._triggers.absorb(winner, loser)
        for message_id, seen in loser.seen.items():
            winner.seen[message_id] = max(seen, winner.seen.get(message_id, seen))
        for message_id, clock in loser.late_seen.items():
            winner.late_seen[message_id] = max(clock, winner.late_seen.get(message_id, clock))
        self._transitions(winner, transitions, effects)
        if lost is not None and (winner.cart is None or winner.cart.id != lost):
            # The two carts are one now, under the winner's id: a step of the other would remind of it twice.
            self._decisions(winner, self._enroller.cancel(winner, lost, "exited", at), effects)
        self._decisions(winner, self._enroller.settle(winner, loser, last_orders, at), effects)

    def divide(self, profile: Profile, to: str, by: Container[str], at: int, effects: Effects) -> Cart | None:
        """A split at `at`: the cart that the profile `to` (hex) gets of this one's lines, None for no lines.

        Its lines are those that the identifiers in `by` have brought.
        """
        theirs, transitions = cart.divide(profile, to, by, at)
        self._transitions(profile, transitions, effects)
        return theirs

    def arrive(self, profile: Profile, effects: Effects) -> None:
        """A profile that a split has made: its cart stands here as it stood there, but reminds nobody again."""
        self._transitions(profile, cart.arrived(profile), effects, starts=False)

    def _order(self, profile: Profile, event: Sealed, effects: Effects) -> Conversion | None:
        conversion = orders.on_completed(profile, event)
        if conversion is None:
            return None
        effects.rows.append((CONVERSIONS, profile.id, conversion.row))
        worth = conversion.value
        effects.cells.add("channel_hour", event.time, {"channel": event.channel}, orders=1, revenue=worth)
        credited = conversion.recovered
        if credited is not None:
            if not credited.cart_id.startswith(BROWSED):
                stage = {"stage": "checkout" if profile.cart is not None and profile.cart.checkout else "cart"}
                effects.cells.add("cart_hour", event.time, stage, recovered=1, recovered_value=worth)
            of = {
                "campaign_id": credited.campaign, "step": credited.step, "variant": credited.variant or "",
                "arm": "treatment", "channel": credited.channel,
            }  # fmt: skip
            effects.cells.add("campaign_day", event.time, of, conversions=1, revenue=worth)
        if isinstance(products := event.properties.get("products"), list):
            effects.learned.bought(products, event.clock)
        return conversion

    def _feedback(self, profile: Profile, event: Sealed, effects: Effects) -> None:
        zone = self._timezone if profile.zone is None else profile.zone.value
        told = feedback.on_event(profile, event, zone)
        if told is None:
            return
        if told.counts is not None:
            effects.cells.add("campaign_day", event.time, told.of, **{told.counts: 1})
        if told.channel is not None:
            effects.learned.engaged(told.channel, told.hour, event.clock)

    def _count(self, event: Sealed, effects: Effects) -> None:
        name, amount = event.name, 1
        what = feedback.counted(event) if name else None
        if what is None:
            if name == ORDER_REFUNDED:
                what, amount = "refunds", refund_value(event.properties)
            elif name == AD_SPEND_RECORDED:
                what, amount = "cost", micros(event.properties.get("cost")) or 0
        effects.cells.add_event(event.channel, event.time, what, amount)
        if event.late:
            effects.counts["winback_late_events_total", event.channel] += 1

    def _start(self, profile: Profile, triggers: Iterable[Triggered], effects: Effects) -> None:
        for trigger in triggers:
            for campaign_id, outcome, arm in self._enroller.start(profile, trigger):
                effects.counts["winback_triggers_total", campaign_id, outcome] += 1
                if outcome == ENTERED:
                    of = {"campaign_id": campaign_id, "step": "", "variant": "", "arm": arm, "channel": ""}
                    effects.cells.add("campaign_day", trigger.at, of, triggered=1)

    def _transitions(
        self, profile: Profile, transitions: list[Transition], effects: Effects, *, starts: bool = True
    ) -> None:
        for transition in transitions:
            effects.rows.append((CART_TRANSITIONS, profile.id, transition.row(profile.id)))
            amounts = {"opened" if transition.reason == "opened" else _AS[transition.reason]: 1}
            if transition.target == cart.ABANDONED:
                amounts["abandoned_value"] = transition.value
            effects.cells.add("cart_hour", transition.at, {"stage": transition.stage}, **amounts)
            self._decisions(profile, self._enroller.on_transition(profile, transition), effects)
            trigger = abandoned.on_transition(transition)
            if trigger is not None and starts:
                self._start(profile, (trigger,), effects)

    def _decisions(self, profile: Profile, decisions: list[Decision], effects: Effects) -> None:
        for row, message, channel, at in decisions:
            if message is not None:
                effects.rows.append((RETARGETING_MESSAGES, profile.id, message))
                effects.counts["winback_messages_total", row["campaign_id"], message["channel"]] += 1
                effects.cells.add("channel_hour", at, {"channel": message["channel"]}, sends=1)
                effects.learned.sent(message["channel"], at)
                profile.sent = [s for s in profile.sent if s.at > at - _LONGEST_WINDOW_MS]
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
}  # fmt: skip


def _is_repeat(profile: Profile, event: Sealed) -> bool:
    """Has this messageId taken effect here within 24 h of event time? Remembers it if not."""
    seen, time = profile.seen, event.time
    first = seen.get(event.message_id)
    if first is not None and abs(time - first) < DEDUPLICATION_MS:
        return True
    seen[event.message_id] = time
    if event.late:
        # A history that is read in again comes late, too: what is remembered of it must last a day from now.
        profile.late_seen[event.message_id] = event.clock
    if len(seen) % _PRUNE_SEEN == 0:
        since, late = event.clock - DEDUPLICATION_MS, profile.late_seen
        profile.seen = {m: t for m, t in seen.items() if t > since or late.get(m, 0) > since}
        profile.late_seen = {m: t for m, t in late.items() if t > since}
    return False
