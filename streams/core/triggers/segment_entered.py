"""segment_entered: a customer is in a segment from now on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from streams.core.campaigns import Campaign, Campaigns
from streams.core.profile.state import Profile
from streams.core.segments.machine import ENTERED, Membership
from streams.core.triggers.trigger import Triggered, ref


def by_segment(campaigns: Campaigns) -> dict[str, list[Campaign]]:
    """The campaigns of this trigger, in the order of the file, by the id of the segment that each waits for."""
    found: dict[str, list[Campaign]] = {}
    for campaign in campaigns.by_trigger.get("segment_entered", ()):
        found.setdefault(campaign.trigger.segment or "", []).append(campaign)
    return found


def on_change(profile: Profile, change: Membership, waiting: Mapping[str, Sequence[Campaign]]) -> list[Triggered]:
    """The triggers of a change; `waiting` is of `by_segment`. Each is for one campaign."""
    if change.change != ENTERED:
        return []
    of = ref(profile, "segment", change.segment, change.at, change.nth)
    return [
        Triggered("segment_entered", change.at, change.at, of, about={"segment": change.segment}, campaign=campaign.id)
        for campaign in waiting.get(change.segment, ())
    ]
