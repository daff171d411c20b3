"""What follows an abandonment: steps that wait for their time, and the decision to send, defer, suppress or hold out.

Decisions are made at send time against the profile of that instant. The checks and their order are `_why_not`.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, NamedTuple

from schemas.money import to_number
from schemas.times import iso
from streams.core import caps, channels, consent
from streams.core import lines as cart_lines
from streams.core.campaigns import Campaign, Campaigns, CampaignStep
from streams.core.cart import ABANDONED, Transition
from streams.core.profile import Profile, Reminder, Sequence, Waiting
from streams.core.render import Renderer, with_message_id

_CANCELS = {"order": "converted", "emptied": "exited", "expired": "exited", "reopened": "exited"}


class Decision(NamedTuple):
    """One outcome of one step: the row for `retargeting.decisions`, and the message if there is one."""

    row: dict[str, Any]
    message: dict[str, Any] | None
    channel: str | None
    at: int


class Sequencer:
    """The campaigns of a worker, applied to one profile at a time."""

    def __init__(self, campaigns: Campaigns, secret: str) -> None:
        self._campaigns = campaigns
        self._file = campaigns.file
        self._renderer = Renderer(campaigns)
        self._arm_key = blake2b(secret.encode(), digest_size=32, person=b"winback-arm").digest()

    def due_at(self, profile: Profile) -> int | None:
        """When the next step of the profile is due."""
        return min((waiting.due for sequence in profile.sequences for waiting in sequence.waiting), default=None)

    def on_transition(self, profile: Profile, transition: Transition) -> list[Decision]:
        """An abandonment starts the campaign of its stage; what ends or reopens the cart cancels what waits."""
        if transition.target == ABANDONED:
            self._start(profile, transition)
            return []
        reason = _CANCELS.get(transition.reason)
        if reason is None:
            return []
        return self.cancel(profile, transition.cart_id, reason, transition.at)

    def cancel(self, profile: Profile, cart_id: str, reason: str, at: int) -> list[Decision]:
        """Drop the waiting steps of a cart, each with a row that says why."""
        dropped = [sequence for sequence in profile.sequences if sequence.cart_id == cart_id]
        profile.sequences = [sequence for sequence in profile.sequences if sequence.cart_id != cart_id]
        return [
            self._decision(profile, sequence, waiting, "cancelled", reason, at)
            for sequence in dropped
            for waiting in sequence.waiting
        ]

    def on_time(self, profile: Profile, due: int, wall: int | None) -> list[Decision]:
        """Decide the steps due now. `wall` is the wall clock the round was started at, None under the event clock."""
        ready = [(sequence, w) for sequence in profile.sequences for w in sequence.waiting if w.due <= due]
        for sequence, waiting in ready:
            sequence.waiting.remove(waiting)
        decisions = [self._decide(profile, sequence, waiting, wall) for sequence, waiting in ready]
        profile.sequences = [sequence for sequence in profile.sequences if sequence.waiting]
        return decisions

    def absorb(self, winner: Profile, loser: Profile) -> None:
        """What waits and what was sent on either side is the winner's, and so is its arm.

        Who was in the other arm too is neither treated nor control any more: nothing more is sent of that campaign.
        """
        winner.sequences.extend(loser.sequences)
        winner.reminders = sorted([*winner.reminders, *loser.reminders], key=lambda r: (r.at, r.message_id))
        both = {*winner.contaminated, *loser.contaminated}
        for campaign_id, arm in loser.arms.items():
            campaign = self._campaigns.by_id.get(campaign_id)
            if campaign is not None and winner.arms.setdefault(campaign_id, self._arm(winner, campaign)) != arm:
                both.add(campaign_id)
        winner.contaminated = sorted(both)

    def _start(self, profile: Profile, transition: Transition) -> None:
        for campaign in self._campaigns.by_trigger.get(f"{transition.stage}_abandoned", ()):
            if to_number(transition.value) >= campaign.trigger.min_value:
                waiting = [Waiting(step.id, transition.at + step.after) for step in campaign.steps]
                profile.sequences.append(
                    Sequence(
                        campaign.id, campaign.trigger.on, transition.at, transition.opened_at, transition.cart_id,
                        transition.cart_id, transition.abandonment_no, waiting=waiting,
                    )
                )  # fmt: skip

    def _decide(self, profile: Profile, sequence: Sequence, step: Waiting, wall: int | None) -> Decision:
        known = self._campaigns.steps.get((sequence.campaign, step.step))
        if known is None:
            return self._decision(profile, sequence, step, "cancelled", "exited", step.due)
        campaign, rule = self._campaigns.by_id[sequence.campaign], known[1]
        if wall is not None and wall - step.due > self._file.max_trigger_age:
            return self._decision(profile, sequence, step, "suppressed", "stale", step.due)
        allowed, reason = self._allowed(profile, rule, step.due)
        if not allowed:
            return self._decision(profile, sequence, step, "suppressed", reason, step.due)
        zone = profile.zone[0] if profile.zone is not None else self._file.timezone
        quiet_end = caps.quiet_until(self._file.quiet_hours, zone, step.due)
        if quiet_end is not None:
            decision = self._decision(profile, sequence, step, "deferred", "quiet_hours", step.due)
            step.due, step.tries = quiet_end, step.tries + 1
            sequence.waiting.append(step)
            return decision
        if campaign.id in profile.contaminated:
            return self._decision(profile, sequence, step, "suppressed", "contaminated", step.due)
        channel = channels.best(profile, allowed)
        arm = self._arm(profile, campaign)
        if arm == "control":
            profile.arms[campaign.id] = arm
            return self._decision(profile, sequence, step, "held_out", None, step.due, channel=channel)
        message = self._message(profile, campaign, rule, sequence, step, channel)
        if message is None:
            return self._decision(profile, sequence, step, "suppressed", "invalid_template", step.due, channel=channel)
        profile.arms[campaign.id] = arm
        self._sent(profile, sequence, step, message)
        return self._decision(profile, sequence, step, "sent", None, step.due, channel=channel, message=message)

    def _allowed(self, profile: Profile, rule: CampaignStep, now: int) -> tuple[list[str], str]:
        """The channels left after contact, consent and caps; with none left, the check that took the last one."""
        default = self._file.consent.default == "opt_out"
        left: list[str] = [c for c in rule.candidates if c in profile.contacts]
        if not left:
            return [], "no_contact"
        left = [c for c in left if consent.given(profile, c, default=default)]
        if not left:
            return [], "no_consent"
        return [c for c in left if not caps.capped(profile, self._file, c, now)], "capped"

    def _message(
        self, profile: Profile, campaign: Campaign, rule: CampaignStep, sequence: Sequence, step: Waiting, channel: str
    ) -> dict[str, Any] | None:
        cart = profile.cart
        if cart is None:
            return None
        message_id = _digest(profile, sequence, step)
        products = cart_lines.shown(cart.lines)
        for product in products:
            if product["url"]:
                product["url"] = with_message_id(product["url"], message_id)
        url = next((product["url"] for product in products if product["url"]), None)
        worth = {"value": to_number(cart_lines.value(cart)), "currency": cart.currency}
        variant = self._variant(profile, campaign, rule)
        scope = {
            "profile": {"id": profile.id, **{name: value for name, (value, _) in profile.traits.items()}},
            "cart": {"id": cart.id, "stage": "checkout" if cart.checkout else "cart", **worth},
            "products": products,
            "url": url,
            "variant": variant,
            "message_id": message_id,
        }
        rendered = self._renderer.render(rule.template, channel, scope)
        if rendered is None:
            return None
        return {
            "message_id": message_id,
            "campaign_id": campaign.id,
            "step": rule.id,
            "variant": variant,
            "profile_id": profile.id,
            "channel": channel,
            "to": profile.contacts[channel][0],
            "subject": rendered.subject,
            "body": rendered.body,
            "url": url,
            "offer": None,
            "trigger": _trigger(sequence),
            "decided_at": iso(step.due),
            "expires_at": iso(step.due + self._file.message_ttl),
        }

    def _sent(self, profile: Profile, sequence: Sequence, step: Waiting, message: dict[str, Any]) -> None:
        channels.on_sent(profile, message["channel"])
        profile.sent.append([
            step.due, message["channel"], message["message_id"], sequence.campaign, step.step, sequence.ref, "",
            message["variant"], sequence.abandonment_no, sequence.trigger, sequence.at,
        ])  # fmt: skip
        of = (sequence.ref, sequence.abandonment_no)
        if all((r.cart_id, r.abandonment_no) != of for r in profile.reminders):
            profile.reminders.append(
                Reminder(
                    *of, step.due, sequence.campaign, step.step, message["variant"], message["channel"],
                    message["message_id"],
                )
            )  # fmt: skip

    def _arm(self, profile: Profile, campaign: Campaign) -> str:
        return "control" if self._draw(profile, campaign, "holdout") < campaign.holdout else "treatment"

    def _variant(self, profile: Profile, campaign: Campaign, rule: CampaignStep) -> str | None:
        left = self._draw(profile, campaign, "variant") * sum(rule.variants.values())
        for name, weight in rule.variants.items():
            if left < weight:
                return name
            left -= weight
        return None

    def _draw(self, profile: Profile, campaign: Campaign, what: str) -> float:
        """A number in [0, 1), always the same for this profile and campaign: a keyed hash, so nobody can steer it."""
        digest = blake2b(f"{what}|{profile.id}|{campaign.id}".encode(), digest_size=8, key=self._arm_key).digest()
        return int.from_bytes(digest, "big") / 2**64

    def _decision(
        self, profile: Profile, sequence: Sequence, step: Waiting, outcome: str, reason: str | None, at: int,
        *, channel: str | None = None, message: dict[str, Any] | None = None,
    ) -> Decision:  # fmt: skip
        campaign = self._campaigns.by_id.get(sequence.campaign)
        known = self._campaigns.steps.get((sequence.campaign, step.step))
        row = {
            "decision_id": _digest(profile, sequence, step, str(step.tries)),
            "profile_id": profile.id,
            "campaign_id": sequence.campaign,
            "step": step.step,
            "variant": self._variant(profile, campaign, known[1]) if campaign and known else None,
            "arm": self._arm(profile, campaign) if campaign else "treatment",
            "outcome": outcome,
            "reason": reason,
            "message_id": message["message_id"] if message else None,
            "trigger": _trigger(sequence),
            "decided_at": iso(at),
        }
        return Decision(row, message, channel, at)


def _trigger(sequence: Sequence) -> dict[str, Any]:
    return {"type": sequence.trigger, "at": iso(sequence.at), "cart_id": sequence.cart_id}


def _digest(profile: Profile, sequence: Sequence, step: Waiting, *more: str) -> str:
    """32 hex digits that are the same whenever this step of this sequence is decided again."""
    parts = (profile.id, sequence.campaign, sequence.ref, str(sequence.abandonment_no), step.step, *more)
    return blake2b("|".join(parts).encode(), digest_size=16).hexdigest()
