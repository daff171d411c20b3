"""Consent: what the customer said last, by channel and by topic; what holds when nothing was said; and what bounced.

Keys are `email`, `email:offers` (that topic on that channel), `*:offers` (on all), and `email!bounced`: an address that
nothing can be delivered to. It stands beside what the customer said, so that another address does not undo a no.
Contract 8.47, 8.48 and 8.49.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from schemas.identifiers import EMAIL, PHONE, PUSH_TOKEN
from schemas.names import (
    EMAIL_BOUNCED,
    EMAIL_MARKED_AS_SPAM,
    PUSH_NOTIFICATION_BOUNCED,
    SMS_FAILED,
    SUBSCRIPTION_CHANGED,
    UNSUBSCRIBED,
)
from streams.core.campaigns.trigger import LONGEST_TOPIC
from streams.core.profile.event import Sealed
from streams.core.profile.state import Consent, Profile

ALL: Final = "*"
_MARK: Final = "!"

_NO: Final = frozenset({"false", "no", "0", "off", "unsubscribed"})
_YES: Final = frozenset({"true", "yes", "1", "on", "subscribed"})
_SAYING: Final = frozenset({SUBSCRIPTION_CHANGED, UNSUBSCRIBED, EMAIL_MARKED_AS_SPAM})
_BOUNCES: Final = {
    EMAIL_BOUNCED: ("email", EMAIL),
    SMS_FAILED: ("sms", PHONE),
    PUSH_NOTIFICATION_BOUNCED: ("push", PUSH_TOKEN),
}
_SOFT: Final = ("soft", "transient", "temporary", "deferred")


class Withdrawn(NamedTuple):
    """A no: to a channel (`*`: all of them), or to one topic on it."""

    channel: str
    topic: str | None


def on_event(profile: Profile, event: Sealed) -> Withdrawn | None:
    """What an event says of consent; the newest event time wins. Returns what it withdraws, if it counts."""
    if event.name in _SAYING:
        return _said(profile, event)
    if event.name in _BOUNCES:
        _bounced(profile, event, *_BOUNCES[event.name])
    return None


def given(profile: Profile, channel: str, topic: str | None = None, *, default: bool) -> bool:
    """Whether this customer may be written to on this channel, about this topic.

    `default` holds for the channel when nothing was said; for a topic, that it was not refused is enough.
    """
    consent = profile.consent
    if not consent:
        return default
    said = consent.get(channel)
    if not (default if said is None else said.given) or _bounce(channel) in consent:
        return False
    return topic is None or (_yes(consent.get(f"{channel}:{topic}")) and _yes(consent.get(f"{ALL}:{topic}")))


def reached(profile: Profile, channel: str, value: str, at: int) -> None:
    """A contact point of a channel was seen at `at` (epoch milliseconds).

    A bounce of another address ends, unless it is later; `value` is the address.
    """
    bounced = profile.consent.get(_bounce(channel))
    if bounced is not None and bounced.address != value and at >= bounced.at:
        del profile.consent[_bounce(channel)]


def absorb(winner: Profile, loser: Profile) -> None:
    """The strictest consent wins: once withdrawn on either side, withdrawn. What bounced on either side has bounced."""
    for key, theirs in loser.consent.items():
        mine = winner.consent.get(key)
        if mine is None or (mine.given and not theirs.given) or (mine.given == theirs.given and theirs.at > mine.at):
            winner.consent[key] = theirs


def _said(profile: Profile, event: Sealed) -> Withdrawn | None:
    said: bool | None = False
    topic, channel = _word(event.properties.get("topic")), _word(event.properties.get("channel"))
    if event.name == EMAIL_MARKED_AS_SPAM:
        channel, topic = "email", None
    elif event.name == SUBSCRIPTION_CHANGED:
        said = _truth(event.properties.get("subscribed"))
    if channel is None:
        channel = event.channel if topic is None else ALL
    if said is None or _MARK in channel or max(len(channel), len(topic or "")) > LONGEST_TOPIC:
        return None
    key = channel if topic is None else f"{channel}:{topic}"
    known = profile.consent.get(key)
    if known is not None and event.time < known.at:
        return None
    profile.consent[key] = Consent(said, event.time)
    if not said:
        return Withdrawn(channel, topic)
    bounced = profile.consent.get(_bounce(key))
    if bounced is not None and event.time >= bounced.at:
        del profile.consent[_bounce(key)]
    return None


def _bounced(profile: Profile, event: Sealed, channel: str, type_: str) -> None:
    """Nothing can be delivered to an address: unless it was for a while only, or something newer is known."""
    for name in ("bounce_type", "type"):
        kind = event.properties.get(name)
        if channel == "email" and isinstance(kind, str) and any(word in kind.lower() for word in _SOFT):
            return
    known = profile.contacts.get(channel)
    value = next(
        (one["value"] for one in event.identifiers if one["type"] == type_), known.value if known is not None else ""
    )
    said, before = profile.consent.get(channel), profile.consent.get(_bounce(channel))
    newer = (
        (before is not None and before.at > event.time)
        or (said is not None and said.given and said.at > event.time)
        or (known is not None and known.at > event.time and known.value != value)
    )
    if not newer:
        profile.consent[_bounce(channel)] = Consent(False, event.time, value)


def _bounce(channel: str) -> str:
    return f"{channel}{_MARK}bounced"


def _yes(said: Consent | None) -> bool:
    return said is None or said.given


def _word(value: Any) -> str | None:
    return value.strip().lower() or None if isinstance(value, str) else None


def _truth(value: Any) -> bool | None:
    text = str(value).strip().lower()
    return True if text in _YES else False if text in _NO else None
