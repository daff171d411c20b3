"""What producers call a channel, a yes and a no: words of a consent, on events and in traits. Contract 8.52 to 8.54."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

WRITTEN: Final = ("email", "sms", "push", "ads", "messenger", "mail", "broadcast")
"""The channels on which a shop writes to customers."""
SUBSCRIBED, UNSUBSCRIBED_BY, COMPLAINED, BOUNCED = "subscribed", "unsubscribed", "complained", "bounced"
ALWAYS: Final = frozenset({BOUNCED, COMPLAINED})
"""Reasons that hold for whatever is to be sent; the others for what asks for consent alone."""
_SYNONYMS: Final = {
    "email": ("email", "emails", "mails", "mailing", "newsletter", "newsletters", "emailmarketing", "emailnewsletter"),
    "sms": ("sms", "smses", "text", "texts", "txt", "textmessage", "textmessages", "texting", "mobile", "phone", "mms",
            "smsmarketing"),
    "push": ("push", "pushes", "pushnotification", "pushnotifications", "webpush", "mobilepush", "apppush",
             "notification", "notifications", "browserpush"),
    "ads": ("ads", "ad", "advertising", "advertisement", "advertisements", "adaudience", "audiences"),
    "messenger": ("messenger", "whatsapp", "viber", "telegram", "messengers"),
    "broadcast": ("broadcast", "billboard"),
}  # fmt: skip
_CHANNELS: Final[dict[str, tuple[str, ...]]] = {
    **{word: (channel,) for channel, words in _SYNONYMS.items() for word in words},
    # Of letters or of e-mails: nobody can tell.
    "mail": ("email", "mail"),
    **dict.fromkeys(("postal", "postalmail", "print", "directmail", "letter", "letters", "post"), ("mail",)),
}
_PLAIN: Final = re.compile(r"[^0-9a-z]+")
_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SEPARATORS: Final = re.compile(r"[,;|/+&]|\band\b")

_YES: Final = frozenset({
    "true", "yes", "y", "t", "1", "on", "ok", "subscribed", "subscribe", "resubscribed", "optin", "optedin", "in",
    "enabled", "active", "granted", "given", "accepted", "allowed", "confirmed",
})  # fmt: skip
_NO: Final = frozenset({
    "false", "no", "n", "f", "0", "off", "unsubscribed", "unsubscribe", "optout", "optedout", "out", "never",
    "disabled", "inactive", "denied", "declined", "rejected", "revoked", "withdrawn", "none", "cleaned", "blocked",
    "notsubscribed",
})  # fmt: skip
STATES: Final = (
    "subscribed", "status", "state", "subscription_status", "subscription_state", "subscription", "consent", "opt_in",
    "optIn", "opted_in", "optedIn", "value", "action", "new_status", "newStatus", "isSubscribed", "is_subscribed",
)  # fmt: skip
"""Properties of Subscription Changed that say what it has changed to."""
_REFUSALS: Final = ("unsubscribed", "opt_out", "optOut", "opted_out", "optedOut")
_STATE_OF: Final = ("state", "status", "subscribed", "consent")
"""Where an object that is a consent says what it is."""


class Claim(NamedTuple):
    """What a trait's name claims to say: of the `channels`, that they are wanted (`positive`) or that they are not.

    A positive name without a channel may be about something else: `vague`, only a clear no counts.
    """

    channels: tuple[str, ...]
    positive: bool
    vague: bool


def channels_of(named: Any) -> tuple[str, ...] | None:
    """The channels that a property `channel` names; None for none, for all, and for one on which nobody writes.

    `named` is a text, or a list of texts; several may stand in one text.
    """
    if type(named) is str:
        return _channels_in(named) or None
    if type(named) is not list or not named:
        return None
    found: dict[str, None] = {}
    for word in named:
        channels = _channels_in(word) if type(word) is str else None
        if channels is None:
            return None
        found.update(dict.fromkeys(channels))
    return tuple(found) or None


def answer(value: Any) -> bool | None:
    """Whether a `value` is a clear yes (True), a clear no (False), or neither (None)."""
    if type(value) is bool:
        return value
    if type(value) is str:
        return _answer(value)
    if type(value) is int or type(value) is float:
        return True if value == 1 else False if value == 0 else None
    return None


def claim(name: str) -> Claim | None:
    """What a trait of this name claims about subscriptions; None where it is about anything else."""
    return _claim(name) if len(name) <= _LONGEST else None


def subscribes(properties: Mapping[str, Any]) -> bool:
    """Whether the `properties` of Subscription Changed are a clear yes, and nothing beside it says otherwise."""
    yes = False
    for name in STATES:
        value = properties.get(name)
        if name == "subscribed" and "subscribed" in properties and answer(value) is not True:
            return False
        told = answer(value)
        if told is False:
            return False
        yes = yes or told is True
    return yes and all(answer(properties.get(name)) is not True for name in _REFUSALS)


def claims_in(traits: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The `traits` by name; of `consent: {email: no, sms: yes}` each as `consent.email` and `consent.sms`."""
    for name, given in traits.items():
        if type(given) is dict and not any(state in given for state in _STATE_OF):
            for inner, value in given.items():
                yield f"{name}.{inner}", value
        else:
            yield name, given


