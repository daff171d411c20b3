"""The decision about one step at the moment it is due: send, hold out, suppress, or come back later.

`Decider.decide` is the whole list of checks, in the order of contract 8.82. Each looks at the profile as
it is at that instant.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from schemas.message_ids import MessageIds
from schemas.times import iso
from schemas.topics import HOUR_MS
from schemas.unsubscribe_links import UnsubscribeLinks
from streams.core.campaigns import Audience, Campaign, Campaigns, CampaignStep
from streams.core.contact import consent
from streams.core.engagement import hours
from streams.core.engagement.sent import on_sent
from streams.core.messaging import awaited, bought, caps, channels, offers
from streams.core.messaging import template_scope as scope
from streams.core.messaging.decision import ABANDONMENTS, Decision, digest, row, trigger_shown
from streams.core.messaging.experiments import CONTROL, ExperimentAssignment
from streams.core.messaging.render import Renderer, names_in
from streams.core.messaging.templating.names import Names
from streams.core.orders import conversions
from streams.core.profile.machine import Moment
from streams.core.profile.state import Enrollment, Profile, Reminder, ScheduledStep, SentMessage
from streams.core.protocol.ports import MAX_TIME, Addresses, GlobalStats


class Decider:
    """Decides by one campaigns file; `draws` say for whom, `message_ids` name the messages, `links` end them."""

    def __init__(
        self, campaigns: Campaigns, draws: ExperimentAssignment, message_ids: MessageIds,
        links: UnsubscribeLinks | None = None,
    ) -> None:  # fmt: skip
        self._campaigns = campaigns
        self._file = campaigns.file
        self._assignment = draws
        self._message_ids = message_ids
        self._links = links
        self._renderer = Renderer(campaigns)

    def decide(
        self, profile: Profile, enrollment: Enrollment, scheduled: ScheduledStep, moment: Moment
    ) -> Decision | None:
        """What becomes of a step that is due; None when it was moved to the customer's best hour.

        A step that comes back is left with its new time in `scheduled`.
        """
        at, wall, known = scheduled.due, moment.wall, moment.known
        campaign = self._campaigns.by_id.get(enrollment.campaign)
        place = self._campaigns.steps.get((enrollment.campaign, scheduled.step))
        if campaign is None or place is None:
            return self.row(profile, enrollment, scheduled, "cancelled", "exited", at)
        step = place[1]
        if wall is not None and wall - at > self._file.max_trigger_age:
            return self.row(profile, enrollment, scheduled, "suppressed", "stale", at)
        if step.hour == "best" and not scheduled.placed and self._moved(profile, scheduled, known):
            return None
        if not bought.take_out(profile, enrollment, at):
            return self.row(profile, enrollment, scheduled, "suppressed", "converted", at)
        if awaited.is_stale(enrollment, campaign):
            return self.row(profile, enrollment, scheduled, "suppressed", "stale", at)
        if (step.unless == "engaged" and enrollment.engaged) or not self._holds(profile, enrollment, step, at, known):
            return self.row(profile, enrollment, scheduled, "suppressed", "exited", at)
        if campaign.audience is not None and not _is_for(profile, campaign.audience):
            return self.row(profile, enrollment, scheduled, "suppressed", "exited", at)
        allowed, reason = self._allowed(profile, enrollment, campaign, step, at, moment.addresses)
        if not allowed:
            return self.row(profile, enrollment, scheduled, "suppressed", reason, at)
        if not campaign.transactional:
            quiet_end = caps.quiet_until(self._file.quiet_hours, self._zone(profile), at)
            if quiet_end is not None:
                return self._deferred(profile, enrollment, scheduled, "quiet_hours", quiet_end)
            if self._outranked(profile, campaign, at):
                return self._deferred(profile, enrollment, scheduled, "capped", (at // HOUR_MS + 1) * HOUR_MS)
        if campaign.id in profile.contaminated:
            return self.row(profile, enrollment, scheduled, "suppressed", "contaminated", at)
        channel = self._best_channel(profile, list(allowed), known, at)
        arm = self._assignment.arm(profile.id, campaign)
        if arm == CONTROL:
            profile.arms[campaign.id] = arm
            _use(enrollment, channel)
            return self.row(profile, enrollment, scheduled, "held_out", None, at, channel=channel)
        message = self._message(profile, enrollment, step, channel, allowed[channel], at, known)
        if message is None:
            return self.row(profile, enrollment, scheduled, "suppressed", "invalid_template", at, channel=channel)
        profile.arms[campaign.id] = arm
        _use(enrollment, channel)
        _remember(profile, enrollment, scheduled, message)
        return self.row(profile, enrollment, scheduled, "sent", None, at, channel=channel, message=message)

    def asked(self, profile: Profile, campaign: Campaign, about: dict[str, Any]) -> bool:
        """Whether the `if` of a campaign's trigger is true of the event that a trigger is `about`."""
        seen = {
            "event": about,
            "properties": about.get("properties"),
            "profile": scope.known_of(profile, self._campaigns),
        }
        return self._renderer.holds(campaign.trigger.condition or "false", seen)

    def row(
        self, profile: Profile, enrollment: Enrollment, scheduled: ScheduledStep, outcome: str, reason: str | None,
        at: int, *, channel: str | None = None, message: dict[str, Any] | None = None,
    ) -> Decision:  # fmt: skip
        """A decision about a step at `at` (epoch milliseconds); arm and variant are those drawn, whatever the outcome.

        `outcome` and `reason` are those of retargeting.decisions. `channel` is the one chosen, None if none was yet,
        and `message` the record for retargeting.messages, None unless one is sent.
        """
        campaign = self._campaigns.by_id.get(enrollment.campaign)
        place = self._campaigns.steps.get((enrollment.campaign, scheduled.step))
        value = row(
            profile, enrollment, scheduled.step,
            decision_id=_id(profile, enrollment, scheduled.step, str(scheduled.tries)),
            variant=self._assignment.variant(profile.id, campaign, place[1]) if campaign and place else None,
            arm=self._assignment.arm(profile.id, campaign) if campaign else "treatment",
            control_share=self._assignment.control_share(campaign) if campaign else None,
            outcome=outcome, reason=reason, message_id=message["message_id"] if message else None, at=at,
        )  # fmt: skip
        return Decision(value, message, channel, at)

    def _deferred(
        self, profile: Profile, enrollment: Enrollment, scheduled: ScheduledStep, reason: str, until: int
    ) -> Decision:
        decision = self.row(profile, enrollment, scheduled, "deferred", reason, scheduled.due)
        scheduled.due, scheduled.tries = until, scheduled.tries + 1
        return decision

    def _moved(self, profile: Profile, scheduled: ScheduledStep, known: GlobalStats) -> bool:
        """Put the step where the customer's best hour begins next, unless it is due in that hour already."""
        scheduled.placed = True
        zone = self._zone(profile)
        best = self._best_hour(profile, known, scheduled.due)
        if best is None or hours.local_hour(scheduled.due, zone) == best:
            return False
        scheduled.due = hours.next_begin(best, zone, scheduled.due)
        return True

    def _holds(self, profile: Profile, enrollment: Enrollment, step: CampaignStep, at: int, known: GlobalStats) -> bool:
        """The step's `if`. It sees what the message would show, less the channel, which has not been chosen yet."""
        if step.condition is None:
            return True
        _, seen = self._scope(profile, enrollment, step, None, at, known, names_in(step.condition))
        return self._renderer.holds(step.condition, seen)

    def _allowed(
        self,
        profile: Profile,
        enrollment: Enrollment,
        campaign: Campaign,
        step: CampaignStep,
        at: int,
        addresses: Addresses,
    ) -> tuple[dict[str, str], str]:
        """The channels left and where to write to on each; with none left, the check that took the last one."""
        used = enrollment.used if step.channel == "other" else ()
        points: dict[str, str] = {}
        for channel in step.candidates:
            if channel not in used and (to := channels.point(profile, self._campaigns, channel, at)) is not None:
                points[channel] = to
        if not points:
            return {}, "no_contact"
        default, deal = self._file.consent.default == "opt_out", campaign.transactional
        topic = None if deal else campaign.topic

        def may(channel: str, to: str) -> bool:
            if not (consent.deliverable(profile, channel) if deal
                    else consent.given(profile, channel, topic, default=default)):  # fmt: skip
                return False
            yes = consent.own_yes(profile, channel, topic, to)
            return not addresses.refuses(profile.id, channel, topic, to, at, own_yes=yes, deal=deal)

        left = {channel: to for channel, to in points.items() if may(channel, to)}
        if deal:
            return left, "no_consent"
        if not left:
            return {}, "no_consent"
        return {c: to for c, to in left.items() if not self._capped(profile, c, at)}, "capped"

    # What follows is all that looks at caps, and at what others do: streams/core/lockstep asks it of two files at once.

    def _capped(self, profile: Profile, channel: str, at: int) -> bool:
        return caps.capped(profile, self._file, channel, at)

    def _best_channel(self, profile: Profile, allowed: Sequence[str], known: GlobalStats, at: int) -> str:
        return channels.best(profile, allowed, known, at)

    def _best_hour(self, profile: Profile, known: GlobalStats, at: int) -> int | None:
        return hours.best(profile.hours, known.hours(at))

    def _outranked(self, profile: Profile, campaign: Campaign, at: int) -> bool:
        """Whether a campaign of higher priority has a step due in this hour of UTC, or has sent a message in it."""
        by_id, hour = self._campaigns.by_id, at // HOUR_MS
        for enrollment in profile.enrollments:
            other = by_id.get(enrollment.campaign)
            waits = any(scheduled.due // HOUR_MS == hour for scheduled in enrollment.steps)
            if waits and other is not None and other.priority > campaign.priority:
                return True
        for sent in reversed(profile.sent):
            if sent.at // HOUR_MS == hour:
                other = by_id.get(sent.campaign)
                if other is not None and other.priority > campaign.priority:
                    return True
        return False

    def _message(
        self,
        profile: Profile,
        enrollment: Enrollment,
        step: CampaignStep,
        channel: str,
        to: str,
        at: int,
        known: GlobalStats,
    ) -> dict[str, Any] | None:
        language = scope.language(profile, self._campaigns)
        wanted = self._renderer.names(step.template, channel, language)
        about, seen = self._scope(profile, enrollment, step, channel, at, known, wanted)
        if enrollment.cart_id is not None and seen["cart"] is None:
            return None
        rendered = self._renderer.render(step.template, channel, seen, language)
        if rendered is None:
            return None
        campaign = self._campaigns.by_id[enrollment.campaign]
        if about.offer is not None:
            offers.on_sent(profile, campaign, about.offer)
        expires = _expires(at + self._file.message_ttl, about.offer)
        quiet = None
        if not campaign.transactional:
            quiet = caps.quiet_after(self._file.quiet_hours, self._zone(profile), at, expires)
        return {
            "message_id": about.message_id,
            "campaign_id": enrollment.campaign,
            "step": step.id,
            "variant": about.variant,
            "profile_id": profile.id,
            "channel": channel,
            "to": to,
            "subject": rendered.subject,
            "body": rendered.body,
            "url": seen["url"],
            "offer": seen["offer"],
            "trigger": trigger_shown(enrollment),
            "decided_at": iso(at),
            "expires_at": iso(expires),
            "quiet_from": None if quiet is None else iso(quiet[0]),
            "quiet_until": None if quiet is None else iso(quiet[1]),
            **({"transactional": True} if campaign.transactional else {}),
        }

    def _scope(
        self,
        profile: Profile,
        enrollment: Enrollment,
        step: CampaignStep,
        channel: str | None,
        at: int,
        known: GlobalStats,
        wanted: Names,
    ) -> tuple[scope.About, dict[str, Any]]:
        campaign = self._campaigns.by_id[enrollment.campaign]
        variant = self._assignment.variant(profile.id, campaign, step)
        offer = offers.of_message(profile, campaign, step, variant, at, self._assignment)
        message_id = self._message_ids.of(profile.id, _id(profile, enrollment, step.id), enrollment.at)
        about = scope.About(message_id, step.id, variant, channel, offer, at)
        return about, scope.build(profile, enrollment, about, self._campaigns, known, self._links, wanted)

    def _zone(self, profile: Profile) -> str:
        return str(profile.zone.value) if profile.zone is not None else self._file.timezone


DeciderOf = Callable[[Campaigns, ExperimentAssignment, MessageIds, UnsubscribeLinks | None], Decider]
"""What makes the decider of a campaigns file."""


def _is_for(profile: Profile, audience: Audience) -> bool:
    """Whether the customer is in one of the segments that an audience asks for, and in none of the others."""
    members = profile.segments.members if profile.segments is not None else {}
    within = not audience.in_ or any(segment in members for segment in audience.in_)
    return within and not any(segment in members for segment in audience.not_in)


def _expires(until: int, offer: offers.Carried | None) -> int:
    """A message is never delivered after the offer in it has ended."""
    return min(until, MAX_TIME if offer is None else offer.expires, MAX_TIME)


def _id(profile: Profile, enrollment: Enrollment, step: str, *more: str) -> str:
    return digest(profile.id, enrollment.campaign, enrollment.ref, enrollment.abandonment_no, step, *more)


def _use(enrollment: Enrollment, channel: str) -> None:
    if channel not in enrollment.used:
        enrollment.used.append(channel)


def _remember(profile: Profile, enrollment: Enrollment, scheduled: ScheduledStep, message: dict[str, Any]) -> None:
    """The message is on its way: caps, feedback and orders will ask for it."""
    at, channel, message_id = scheduled.due, message["channel"], message["message_id"]
    on_sent(profile, SentMessage(
        at, channel, message_id, enrollment.campaign, scheduled.step, enrollment.ref, "", message["variant"],
        enrollment.abandonment_no, enrollment.trigger, enrollment.at, enrollment.since, message["to"],
    ))  # fmt: skip
    if enrollment.trigger in ABANDONMENTS:
        conversions.on_reminder(profile, Reminder(
            enrollment.ref, enrollment.abandonment_no, at, enrollment.campaign, scheduled.step, message["variant"],
            channel, message_id,
        ))  # fmt: skip
