"""Which channel a customer is written to on: where there is a contact point, and of those the one they respond to.

Contract 8.65 (contact points) and contract 8.84 (`best`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from streams.core.campaigns import Campaigns
from streams.core.profile.state import Profile
from streams.core.protocol.ports import GlobalStats

PRIOR_ENGAGED: Final = 1
PRIOR_SENT: Final = 10
"""Beta prior, of everybody and of a customer: one response in ten messages while nothing is known of anybody, and
everybody's rate weighs as much as ten messages to the customer."""


def point(profile: Profile, campaigns: Campaigns, channel: str, at: int) -> str | None:
    """Where to write to on a channel at `at` (epoch ms); None for nowhere, or a contact point not seen for too long.

    Of broadcast it is the first billboard of the store nearest to the customer; of ads the advertising id, else the
    e-mail address. Contract 8.65.
    """
    if channel == "broadcast":
        here = profile.location
        near = campaigns.stores.nearest(here.latitude, here.longitude) if here is not None else None
        return near[0].billboards[0] if near is not None and near[0].billboards else None
    known = profile.contacts.get(channel)
    if known is None and channel == "ads":
        known = profile.contacts.get("email")
    if known is None:
        return None
    stale_after = campaigns.file.stale_after.get(channel)  # type: ignore[call-overload]
    return None if stale_after is not None and at - known.at > stale_after else str(known.value)


def best(profile: Profile, channels: Sequence[str], known: GlobalStats, at: int) -> str:
    """The channel with the highest smoothed rate of response; of equals the first. `channels` is not empty.

    rate = (engaged + 10 prior) / (sent + 10), prior = (1 + everybody's engaged) / (10 + everybody's sent) on it, as
    known at `at` (epoch milliseconds). Contract 8.84.
    """

    def rate(channel: str) -> float:
        mine = profile.engagement.get(channel)
        sent, engaged = (0, 0) if mine is None else (mine.sent, mine.engaged)
        all_sent, all_engaged = known.rate(channel, at)
        # One division of whole numbers, so that equal rates are equal numbers.
        weight = PRIOR_SENT + all_sent
        return (engaged * weight + PRIOR_SENT * (PRIOR_ENGAGED + all_engaged)) / ((sent + PRIOR_SENT) * weight)

    return channels[0] if len(channels) == 1 else max(channels, key=rate)
