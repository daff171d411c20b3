"""content_viewed: pages about a topic were seen, often enough in a while."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence
from typing import Any, Final

from schemas.consent_said import LONGEST_TOPIC
from schemas.names import ACTIVITY_CHANNELS
from streams.core.campaigns import Campaign
from streams.core.campaigns.trigger import MOST_TIMES
from streams.core.profile.event import Sealed
from streams.core.profile.state import Profile
from streams.core.triggers.trigger import Triggered, ref_of_event

MOST_TOPICS: Final = 20
_TYPES: Final = frozenset({"page", "screen", "track"})


def on_event(profile: Profile, event: Sealed, campaigns: Sequence[Campaign]) -> list[Triggered]:
    """Count the topics of an event; for each campaign the first that it takes and that was seen often enough."""
    properties = event.properties
    if ("topic" not in properties and "topics" not in properties) or event.type not in _TYPES:
        return []
    topics = _topics(properties) if event.channel in ACTIVITY_CHANNELS else []
    if not topics:
        return []
    for topic in topics:
        times = profile.topics.setdefault(topic, [])
        insort(times, event.time)
        del times[:-MOST_TIMES]
    _limit(profile)
    if event.late:
        return []
    found = []
    for campaign in campaigns:
        rule = campaign.trigger
        for topic in topics if rule.topic is None else [rule.topic] if rule.topic in topics else ():
            times = profile.topics.get(topic, [])
            seen = bisect_right(times, event.time) - bisect_right(times, event.time - rule.within)
            if seen >= rule.times:
                about = ref_of_event(profile, "content", event)
                found.append(
                    Triggered(
                        "content_viewed", event.time, event.time, about, about={"topic": topic}, campaign=campaign.id
                    )
                )
                break
    return found


def absorb(winner: Profile, loser: Profile) -> None:
    """The times of both, each once."""
    for topic, theirs in loser.topics.items():
        winner.topics[topic] = sorted({*theirs, *winner.topics.get(topic, ())})[-MOST_TIMES:]
    _limit(winner)


def _topics(properties: dict[str, Any]) -> list[str]:
    """`topic`, then `topics`, each once, trimmed and in lower case; at most 20."""
    one, many = properties.get("topic"), properties.get("topics")
    found: dict[str, None] = {}
    for said in (one, *(many if isinstance(many, list) else ())):
        if isinstance(said, str) and (topic := said.strip().lower()) and len(topic) <= LONGEST_TOPIC:
            found[topic] = None
            if len(found) == MOST_TOPICS:
                break
    return list(found)


def _limit(profile: Profile) -> None:
    topics = profile.topics
    while len(topics) > MOST_TOPICS:
        del topics[min(topics, key=lambda topic: (topics[topic][-1], topic))]
