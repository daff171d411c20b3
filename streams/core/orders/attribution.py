"""Touches: how a customer came into contact with which channel. What they earn is in crediting.py."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

from schemas.referrers import NoReferrers
from schemas.times import iso
from schemas.topics import DAY_MS
from streams.core.orders.crediting import DIRECT
from streams.core.profile.event import Sealed
from streams.core.profile.state import Profile, Touch

LOOKBACK_MS: Final = 30 * DAY_MS
SESSION_MS: Final = 30 * 60_000
LANDING_MS: Final = 5 * 60_000
"""A click and the page that it leads to are told within this of each other, by whatever clocks."""
MOST_TOUCHES: Final = 50
_NO_SOURCE: Final = frozenset({"direct", "none", "not set", "$direct"})
"""What analytics tools write where there is no source, in parentheses or not."""

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
REFERRAL: Final = "referral"
_TOLD: Final = frozenset({"Email Link Clicked", "SMS Link Clicked", "Push Notification Tapped", "Ad Clicked"})
"""Clicks that lead to a page of the shop."""
_MEDIA: Final = {
    "email": "email", "e-mail": "email", "newsletter": "email", "sms": "sms", "push": "push", "social": "social",
    "cpc": "ads", "ppc": "ads", "paid": "ads", "paidsearch": "ads", "display": "ads", "banner": "ads", "cpm": "ads",
    "retargeting": "ads", "organic": "search", "referral": "referral", "affiliate": "affiliate", "qr": "broadcast",
    "tv": "broadcast", "radio": "broadcast", "print": "mail", "messenger": "messenger",
}  # fmt: skip
_LONGEST: Final = 2_000
"""A longer text is neither a source, a medium nor a campaign."""
_LONGEST_HOST: Final = 253
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


def touch_of(event: Sealed, no_referrers: NoReferrers) -> Touch | None:
    """The touch an event is, if it is one: a click, or a visit with a campaign, from elsewhere or direct.

    From hosts of `no_referrers`, and from the shop's own, nobody comes: the customer was on the way back.
    """
    if (channel := _CLICKS.get(event.name)) is not None:
        if event.by_machine:
            return None
        campaign = event.properties.get("campaign_id")
        named = campaign if isinstance(campaign, str) and len(campaign) <= _LONGEST else None
        return Touch(event.time, channel, campaign=named, told=event.name in _TOLD)
    if not event.is_activity:
        return None
    given = event.context.get("campaign")
    if isinstance(given, dict):
        source, medium, name = (_word(given.get(key)) for key in ("source", "medium", "name"))
        if source is None and medium is None and (given.get("source") or given.get("medium")):
            return Touch(event.time, DIRECT)
        if source or medium:
            channel = _MEDIA.get((medium or "").lower()) or _site(source or "") or medium or source or DIRECT
            return Touch(event.time, channel, source, medium, name)
    if event.channel != "web":
        return Touch(event.time, event.channel if event.channel != "app" else DIRECT)
    host, own = _hosts(event)
    if host and host != own and not no_referrers.knows(host, own):
        return Touch(event.time, _site(host) or REFERRAL, host, REFERRAL)
    return Touch(event.time, DIRECT)


def on_event(profile: Profile, event: Sealed, no_referrers: NoReferrers) -> None:
    """Remember a touch, once a session and source; a direct visit only where no other touch opened the session.

    A click that the provider has told, and the page that it has led to, are one touch.
    """
    touch = touch_of(event, no_referrers)
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
        if known.told != touch.told and _is_landing(known, touch):
            page = known if touch.told else touch
            click = touch if touch.told else known
            known.channel, known.told = click.channel, True
            known.source, known.medium = page.source, page.medium
            known.campaign = click.campaign if page.campaign is None else page.campaign
            known.at = max(known.at, touch.at)
            return
    profile.touches.append(touch)
    if len(profile.touches) > MOST_TOUCHES:
        profile.touches = _kept(profile.touches)


def _is_landing(one: Touch, other: Touch) -> bool:
    """Whether, of a click and a visit, the visit is the page the click led to: soon, and of no other channel."""
    if abs(one.at - other.at) > LANDING_MS:
        return False
    return one.channel == other.channel or (one if other.told else other).medium == REFERRAL


def _kept(touches: list[Touch]) -> list[Touch]:
    """At most 50 touches of these, in order of time: the first and the last 49; the first counts those left out."""
    oldest = touches[-1].at - LOOKBACK_MS
    touches = [touch for touch in touches if touch.at >= oldest]
    if len(touches) <= MOST_TOUCHES:
        return touches
    out = touches[1 : 1 - MOST_TOUCHES]
    touches[0].skipped += len(out) + sum(touch.skipped for touch in out)
    return [touches[0], *touches[1 - MOST_TOUCHES :]]


def absorb(winner: Profile, loser: Profile) -> None:
    """The touches of both, in order of time."""
    if loser.touches:
        both = sorted(
            [*winner.touches, *loser.touches], key=lambda t: (t.at, t.channel, t.source or "", t.campaign or "")
        )
        winner.touches = _kept(both) if len(both) > MOST_TOUCHES else both


def before(profile: Profile, at: int) -> list[Touch]:
    """The touches an order at `at` is credited to: those of the 30 days before it."""
    return [touch for touch in profile.touches if at - LOOKBACK_MS <= touch.at <= at]


def shown(touches: Sequence[Touch]) -> list[dict[str, Any]]:
    """The touches as they stand on `conversions`."""
    return [
        {"channel": t.channel, "at": iso(t.at), "source": t.source, "medium": t.medium, "campaign": t.campaign}
        for t in touches
    ]


def count(touches: Sequence[Touch]) -> int:
    """How many touches there were, those that were not kept included."""
    return len(touches) + sum(touch.skipped for touch in touches)


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
    if not isinstance(url, str):
        return ""
    return _host_of(url if len(url) <= _LONGEST else url[: _LONGEST_HOST + 10])


@lru_cache(maxsize=4096)
def _host_of(url: str) -> str:
    try:
        host = (urlsplit(url).hostname or "").removeprefix("www.")
        return host if len(host) <= _LONGEST_HOST else ""
    except ValueError:
        return ""


def _word(value: Any) -> str | None:
    return _meant(value) if isinstance(value, str) and len(value) <= _LONGEST else None


@lru_cache(maxsize=4096)
def _meant(value: str) -> str | None:
    word = value.strip()
    return None if not word or word.lower().strip("() ") in _NO_SOURCE else word