def state_of(value: Any) -> Any:
    """A trait's `value`; of `{state: subscribed, ...}`, as shops write a consent, its state."""
    if type(value) is dict:
        return next((value[name] for name in _STATE_OF if name in value), None)
    return value


def says_no(traits: Mapping[str, Any]) -> bool:
    """Whether `traits` withdraw a consent: `unsubscribed: true`, `email_subscribed: false`."""
    for name, given in claims_in(traits):
        found, told = claim(name), answer(state_of(given))
        if found is not None and told is not None and told is not found.positive:
            return True
    return False


@lru_cache(maxsize=1024)
def _channels_in(text: str) -> tuple[str, ...] | None:
    found: dict[str, None] = {}
    for part in _SEPARATORS.split(text):
        if not part.strip():
            continue
        channels = _CHANNELS.get(_PLAIN.sub("", part.lower()))
        if channels is None:
            # Not one name of several words: then one name after the other.
            words = [_CHANNELS.get(_PLAIN.sub("", word.lower())) for word in part.split()]
            channels = tuple(channel for named in words if named is not None for channel in named)
            if None in words:
                return None
        found.update(dict.fromkeys(channels))
    return tuple(found)


@lru_cache(maxsize=1024)
def _answer(text: str) -> bool | None:
    try:
        number = float(text)
    except ValueError:
        word = _PLAIN.sub("", text.lower()) if "?" not in text else ""
        return True if word in _YES else False if word in _NO else None
    return True if number == 1 else False if number == 0 else None


_LONGEST: Final = 64
_FILL: Final = frozenset({
    "is", "has", "have", "marketing", "to", "from", "of", "for", "the", "all", "by", "hs", "global", "status", "state",
    "buyer", "customer", "user", "communication", "communications", "promotional", "commercial", "gdpr",
})  # fmt: skip
_POSITIVE: Final = frozenset({
    "subscribed", "subscribe", "subscription", "subscriptions", "consents", "optin", "optedin", "consent", "consented",
    "accepts", "accept", "accepted", "allowed", "agreed", "permission", "enabled",
})  # fmt: skip
_NEGATIVE: Final = frozenset({
    "unsubscribed", "unsubscribe", "unsubscribes", "optout", "optedout", "donotcontact", "donot", "dnc", "donotemail",
    "donotdisturb", "nomarketing", "suppressed", "unsubscribedat", "unsubscribedate", "optedoutat", "optoutat",
})  # fmt: skip
_SURE: Final = frozenset({"accepts", "accept", "consent", "optin", "optedin", "consented", "agreed", "permission"})
_ALONE: Final = frozenset({"subscribed", "optin", "optedin"})
_JOINED: Final = (("opt", "in"), ("opted", "in"), ("opt", "out"), ("opted", "out"), ("e", "mail"), ("e", "mails"))


@lru_cache(maxsize=4096)
def _claim(name: str) -> Claim | None:
    words = [word.lower() for word in _WORDS.findall(name)]
    for first, second in _JOINED:
        for nth in range(len(words) - 1):
            if words[nth : nth + 2] == [first, second]:
                words[nth : nth + 2] = [first + second]
    marketing = "marketing" in words
    channels: dict[str, None] = {}
    kinds: list[str] = []
    for word in words:
        if (named := _CHANNELS.get(word)) is not None:
            channels.update(dict.fromkeys(named))
        elif word not in _FILL:
            kinds.append(word)
    kind = "".join(kinds)
    if kind in _NEGATIVE:
        return Claim(tuple(channels) or WRITTEN, positive=False, vague=False)
    if not kind:
        # `newsletter: false`, `marketing: false`: only that is clear.
        lists = marketing or "newsletter" in words or "newsletters" in words
        return Claim(tuple(channels) or WRITTEN, positive=True, vague=True) if lists else None
    if kind not in _POSITIVE:
        return None
    if not channels and not marketing and kind not in _ALONE:
        # A subscription to what? A consent to which terms?
        return None
    vague = kind in ("subscription", "subscriptions") or not (channels or (marketing and kind in _SURE))
    return Claim(tuple(channels) or WRITTEN, positive=True, vague=vague)
