"""Which channel a customer is written to on: of those allowed, the one they respond to most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from streams.core.profile import Profile
from streams.core.sealed import Sealed

PRIOR_ENGAGED: Final = 1
PRIOR_SENT: Final = 10
"""Beta prior of one response in ten messages: it outweighs a customer's own rate until there are a few messages."""

_ENGAGED: Final = {
    "Email Opened": "email",
    "Email Link Clicked": "email",
    "SMS Link Clicked": "sms",
    "Push Notification Tapped": "push",
}


def on_event(profile: Profile, event: Sealed) -> None:
    """Count a response to a message."""
    channel = _ENGAGED.get(event.name)
    if channel is not None:
        profile.engagement.setdefault(channel, [0, 0])[1] += 1


def on_sent(profile: Profile, channel: str) -> None:
    """Count a message."""
    profile.engagement.setdefault(channel, [0, 0])[0] += 1


def best(profile: Profile, channels: Sequence[str]) -> str:
    """The channel with the highest smoothed rate of response; of equals the first. `channels` is not empty."""

    def rate(channel: str) -> float:
        sent, engaged = profile.engagement.get(channel, (0, 0))
        return (engaged + PRIOR_ENGAGED) / (sent + PRIOR_SENT)

    return max(channels, key=rate)


def absorb(winner: Profile, loser: Profile) -> None:
    """Counters add."""
    for channel, (sent, engaged) in loser.engagement.items():
        mine = winner.engagement.setdefault(channel, [0, 0])
        mine[0] += sent
        mine[1] += engaged
    if loser.sent:
        winner.sent = sorted([*winner.sent, *loser.sent])
