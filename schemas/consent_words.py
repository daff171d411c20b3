"""What producers call a channel, a yes and a no: words of a consent, on events and in traits. Contract 8.56 to 8.58."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
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
_STATE_OF: Final = (
    "state", "status", "subscribed", "consent", "granted", "given", "enabled", "allowed", "opt_in", "optIn", "opted_in",
    "optedIn", "value",
)  # fmt: skip
"""Where an object that is a consent says what it is."""
_DEEPEST: Final = 4
_BLANK: Final[tuple[Any, ...]] = ("", None, [])
_UNSUBSCRIBED: Final = frozenset({
    "unsubscribed", "unsubscribe", "optout", "optedout", "cleaned", "notsubscribed", "revoked", "withdrawn",
})  # fmt: skip
"""Words of which nobody asks what is meant."""


class Claim(NamedTuple):
    """What a trait's name claims to say: of the `channels`, that they are wanted (`positive`) or that they are not.

    A name that may be about something else is `vague`: only a clear no counts, of a negative one a clear yes. Of a
    status of anything (`worded`) only a word for it counts, such as "unsubscribed".
    """

    channels: tuple[str, ...]
    positive: bool
    vague: bool
    worded: bool = False

    def refused(self, value: Any) -> tuple[str, ...]:
        """The channels that are not wanted, by the `value` of the trait; none where it says nothing of the kind."""
        told = answer(value)
        if value in _BLANK or (type(value) is str and value.isspace()):
            return ()
        if self.worded:
            return self.channels if type(value) is str and _PLAIN.sub("", value.lower()) in _UNSUBSCRIBED else ()
        if self.positive:
            return self.channels if told is False or (told is None and not self.vague) else ()
        if told is False or (told is None and self.vague):
            return ()
        # `unsubscribed: ["sms"]` says where.
        return self.channels if self.channels != WRITTEN else channels_of(value) or self.channels


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
    """The `traits` by name; of `consent: {email: no, sms: {state: yes}}` each as `consent.email` and `consent.sms`."""
    for name, given in traits.items():
        if type(given) is dict:
            yield from _within(name, given, 1)
        else:
            yield name, given


def told_before(value: Any, path: Sequence[str]) -> Any:
    """What the part of a trait's `value` at a `path` says: as `claims_in` names it; None where there is none."""
    for part in path:
        while type(value) is dict and part not in value:
            value = next((value[name] for name in (*_STATE_OF, "channels") if name in value), None)
        if type(value) is not dict:
            return None
        value = value[part]
    while type(value) is dict:
        value = next((value[name] for name in _STATE_OF if name in value), None)
    return value


def may_say(traits: Mapping[str, Any]) -> bool:
    """Whether the name of any of the `traits`, or of what is in one, is about subscriptions: the others say nothing."""
    for name, value in traits.items():
        if type(value) is dict:
            if any(claim(inner) is not None for inner, _ in _within(name, value, 1)):
                return True
        elif claim(name) is not None:
            return True
    return False


def says_no(traits: Mapping[str, Any]) -> bool:
    """Whether `traits` withdraw a consent: `unsubscribed: true`, `email_subscribed: false`."""
    for name, value in claims_in(traits):
        found = claim(name)
        if found is not None and found.refused(value):
            return True
    return False


def _within(name: str, given: dict[str, Any], depth: int) -> Iterator[tuple[str, Any]]:
    for inner, value in given.items():
        if type(value) is dict:
            if depth < _DEEPEST:
                yield from _within(
                    name if inner in _STATE_OF or inner == "channels" else f"{name}.{inner}", value, depth + 1
                )
        else:
            # The state of a consent; of an `email` or a `plan` it is that of the thing.
            yield name if inner in _STATE_OF and claim(name) is not None else f"{name}.{inner}", value


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
    "unsubscribedchannels", "optoutchannels", "optedoutchannels",
})  # fmt: skip
_NONE_OF: Final = frozenset({"no", "stop", "never"})
_SOME_OF: Final = frozenset({
    "want", "wants", "receive", "receives", "preference", "preferences", "setting", "settings", "notification",
    "notifications", "alert", "alerts", "update", "updates", "offer", "offers", "promo", "promos", "promotion",
    "promotions", "deals", "news", "list", "lists",
})  # fmt: skip
"""Beside a channel, what there is on it: `email_notifications`, `preferences: {sms: ...}`."""
_STATUS: Final = frozenset({"status", "state"})
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
    # The notifications of another channel are no pushes.
    pushed = not {"email", "emails", "sms", "text"}.intersection(words)
    channels: dict[str, None] = {}
    kinds: list[str] = []
    some = False
    for word in words:
        some = some or word in _SOME_OF
        if (named := _CHANNELS.get(word)) is not None and (pushed or word not in _SOME_OF):
            channels.update(dict.fromkeys(named))
        elif word not in _FILL:
            kinds.append(word)
    kind = "".join(kinds)
    if kind in _NEGATIVE:
        return Claim(tuple(channels) or WRITTEN, positive=False, vague=False)
    if kind in _NONE_OF and words[0] == kind and "of" not in words and (channels or marketing):
        return Claim(tuple(channels) or WRITTEN, positive=False, vague=True)
    if not kind or (some and channels and _SOME_OF.issuperset(kinds)):
        # `newsletter: false`, `marketing: false`, `email_alerts: off`: only that is clear.
        if marketing or (some and channels) or "newsletter" in words or "newsletters" in words:
            return Claim(tuple(channels) or WRITTEN, positive=True, vague=True)
        return (
            Claim(tuple(channels) or WRITTEN, positive=True, vague=True, worded=True) if _STATUS & set(words) else None
        )
    if kind not in _POSITIVE:
        return None
    if not channels and not marketing and kind not in _ALONE:
        # A subscription to what? A consent to which terms?
        if kind == "subscription" and _STATUS & set(words):
            return Claim(WRITTEN, positive=True, vague=True, worded=True)
        return None
    vague = kind in ("subscription", "subscriptions") or not (channels or (marketing and kind in _SURE))
    return Claim(tuple(channels) or WRITTEN, positive=True, vague=vague)
