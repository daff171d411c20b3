"""Consent by channel: what the customer said last, and what holds when nothing was said."""

from __future__ import annotations

from typing import Any, Final

from streams.core.profile import Profile
from streams.core.sealed import Sealed

_NO: Final = frozenset({"false", "no", "0", "off", "unsubscribed"})
_SAYING: Final = frozenset({"Subscription Changed", "Unsubscribed", "Email Marked as Spam"})
_YES: Final = frozenset({"true", "yes", "1", "on", "subscribed"})


def on_event(profile: Profile, event: Sealed) -> None:
    """Subscription Changed, Unsubscribed and Email Marked as Spam; the newest event time wins."""
    if event.name not in _SAYING:
        return
    said: bool | None = None
    channel = event.properties.get("channel")
    channel = channel.strip().lower() if isinstance(channel, str) and channel.strip() else event.channel
    if event.name == "Subscription Changed":
        said = _truth(event.properties.get("subscribed"))
    elif event.name == "Unsubscribed":
        said = False
    elif event.name == "Email Marked as Spam":
        channel, said = "email", False
    if said is None:
        return
    known = profile.consent.get(channel)
    if known is None or event.time >= known[1]:
        profile.consent[channel] = [said, event.time]


def given(profile: Profile, channel: str, *, default: bool) -> bool:
    """Whether this customer may be written to on this channel."""
    known = profile.consent.get(channel)
    return default if known is None else bool(known[0])


def absorb(winner: Profile, loser: Profile) -> None:
    """The strictest consent wins: once withdrawn on either side, withdrawn."""
    for channel, theirs in loser.consent.items():
        mine = winner.consent.get(channel)
        if mine is None or (mine[0] and not theirs[0]) or (mine[0] == theirs[0] and theirs[1] > mine[1]):
            winner.consent[channel] = theirs


def _truth(value: Any) -> bool | None:
    text = str(value).strip().lower()
    return True if text in _YES else False if text in _NO else None
