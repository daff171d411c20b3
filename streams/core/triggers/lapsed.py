"""lapsed: the last order was so long ago."""

from __future__ import annotations

from collections.abc import Sequence

from streams.core.campaigns import Campaign
from streams.core.profile.state import Profile
from streams.core.triggers.trigger import Triggered, ref


def due_at(profile: Profile, campaigns: Sequence[Campaign]) -> int | None:
    """When the first campaign is due that the last order has not set off yet: epoch milliseconds, None without one.

    Where a later order has set it off and was taken back, the one of before has had its turn.
    """
    last = profile.last_order
    if last < 0:
        return None
    said, first = profile.lapsed, None
    for campaign in campaigns:
        after = campaign.trigger.after
        if (first is None or after < first) and said.get(campaign.id, -1) < last:
            first = after
    return None if first is None else last + first


def on_time(profile: Profile, due: int, campaigns: Sequence[Campaign]) -> list[Triggered]:
    """The campaigns due at `due` (epoch milliseconds), in the order of the file; each once for one last order."""
    last, found = profile.last_order, []
    for campaign in campaigns:
        if last + campaign.trigger.after == due and profile.lapsed.get(campaign.id, -1) < last:
            profile.lapsed[campaign.id] = last
            found.append(Triggered("lapsed", due, due, ref(profile, "lapsed", last), campaign=campaign.id))
    return found


def absorb(winner: Profile, loser: Profile) -> None:
    """The later order of which it has been said."""
    for campaign, theirs in loser.lapsed.items():
        winner.lapsed[campaign] = max(theirs, winner.lapsed.get(campaign, theirs))
