"""Touches, and how much of an order each channel is credited with under six common models.

Models and their names as in Google Analytics' multi-channel funnels: first, last, last non-direct, linear, time decay
(half-life seven days), position based (40 % first, 40 % last, 20 % between).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

from schemas.times import iso
from schemas.topics import DAY_MS
from streams.core.profile.event import Sealed
from streams.core.profile.state import Profile, Touch

LOOKBACK_MS: Final = 30 * DAY_MS
HALF_LIFE_MS: Final = 7 * DAY_MS
SESSION_MS: Final = 30 * 60_000
MOST_TOUCHES: Final = 50
DIRECT: Final = "direct"

_CLICKS: Final = {
    "Email Link Clicked": "email",
    "SMS Link Clicked": "sms",
    "Push Notification Tapped": "push",
    "Ad Clicked": "ads",
    "Post Liked": "social",
    "Post Shared": "social",
    "Post Commented": "social",
    "Store Visited": "store",
}
_MEDIA: Final = {
    "email": "email", "e-mail": "email", "newsletter": "email", "sms": "sms", "push": "push", "social": "social",
    "cpc": "ads", "ppc": "ads", "paid": "ads", "paidsearch": "ads", "display": "ads", "banner": "ads", "cpm": "ads",
    "retargeting": "ads", "organic": "search", "referral": "referral", "affiliate": "affiliate", "qr": "broadcast",
    "tv": "broadcast", "radio": "broadcast", "print": "mail", "messenger": "messenger",
}  # fmt: skip
_SEARCH: Final = ("google.", "bing.", "duckduckgo.", "yahoo.", "yandex.", "baidu.", "ecosia.")
_SOCIAL: Final = (
    "facebook.",
    "instagram.",
    "twitter.",
    "x.com",
    "t.co",
    "tiktok.",
    "pinterest.",
    "linkedin.",
    "reddit.",
)


def touch_of(event: Sealed) -> Touch | None:
    """The touch an event is, if it is one: a click, or a visit with a campaign, from elsewhere or direct."""
    if (channel := _CLICKS.get(event.name)) is not None:
        if event.by_machine:
            return None
        campaign = event.properties.get("campaign_id")
        return Touch(event.time, channel, campaign=campaign if isinstance(campaign, str) else None)
    if not event.is_activity:
        return None
    given = event.context.get("campaign")
    if isinstance(given, dict):
        source, medium, name = (_word(given.get(key)) for key in ("source", "medium", "name"))
        if source or medium:
            channel = _MEDIA.get((medium or "").lower()) or _site(source or "") or medium or source or DIRECT
            return Touch(event.time, channel, source, medium, name)
    if event.channel != "web":
        return Touch(event.time, event.channel if event.channel != "app" else DIRECT)
    host, own = _hosts(event)
    if host and host != own:
        return Touch(event.time, _site(host) or "referral", host, "referral")
    return Touch(event.time, DIRECT)


def on_event(profile: Profile, event: Sealed) -> None:
    """Remember a touch, once a session and source; a direct visit only where no other touch opened the session."""
    touch = touch_of(event)
    if touch is None:
        return
    touch.by = event.by
    for known in reversed(profile.touches):
        if abs(touch.at - known.at) > SESSION_MS:
            break
        if touch.channel == DIRECT or (known.channel, known.source, known.campaign) == (
            touch.channel, touch.source, touch.campaign,
        ):  # fmt: skip
            known.at = max(known.at, touch.at)
            return
    profile.touches.append(touch)
    if len(profile.touches) > MOST_TOUCHES:
        del profile.touches[0]


def absorb(winner: Profile, loser: Profile) -> None:
    """The touches of both, in order of time."""
    if loser.touches:
        both = sorted(
            [*winner.touches, *loser.touches], key=lambda t: (t.at, t.channel, t.source or "", t.campaign or "")
        )
        winner.touches = both[-MOST_TOUCHES:]


def before(profile: Profile, at: int) -> list[Touch]:
    """The touches an order at `at` is credited to: those of the 30 days before it."""
    return [touch for touch in profile.touches if at - LOOKBACK_MS <= touch.at <= at]


def shown(touches: Sequence[Touch]) -> list[dict[str, Any]]:
    """The touches as they stand on `conversions`."""
    return [
        {"channel": t.channel, "at": iso(t.at), "source": t.source, "medium": t.medium, "campaign": t.campaign}
        for t in touches
    ]


def credits(touches: Sequence[Touch], at: int) -> dict[str, dict[str, float]]:  # noqa: A001 - the contract's word
    """The shares of an order at `at` (epoch milliseconds): {model: {channel: share}}, of each model 1 together.

    Without touches the order is direct in all models.
    """
    channels = [touch.channel for touch in touches] or [DIRECT]
    n = len(channels)
    decay = [2.0 ** ((touch.at - at) / HALF_LIFE_MS) for touch in touches] or [1.0]
    last_other = next((i for i in reversed(range(n)) if channels[i] != DIRECT), n - 1)
    position = [0.4, *[0.2 / (n - 2)] * (n - 2), 0.4] if n > 2 else [1 / n] * n
    weights = {
        "first": [1.0] + [0.0] * (n - 1),
        "last": [0.0] * (n - 1) + [1.0],
        "last_non_direct": [float(i == last_other) for i in range(n)],
        "linear": [1 / n] * n,
        "time_decay": [w / sum(decay) for w in decay],
        "position": position,
    }
    return {model: _by_channel(channels, shares) for model, shares in weights.items()}


def _by_channel(channels: Sequence[str], shares: Sequence[float]) -> dict[str, float]:
    total: dict[str, float] = {}
    for channel, share in zip(channels, shares, strict=True):
        if share:
            total[channel] = total.get(channel, 0.0) + share
    return {channel: round(share, 6) for channel, share in total.items()}


def _site(name: str) -> str | None:
    """`search` or `social` for the hosts and utm sources that everybody knows."""
    host = f"{name.lower()}."
    if any(part in host for part in _SEARCH):
        return "search"
    return "social" if any(part in host for part in _SOCIAL) else None


def _hosts(event: Sealed) -> tuple[str, str]:
    """(host of the referrer, host of the page)."""
    page = event.context.get("page")
    page = page if isinstance(page, dict) else event.properties
    return _host(page.get("referrer")), _host(page.get("url"))


def _host(url: Any) -> str:
    return _host_of(url) if isinstance(url, str) else ""


@lru_cache(maxsize=4096)
def _host_of(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def _word(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None
