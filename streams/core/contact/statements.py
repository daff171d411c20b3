"""What an event says of consent and of addresses: who may be written to no more, or again, where, and why.

The one reading of these events: of consent (contract 8.56 to 8.58), of bounces (contract 8.60), and of what holds for
an address, whoever has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from schemas.consent_words import (
    BOUNCED,
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
    told_before,
)
from schemas.identifiers import ADVERTISING_ID, EMAIL, PHONE, PUSH_TOKEN
from schemas.names import (
    CONSENT_EVENTS,
    EMAIL_BOUNCED,
    EMAIL_MARKED_AS_SPAM,
    PUSH_NOTIFICATION_BOUNCED,
    SMS_FAILED,
    SUBSCRIPTION_CHANGED,
    UNSUBSCRIBED,
)
from streams.core.campaigns.trigger import LONGEST_TOPIC
from streams.core.contact.bounces import is_hard
from streams.core.profile.event import Sealed
from streams.core.profile.state import Dated

ALL: Final = "*"
"""The channel of a statement about a topic on all channels."""
_CHANNEL_OF: Final = {EMAIL: "email", PHONE: "sms", PUSH_TOKEN: "push", ADVERTISING_ID: "ads"}
_BOUNCES: Final = {EMAIL_BOUNCED: "email", SMS_FAILED: "sms", PUSH_NOTIFICATION_BOUNCED: "push"}
SAYING: Final = CONSENT_EVENTS | _BOUNCES.keys()
"""Names of the events that may say something; any event may by its traits."""
_EMPTY: Final = ("", None)


class Statement(NamedTuple):
    """One thing that an event says.

    `channel`: one on which a shop writes (`*` with a `topic`: on all of them). `given`: a yes, which lifts what was
    said before; else a no, whose `reason` is unsubscribed, complained or bounced. `hard` is False of a bounce that may
    not come again. `address`: the one that the event names on that channel; None: those that the profile has then.
    `counts`: the profile knows nothing newer of the channel.
    """

    channel: str
    topic: str | None
    given: bool
    reason: str
    hard: bool
    address: str | None
    counts: bool = True

    @property
    def withdraws(self) -> bool:
        """The customer has said no, and has not said yes since."""
        return self.counts and not self.given and self.reason != BOUNCED


def statements(event: Sealed, traits: Mapping[str, Dated]) -> list[Statement]:
    """All that an event says, in order; empty for most events.

    `traits` are the profile's before the event: a trait that has been repeated is no new yes.
    """
    name = event.name
    said: list[Statement] = []
    if name in SAYING:
        if name in _BOUNCES:
            channel = _BOUNCES[name]
            hard = is_hard(event.properties, channel)
            said.append(Statement(channel, None, False, BOUNCED, hard, addresses(event).get(channel)))
        else:
            said.extend(_of_consent(event))
    if event.traits and event.type != "group":
        said.extend(_of_traits(event, traits))
    return said


def addresses(event: Sealed) -> dict[str, str]:
    """The addresses that an event names, by channel: of several the strongest."""
    found: dict[str, str] = {}
    for one in event.identifiers:
        channel = _CHANNEL_OF.get(one["type"])
        if channel is not None:
            found.setdefault(channel, one["value"])
    return found


def _of_consent(event: Sealed) -> Iterator[Statement]:
    properties = event.properties
    if event.name == EMAIL_MARKED_AS_SPAM:
        yield Statement("email", None, False, COMPLAINED, True, addresses(event).get("email"))
        return
    if event.name == UNSUBSCRIBED and answer(properties.get("machine")) is True:
        # A scanner has followed the link: nobody has said anything. A browser's post is a person's word.
        return
    given = event.name == SUBSCRIPTION_CHANGED and subscribes(properties)
    named = properties.get("channel")
    if named is None:
        named = properties.get("channels")
    elif "channels" in properties and not given:
        named = [*_listed(named), *_listed(properties["channels"])]
    silent = named is None or (type(named) is str and not named.strip())
    for topic, wanted in _topics(event.name, properties, given=given):
        channels: tuple[str, ...]
        if silent and topic is None and event.channel in WRITTEN:
            channels = (event.channel,)
        else:
            channels = channels_of(named) or ((ALL,) if topic is not None else WRITTEN)
        yield from _about(event, channels, topic, given=wanted)


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


def _about(event: Sealed, channels: tuple[str, ...], topic: str | None, *, given: bool) -> Iterator[Statement]:
    known = addresses(event)
    reason = SUBSCRIBED if given else UNSUBSCRIBED_BY
    for channel in channels:
        yield Statement(channel, topic, given, reason, True, known.get(channel))


def _of_traits(event: Sealed, before: Mapping[str, Dated]) -> Iterator[Statement]:
    """Traits that say it. A yes counts in an identify call where the trait has changed to it, or was not known."""
    for name, value in claims_in(event.traits):
        found = claim(name)
        if found is None:
            continue
        if found.positive and not found.vague and answer(value) is True:
            if event.type == "identify" and answer(_before(before, name)) is not True:
                yield from _about(event, found.channels, None, given=True)
        elif refused := found.refused(value):
            yield from _about(event, refused, None, given=False)


def _before(traits: Mapping[str, Dated], name: str) -> Any:
    """What a trait, or one within a trait, has been until now; None if it has not been told."""
    known = traits.get(name)
    outer, *path = (name,) if known is not None else name.split(".")
    known = known or traits.get(outer)
    return None if known is None else told_before(known.value, path)


def _listed(named: Any) -> list[Any]:
    return named if type(named) is list else [] if named in _EMPTY else [named]


def _word(value: Any) -> str | None:
    text = str(value) if type(value) is int else value
    return text.strip().lower() or None if isinstance(text, str) else None
