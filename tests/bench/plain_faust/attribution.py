"""Touches of the plain job: how a visit came about, and what share of an order each channel gets."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from tests.bench.plain_faust.models import Profile, Stitched

SESSION_SECONDS = 30 * 60
CLICKS = {"Email Link Clicked": "email", "SMS Link Clicked": "sms", "Push Notification Tapped": "push"}


def touched(profile: Profile, event: Stitched) -> None:
    """Remember a click, or a visit: once a session and source."""
    source = None
    if (channel := CLICKS.get(event.name)) is None:
        if event.type not in ("page", "screen", "track") or event.channel not in ("web", "app", "store"):
            return
        campaign = event.context.get("campaign")
        if isinstance(campaign, dict) and (source := campaign.get("source")):
            channel = campaign.get("medium") or source
        else:
            page = event.context.get("page")
            referrer = page.get("referrer") if isinstance(page, dict) else None
            source = urlsplit(referrer).hostname if isinstance(referrer, str) else None
            channel = "referral" if source else "direct"
    last = profile.touches[-1] if profile.touches else None
    if last is not None and _seconds(last["at"], event.event_time) < SESSION_SECONDS and last["channel"] == channel:
        return
    profile.touches.append({"channel": channel, "at": event.event_time, "source": source, "campaign": None})
    del profile.touches[:-50]


def credits_of(profile: Profile) -> dict[str, dict[str, float]]:
    """Shares of one by channel under three models."""
    channels = [touch["channel"] for touch in profile.touches] or ["direct"]
    linear: dict[str, float] = {}
    for channel in channels:
        linear[channel] = round(linear.get(channel, 0.0) + 1 / len(channels), 6)
    return {"first": {channels[0]: 1.0}, "last": {channels[-1]: 1.0}, "linear": linear}


def _seconds(before: str, after: str) -> float:
    return (datetime.fromisoformat(after) - datetime.fromisoformat(before)).total_seconds()
