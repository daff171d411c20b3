"""Touches: how a customer came into contact with which channel. What they earn is in crediting.py."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final
from urllib.parse import urlsplit

from msgspec.structs import replace

from schemas.referrers import NoReferrers
from schemas.times import iso
from schemas.topics import DAY_MS
from streams.core.orders.crediting import DIRECT
from streams.core.profile.event import Sealed
from streams.core.profile.state import Profile, Touch

LOOKBACK_MS: Final = 30 * DAY_MS
"""Without a word of the campaigns file."""
SESSION_MS: Final = 30 * 60_000
LANDING_MS: Final = 5 * 60_000
"""A click and the page that it leads to are told within this of each other, by whatever clocks."""
MOST_TOUCHES: Final = 50
"""An order is credited to so many at most."""
MOST_KEPT: Final = 150
"""More are kept than one order needs: those of before are out of a later order's reach, and another is its first."""
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
        source, medium, name = _word(given.get("source")), _word(given.get("medium")), _word(given.get("name"))
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


def on_event(profile: Profile, event: Sealed, no_referrers: NoReferrers, lookback: int = LOOKBACK_MS) -> None:
    """Remember a touch, once a session and source; a direct visit only where no other touch opened the session.

    A click that the provider has told, and the page that it has led to, are one touch. `lookback` (milliseconds) is how
    long before an order touches count.
    """
    touch = touch_of(event, no_referrers)
    if touch is None:
        return
    touch.by = event.by
    for known in reversed(profile.touches):
        if abs(touch.at - known.at) > SESSION_MS:
            break
        if touch.channel == DIRECT or (
            known.channel == touch.channel and known.source == touch.source and known.campaign == touch.campaign
        ):
            known.at = max(known.at, touch.at)
            return
        if known.told != touch.told and _is_landing(known, touch):
            page = known if touch.told else touch
            click = touch if touch.told else known
            known.channel, known.told = click.channel, True
            known.source, known.medium = page.source, page.medium
            known.campaign = click.campaign if page.campaign is None else page.campaign
            known.at = max(known.at, touch.at)
            known.changes += 1
            event.touch = _told(known, known.id)
            return
    opened = blake2b(event.message_id.encode(), digest_size=8).hexdigest()
    if touch.channel != DIRECT:
        touch.id, touch.opened = opened, touch.at
    event.touch = _told(touch, opened)
    profile.touches.append(touch)
    if len(profile.touches) > MOST_KEPT:
        profile.touches = _within(profile.touches, touch.at - lookback, MOST_KEPT)


def _told(touch: Touch, opened: str) -> dict[str, Any]:
    """A touch as it stands on `stitched.events`."""
    at = touch.opened if touch.id else touch.at
    return {"id": opened, "change": touch.changes, **_shown(touch), "at": iso(at)}


def _is_landing(one: Touch, other: Touch) -> bool:
    """Whether, of a click and a visit, the visit is the page the click led to: soon, and of no other channel."""
    if abs(one.at - other.at) > LANDING_MS:
        return False
    return one.channel == other.channel or (one if other.told else other).medium == REFERRAL


def _within(touches: list[Touch], since: int, most: int) -> list[Touch]:
    """At most so many touches from `since` on: the first and the last ones; the first counts those left out."""
    touches = [touch for touch in touches if touch.at >= since]
    if len(touches) <= most:
        return touches
    out = touches[1 : 1 - most]
    skipped = touches[0].skipped + len(out) + sum(touch.skipped for touch in out)
    return [replace(touches[0], skipped=skipped), *touches[1 - most :]]


def absorb(winner: Profile, loser: Profile, lookback: int = LOOKBACK_MS) -> None:
    """The touches of both, in order of time; `lookback` as of an event."""
    if loser.touches:
        both = sorted(
            [*winner.touches, *loser.touches], key=lambda t: (t.at, t.channel, t.source or "", t.campaign or "")
        )
        winner.touches = _within(both, both[-1].at - lookback, MOST_KEPT) if len(both) > MOST_KEPT else both


def before(profile: Profile, at: int, lookback: int = LOOKBACK_MS) -> list[Touch]:
    """The touches an order at `at` is credited to: those of the `lookback` (milliseconds) before it, 50 at most.

    Of more it is the first one and the last ones; the first one says how many there were in between.
    """
    return _within([touch for touch in profile.touches if touch.at <= at], at - lookback, MOST_TOUCHES)


def shown(touches: Sequence[Touch]) -> list[dict[str, Any]]:
    """The touches as they stand on `conversions`."""
    return [_shown(touch) for touch in touches]


def _shown(t: Touch) -> dict[str, Any]:
    return {"channel": t.channel, "at": iso(t.at), "source": t.source, "medium": t.medium, "campaign": t.campaign}


def count(touches: Sequence[Touch]) -> int:
    """How many touches there were, those that were not kept included."""
    return len(touches) + sum(touch.skipped for touch in touches)


@lru_cache(maxsize=4096)
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
