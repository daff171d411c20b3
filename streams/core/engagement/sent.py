"""Messages that went out: kept for 31 days, and counted by channel for good."""

from __future__ import annotations

from typing import Final

from schemas.topics import DAY_MS
from streams.core.profile.state import Engagement, Profile, SentMessage

_LONGEST_WINDOW_MS: Final = 31 * DAY_MS
FOLLOWED: Final = "f"


def on_sent(profile: Profile, message: SentMessage) -> None:
    """A message went out: it is kept, and counted on its channel."""
    known = profile.engagement.get(message.channel)
    if known is None:
        known = profile.engagement[message.channel] = Engagement()
    known.sent += 1
    profile.sent.append(message)


def find(profile: Profile, message_id: str) -> SentMessage | None:
    """The message of this `message_id` that went to the profile in the last 31 days; None if there is none."""
    return next((message for message in reversed(profile.sent) if message.message_id == message_id), None)


def on_decided(profile: Profile, message_id: str) -> None:
    """Something is decided of what a click on a message (its `message_id`) has set off: no later click on it does."""
    message = find(profile, message_id)
    if message is not None and FOLLOWED not in message.flags:
        message.flags = "".join(sorted(message.flags + FOLLOWED))


def is_followed(profile: Profile, message_id: str) -> bool:
    """Whether something has been decided of what a click on a message (its `message_id`) has set off."""
    message = find(profile, message_id)
    return message is not None and FOLLOWED in message.flags


def forget_old(profile: Profile, at: int) -> None:
    """Keep the messages of the 31 days up to `at` (epoch milliseconds): nothing asks for an older one."""
    profile.sent = [message for message in profile.sent if message.at > at - _LONGEST_WINDOW_MS]


def absorb(winner: Profile, loser: Profile) -> None:
    """Counters add; each message that either side was sent counts once."""
    for channel, theirs in loser.engagement.items():
        mine = winner.engagement.setdefault(channel, Engagement())
        mine.sent += theirs.sent
        mine.engaged += theirs.engaged
    if not loser.sent:
        return
    by_id = {message.message_id: message for message in winner.sent}
    for message in loser.sent:
        known = by_id.setdefault(message.message_id, message)
        if known is not message:
            known.flags = "".join(sorted({*known.flags, *message.flags}))
            known.delivered = known.delivered or message.delivered
            known.clicks += [click for click in message.clicks if click not in known.clicks]
    winner.sent = sorted(by_id.values(), key=lambda message: (message.at, message.message_id))
