"""Topics that are named like raw topics and are none: what a producer sends there, nobody reads."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from typing import Final, NamedTuple

from schemas.topics import CHANNELS, catalog, channel_topic

LIKE: Final = 0.6
"""How much of the names of two channels has to be the same (difflib's ratio) for one to be meant by the other."""
_LIKE_CHANNELS: Final = 0.8
_PARTS: Final = re.compile(r"[^a-z0-9]+")
_HEAD: Final = re.compile(r"channels?")
_KNOWN: Final = frozenset(topic.name for topic in catalog())


class Unread(NamedTuple):
    """A topic that nobody reads, and the raw topic that is probably meant, if any is near."""

    topic: str
    nearest: str | None

    def __str__(self) -> str:
        """The topic with the nearest one, as a person is told."""
        return self.topic + (f" (did you mean {self.nearest}?)" if self.nearest else "")


def unread(names: Iterable[str]) -> list[Unread]:
    """Those of the `names` of a broker's topics that look like raw topics and are not, in the order of their names.

    `channels.` with any word behind it does; other names do if a raw topic is near: channel.web, channels-web,
    Channels.Web, shop.channels.web, chanels.web, channels.webb.
    """
    found = []
    for name in sorted(set(names) - _KNOWN):
        channel = _channel_in(name)
        if channel is None:
            continue
        nearest = _nearest(channel)
        if nearest is not None or name.startswith("channels."):
            found.append(Unread(name, nearest))
    return found


def _channel_in(name: str) -> str | None:
    """What stands behind the word `channels`, or one like it, in a topic's name."""
    parts = [part for part in _PARTS.split(name.casefold()) if part]
    for at, part in enumerate(parts):
        behind = "".join(parts[at + 1 :])
        if head := _HEAD.match(part):
            return part[head.end() :] + behind
        if behind and SequenceMatcher(None, part, "channels").ratio() >= _LIKE_CHANNELS:
            return behind
    return None


def _nearest(channel: str) -> str | None:
    like, best = max((SequenceMatcher(None, channel, known).ratio(), known) for known in CHANNELS)
    return channel_topic(best) if like >= LIKE else None
