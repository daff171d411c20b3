"""hashtag_used: a post with one of the shop's hashtags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from streams.core.campaigns import Campaign
from streams.core.profile.event import Sealed
from streams.core.profile.state import Profile
from streams.core.triggers.trigger import Triggered, ref_of_event


def on_post(profile: Profile, event: Sealed, campaigns: Sequence[Campaign]) -> list[Triggered]:
    """For each campaign the first hashtag of the post that it takes."""
    hashtags, found = _hashtags(event.properties), []
    for campaign in campaigns:
        wanted = campaign.trigger.hashtags
        used = next((tag for tag in hashtags if not wanted or tag in wanted), None)
        if used is not None:
            about = ref_of_event(profile, "hashtag", event)
            found.append(
                Triggered("hashtag_used", event.time, event.time, about, about={"hashtag": used}, campaign=campaign.id)
            )
    return found


def _hashtags(properties: dict[str, Any]) -> list[str]:
    """`hashtags`, then `hashtag`, without the leading sign and in lower case."""
    many, one = properties.get("hashtags"), properties.get("hashtag")
    said = (*(many if isinstance(many, list) else ()), one)
    tags = (tag.strip().lstrip("#").lower() for tag in said if isinstance(tag, str))
    return [tag for tag in tags if tag]
