"""What follows a trigger: an enrollment in a campaign, whose steps wait for their time, and what begins or ends it.

A profile has at most one enrollment in a campaign. What becomes of a step when it is due is decided in decide.py.
Contract 8.77 to 8.80.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Final, NamedTuple

from schemas.consent_said import ALL
from schemas.message_ids import MessageIds
from schemas.money import to_number
from schemas.unsubscribe_links import UnsubscribeLinks
from streams.core.campaigns import Campaign, Campaigns
from streams.core.cart.machine import Transition
from streams.core.contact.points import Lost
from streams.core.contact.statements import Statement
from streams.core.engagement.sent import on_decided
from streams.core.messaging import offers, take_back
from streams.core.messaging.decide import Decider, DeciderOf
from streams.core.messaging.decision import Decision
from streams.core.messaging.experiments import ExperimentAssignment
from streams.core.messaging.take_back import ended_by, order_of
from streams.core.orders.conversions import order_id
from streams.core.profile.event import Sealed
from streams.core.profile.machine import Leaving, Machine, Moment
from streams.core.profile.state import Enrollment, Profile, ScheduledStep
from streams.core.triggers.message_told import CLICKED
from streams.core.triggers.trigger import Triggered

_ENDS: Final = {"order": "converted", "emptied": "exited", "expired": "exited", "reopened": "exited"}
ENTERED: Final = "entered"


class Entry(NamedTuple):
    """A trigger met a campaign: `outcome` is entered, active (it has a enrollment already) or reentry (too soon)."""

    campaign: str
    outcome: str
    arm: str


class BeforeMerge(NamedTuple):
    """What two profiles were before they became one: last orders (epoch ms, -1 for none), and the loser's cart's id."""

    winner_order: int
    loser_order: int
    loser_cart: str | None

    @classmethod
    def of(cls, winner: Profile, loser: Profile) -> BeforeMerge:
        """The two as they stand."""
        return cls(winner.last_order, loser.last_order, None if loser.cart is None else loser.cart.id)


class Enroller(Machine[Sequence[Statement], Decision]):
    """The campaigns of a worker, applied to one profile at a time.

    The secret is that of the settings: draws are keyed with it. `unsubscribe` is where links lead by which a customer
    wants no more, empty for none. `decider` makes what decides. Times (`at`, `due`) are epoch milliseconds.
    """

    fields: ClassVar = frozenset({"enrollments", "last_enrolled", "arms", "contaminated", "offers"})

    def __init__(self, campaigns: Campaigns, secret: str, unsubscribe: str = "", decider: DeciderOf = Decider) -> None:
        self._campaigns = campaigns
        self._file = campaigns.file
        self._assignment = ExperimentAssignment(campaigns.file, secret)
        links = UnsubscribeLinks(secret, unsubscribe) if unsubscribe else None
        self._decider = decider(campaigns, self._assignment, MessageIds(secret), links)

    def due_at(self, profile: Profile, /) -> int | None:
        """When the next step of the profile is due, in epoch milliseconds; None without a step."""
        if not profile.enrollments:
            return None
        return min(scheduled.due for enrollment in profile.enrollments for scheduled in enrollment.steps)

    # ------------------------------------------------------------------ what begins one

    def start(self, profile: Profile, trigger: Triggered) -> list[Entry]:
        """Every campaign of this trigger, in the order of the file, lets the customer enter or does not."""
        entries = []
        for campaign in self._campaigns.by_trigger.get(trigger.type, ()):
            if trigger.campaign not in (None, campaign.id):
                continue
            if trigger.value is not None and to_number(trigger.value) < campaign.trigger.min_value:
                continue
            if campaign.trigger.condition is not None and not self._decider.asked(profile, campaign, trigger.about):
                continue
            outcome = self._refusal(profile, campaign, trigger.at)
            entries.append(Entry(campaign.id, outcome or ENTERED, self._assignment.arm(profile.id, campaign)))
            if outcome is not None:
                continue
            profile.last_enrolled[campaign.id] = trigger.at
            profile.enrollments.append(
                Enrollment(
                    campaign.id, trigger.type, trigger.at, trigger.since, trigger.ref, trigger.cart_id,
                    trigger.abandonment_no, trigger.products, trigger.about,
                    steps=[ScheduledStep(step.id, trigger.at + step.after) for step in campaign.steps],
                )
            )  # fmt: skip
        return entries

    def _transactional(self, campaign_id: str) -> bool:
        campaign = self._campaigns.by_id.get(campaign_id)
        return campaign is not None and campaign.transactional

    def _refusal(self, profile: Profile, campaign: Campaign, at: int) -> str | None:
        # Each order is confirmed, also while the confirmation of another one waits.
        if not campaign.transactional and any(one.campaign == campaign.id for one in profile.enrollments):
            return "active"
        last = profile.last_enrolled.get(campaign.id)
        if last is None or campaign.reentry == "always":
            return None
        return "reentry" if campaign.reentry == "never" or last + campaign.reentry > at else None

    # ------------------------------------------------------------------ what is due

    def on_time(self, profile: Profile, due: int, moment: Moment, /) -> Sequence[Decision]:
        """Decide the steps due at `due` (epoch milliseconds), each in its turn."""
        ready = [(enrollment, w) for enrollment in profile.enrollments for w in enrollment.steps if w.due <= due]
        ready.sort(key=lambda item: self._turn(*item))
        decisions = []
        for enrollment, scheduled in ready:
            decision = self._decider.decide(profile, enrollment, scheduled, moment)
            if decision is not None:
                decisions.append(decision)
                if not decision.waits:
                    enrollment.steps.remove(scheduled)
                    if enrollment.trigger == CLICKED and decision.row["outcome"] != "cancelled":
                        on_decided(profile, enrollment.about["message_id"])
        profile.enrollments = [enrollment for enrollment in profile.enrollments if enrollment.steps]
        return decisions

    # ------------------------------------------------------------------ what ends one

    def on_transition(self, profile: Profile, transition: Transition) -> Sequence[Decision]:
        """What ends or reopens a cart ends what it started."""
        reason = _ENDS.get(transition.reason)
        if reason is None or not profile.enrollments:
            return []
        return self.cancel(profile, transition.cart_id, reason, transition.at)

    def cancel(self, profile: Profile, cart_id: str, reason: str, at: int) -> list[Decision]:
        """End at `at` what the cart `cart_id` has started; `reason` is that of the rows that say so."""
        return self._end(profile, lambda enrollment: enrollment.cart_id == cart_id, reason, at)

    def on_order(self, profile: Profile, event: Sealed, cart_id: str | None) -> Sequence[Decision]:
        """An order ends what began before it; the rows that say so. Asked after the cart machine.

        `cart_id`: the cart that the order has converted, which may have been opened after it.

        An order that came late also takes back each message sent since that it would have prevented and that is still
        young enough to be on its way (`message_ttl`).
        """
        at, ref = event.time, f"order:{order_id(event)}"
        ended = self._end(
            profile,
            lambda s: not self._transactional(s.campaign) and ended_by(s.trigger, s.since, s.ref, at, ref),
            "converted", at,
        )  # fmt: skip
        if not event.late or not profile.sent:
            return ended
        return [*ended, *take_back.by_order(profile, event, ref, cart_id, self._campaigns)]

    def on_contents(self, profile: Profile, event: Sealed, cart_id: str) -> Sequence[Decision]:
        """Another call of an order tells that all of the cart `cart_id` was bought. Asked after the cart machine."""
        if not event.late or not profile.sent:
            return ()
        return take_back.by_contents(profile, event, cart_id, self._campaigns)

    def on_word(self, profile: Profile, event: Sealed, said: Sequence[Statement]) -> Sequence[Decision]:
        """A no, a complaint or a hard bounce: what was `said` takes back what has been decided and not delivered."""
        return take_back.by_word(profile, event, said, self._campaigns)

    def on_unclicked(self, profile: Profile, message_id: str, at: int) -> Sequence[Decision]:
        """The clicks on the message of this `message_id` prove to be a machine's: what waits of what they set off ends.

        `at`: when, in epoch milliseconds.
        """
        return self._end(profile, lambda s: s.trigger == CLICKED and s.about["message_id"] == message_id, "exited", at)

    def on_cancelled(self, profile: Profile, order: str, at: int) -> Sequence[Decision]:
        """An order (its order_id) is cancelled at `at` (epoch milliseconds): what thanks for it ends."""
        about = f"order:{order}"
        return self._end(profile, lambda s: s.trigger == "order_completed" and order_of(s.ref) == about, "exited", at)

    def on_event(self, profile: Profile, event: Sealed, said: Sequence[Statement], /) -> Sequence[Decision]:
        """An event may be a way out: a visit, a response to a message, a consent that was withdrawn."""
        active = event.is_activity
        withdrawn = [statement for statement in said if statement.withdraws]
        by_id = self._campaigns.by_id

        def ends(enrollment: Enrollment) -> bool:
            campaign = by_id.get(enrollment.campaign)
            exits = campaign.exit_on if campaign is not None else ()
            if (
                active
                and event.time > enrollment.at
                and (enrollment.trigger == "browse_abandoned" or "visited" in exits)
            ):
                return True
            if enrollment.engaged and "engaged" in exits:
                return True
            if campaign is None or campaign.transactional or "unsubscribed" not in exits:
                return False
            return any(
                no.topic in (None, campaign.topic) and _sent_on(profile, enrollment, no.channel) for no in withdrawn
            )

        return self._end(profile, ends, "exited", event.time)

    def absorb(self, winner: Profile, loser: Profile, _at: int, /) -> Sequence[Decision]:
        """What waits on either side is the winner's, and so is its arm, its codes and when it entered what.

        Who was in the other arm too is neither treated nor control any more: nothing more is sent of that campaign.
        """
        winner.enrollments.extend(loser.enrollments)
        both = {*winner.contaminated, *loser.contaminated}
        for campaign_id, arm in loser.arms.items():
            campaign = self._campaigns.by_id.get(campaign_id)
            if campaign is not None:
                mine = winner.arms.setdefault(campaign_id, self._assignment.arm(winner.id, campaign))
                if mine != arm:
                    both.add(campaign_id)
        winner.contaminated = sorted(both)
        for campaign_id, at in loser.last_enrolled.items():
            winner.last_enrolled[campaign_id] = max(at, winner.last_enrolled.get(campaign_id, at))
        offers.absorb(winner, loser)
        return ()

    def settle(self, winner: Profile, loser: Profile, before: BeforeMerge, at: int) -> Sequence[Decision]:
        """After a merge at `at` (epoch milliseconds), when all slices are one: what it ends; `before` is of both sides.

        First what the loser's cart has started: the two carts are one now, under the winner's id, and a step of the
        other would remind of it twice. Then what the other side's last order ends, then the loser's where both have the
        same campaign. The other side's last order also takes back what it would have prevented, its no what it forbids.
        """
        orders = (before.winner_order, before.loser_order)
        taken_back: list[Decision] = []
        if winner.sent and max(orders) >= 0:
            brought = {id(message) for message in loser.sent}
            taken_back = take_back.by_merge(winner, brought, orders, at, self._campaigns)
        if winner.sent and winner.consent:
            taken_back += take_back.by_merged_no(winner, at, self._campaigns)
        if not winner.enrollments:
            return taken_back
        cart = before.loser_cart
        gone = cart is not None and (winner.cart is None or winner.cart.id != cart)
        of_cart = self.cancel(winner, cart, "exited", at) if cart is not None and gone else []
        theirs = {id(enrollment) for enrollment in loser.enrollments}
        ended = self._end(
            winner,
            lambda s: not self._transactional(s.campaign) and ended_by(
                s.trigger, s.since, s.ref, before.winner_order if id(s) in theirs else before.loser_order, ""
            ),
            "converted", at,
        )  # fmt: skip
        taken = {s.campaign for s in winner.enrollments if id(s) not in theirs and not self._transactional(s.campaign)}
        double = self._end(winner, lambda s: id(s) in theirs and s.campaign in taken, "exited", at)
        return [*taken_back, *of_cart, *ended, *double]

    def divide(self, profile: Profile, share: Profile, _leaving: Leaving, /) -> Sequence[Decision]:
        """What waits stays, and so do arms and codes; a campaign that is contaminated is that on both sides."""
        share.contaminated = profile.contaminated
        return ()

    def _end(self, profile: Profile, ends: Callable[[Enrollment], bool], reason: str, at: int) -> list[Decision]:
        if not profile.enrollments:
            return []
        left: list[Enrollment] = []
        dropped: list[Enrollment] = []
        for enrollment in profile.enrollments:
            (dropped if ends(enrollment) else left).append(enrollment)
        if not dropped:
            return []
        profile.enrollments = left
        scheduled = sorted(((s, w) for s in dropped for w in s.steps), key=lambda item: self._turn(*item))
        return [self._decider.row(profile, s, w, "cancelled", reason, at) for s, w in scheduled]

    def on_lost(self, profile: Profile, lost: Lost) -> Sequence[Decision]:
        """An address is the customer's no more: messages to it that have not arrived are taken back."""
        return take_back.by_loss(profile, lost, self._file.message_ttl)

    def _turn(self, enrollment: Enrollment, scheduled: ScheduledStep) -> tuple[int, int, int, int, int, str]:
        """Whose turn it is among what is due."""
        campaign = self._campaigns.by_id.get(enrollment.campaign)
        place = self._campaigns.steps.get((enrollment.campaign, scheduled.step))
        return (
            scheduled.due,
            -campaign.priority if campaign is not None else 0,
            self._campaigns.place.get(enrollment.campaign, len(self._campaigns.place)),
            place[0] if place is not None else 0,
            enrollment.at,
            enrollment.ref,
        )


def _sent_on(profile: Profile, enrollment: Enrollment, channel: str) -> bool:
    """Whether a message of this enrollment was sent on the channel."""
    of = (enrollment.campaign, enrollment.ref, enrollment.abandonment_no)
    return any(
        channel in (ALL, sent.channel) and (sent.campaign, sent.ref, sent.abandonment_no) == of for sent in profile.sent
    )
