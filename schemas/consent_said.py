"""What an event says of consent in so many words, channel by channel and topic by topic. Contract 8.56 and 8.57."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from schemas.consent_words import (
    COMPLAINED,
    STATES,
    SUBSCRIBED,
    UNSUBSCRIBED_BY,
    WRITTEN,
    answer,
    channels_of,
    claim,
    claims_in,
    subscribes,
)
from schemas.names import EMAIL_MARKED_AS_SPAM, SUBSCRIPTION_CHANGED, UNSUBSCRIBED

ALL: Final = "*"
"""The channel of a word about a topic on all channels."""
LONGEST_TOPIC: Final = 100
"""A longer text is no topic."""
_EMPTY: Final = ("", None)


class Said(NamedTuple):
    """One yes (`given`) or no: about a `channel` (`*` with a `topic`: all of them), and a `topic` or the whole (None).

    `reason`: subscribed, unsubscribed or complained.
    """

    channel: str
    topic: str | None
    given: bool
    reason: str


def said(name: str, channel: str, properties: Mapping[str, Any]) -> Iterator[Said]:
    """What an event of CONSENT_EVENTS says: its `name`, the `channel` that it came on, and its `properties`."""
    if name == EMAIL_MARKED_AS_SPAM:
        yield Said("email", None, False, COMPLAINED)
        return
    if name == UNSUBSCRIBED and answer(properties.get("machine")) is True:
        # A scanner has followed the link: nobody has said anything. A browser's post is a person's word.
        return
    given = name == SUBSCRIPTION_CHANGED and subscribes(properties)
    named = properties.get("channel")
    if named is None:
        named = properties.get("channels")
    elif "channels" in properties and not given:
        named = [*_listed(named), *_listed(properties["channels"])]
    silent = named is None or (type(named) is str and not named.strip())
    for topic, wanted in _topics(name, properties, given=given):
        channels: tuple[str, ...]
        if silent and topic is None and channel in WRITTEN:
            channels = (channel,)
        else:
            channels = channels_of(named) or ((ALL,) if topic is not None else WRITTEN)
        for one in channels:
            yield Said(one, topic, wanted, SUBSCRIBED if wanted else UNSUBSCRIBED_BY)


def refused_in(traits: Mapping[str, Any]) -> Iterator[Said]:
    """Each no that `traits` say; whether a yes in them is one depends on what they were before."""
    for name, value in claims_in(traits):
        found = claim(name)
        if found is not None and not (found.positive and not found.vague and answer(value) is True):
            for one in found.refused(value):
                yield Said(one, None, False, UNSUBSCRIBED_BY)


def _topics(name: str, properties: Mapping[str, Any], *, given: bool) -> Iterator[tuple[str | None, bool]]:
    """The topics that an event is about, each with whether it is wanted; None: the channels as a whole.

    They are `topic`, else `topics`: one, a list, or an object that says of each. One that no campaign can have says
    nothing.
    """
    named = properties.get("topic")
    if named is None:
        named = properties.get("topics")
    if type(named) is dict:
        may = name == SUBSCRIPTION_CHANGED and (given or not any(state in properties for state in STATES))
        told = {word: may and answer(named[one]) is True for one in named if (word := _word(one))}
    else:
        told = dict.fromkeys((word for one in _listed(named) if (word := _word(one))), given)
    if not told:
        yield None, given
    yield from ((topic, wanted) for topic, wanted in told.items() if len(topic) <= LONGEST_TOPIC)


def _listed(named: Any) -> list[Any]:
    return named if type(named) is list else [] if named in _EMPTY else [named]


def _word(value: Any) -> str | None:
    text = str(value) if type(value) is int else value
    return text.strip().lower() or None if isinstance(text, str) else None
