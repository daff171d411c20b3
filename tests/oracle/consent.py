"""What events say of consent and of bounces, read plainly: for the words that made-up histories use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from tests.oracle.reading import Fact

WRITTEN = {"email", "sms", "push", "ads", "messenger", "mail", "broadcast"}
NAMES = {
    "email": {"email"}, "e-mail": {"email"}, "sms": {"sms"}, "text": {"sms"}, "push": {"push"}, "ads": {"ads"},
    "push_notifications": {"push"}, "whatsapp": {"messenger"}, "messenger": {"messenger"}, "mail": {"email", "mail"},
}  # fmt: skip
YES = {"true", "yes", "1", "1.0", "on", "subscribed", "opt_in"}
NO = {"false", "no", "0", "0.0", "off", "unsubscribed", "opt_out"}
BOUNCES = {"Email Bounced": "email", "SMS Failed": "sms", "Push Notification Bounced": "push"}
ARRIVED = {
    "Email Delivered": "email", "Email Opened": "email", "Email Link Clicked": "email", "SMS Delivered": "sms",
    "SMS Link Clicked": "sms", "Push Notification Received": "push", "Push Notification Tapped": "push",
}  # fmt: skip
SOFT = ("soft", "transient", "temporary", "deferred", "blocked")
CONTACTS = {"email": "email", "phone": "sms", "push_token": "push", "advertising_id": "ads"}


@dataclass
class Said:
    """A yes or a no about a channel, or about a topic on it. `address` is the one that the event names."""

    channel: str
    topic: str | None
    yes: bool
    address: str | None = None

    @property
    def key(self) -> str:
        """The name under which it is remembered."""
        return f"{self.channel}:{self.topic}" if self.topic else self.channel


def word(value: Any) -> str:
    """A value as a word."""
    return str(value).strip().lower()


def named(event: Fact) -> dict[str, str]:
    """The addresses on an event, by channel."""
    found: dict[str, str] = {}
    for one in event.identifiers:
        if one.type in CONTACTS:
            found.setdefault(CONTACTS[one.type], one.value)
    return found


def channels(given: Any, event: Fact, *, topic: str | None) -> set[str]:
    """What channels a consent is about; `*` for all of a topic."""
    if not given or not (given if isinstance(given, list) else word(given)):
        everywhere = {"*"} if topic else WRITTEN
        return {event.channel} & WRITTEN or everywhere if not topic else everywhere
    names = [word(name) for name in (given if isinstance(given, list) else [given])]
    if any(name not in NAMES for name in names):
        return {"*"} if topic else WRITTEN
    return set().union(*(NAMES[name] for name in names))


def said(event: Fact, before: dict[str, Any]) -> list[Said]:
    """What an event says of consent. `before`: the traits that were known until then."""
    found, addresses = [], named(event)
    if event.type == "track" and event.name == "Email Marked as Spam":
        found.append(Said("email", None, yes=False))
    if event.type == "track" and event.name in {"Unsubscribed", "Subscription Changed"}:
        given = event.properties
        topic = word(given["topic"]) if isinstance(given.get("topic"), str) and given["topic"].strip() else None
        yes = event.name == "Subscription Changed" and word(given.get("subscribed", given.get("status"))) in YES
        if event.name == "Subscription Changed" or given.get("machine") is not True:
            about = channels(given.get("channel"), event, topic=topic)
            found += [Said(channel, topic, yes) for channel in about]
    for name, value in event.traits.items() if event.type != "group" else ():
        if name == "unsubscribed" and word(value) not in NO | {"", "none"}:
            found += [Said(channel, None, yes=False) for channel in WRITTEN]
        if name == "email_subscribed" and value is not None:
            yes = word(value) in YES
            # That a trait still says yes is no news.
            if not yes or (event.type == "identify" and word(before.get(name)) not in YES):
                found.append(Said("email", None, yes))
    for one in found:
        one.address = addresses.get(one.channel)
    return found


def for_good(properties: dict[str, Any]) -> bool:
    """Whether a bounce says that nothing will ever arrive."""
    code = re.fullmatch(r"([45])\.(\d+)\.(\d+)", str(properties.get("status", "")))
    if code and (code[1] == "4" or code[2] == "1" or code[0] == "5.4.4"):
        return code[1] == "5"
    for name in ("severity", "bounce_type", "type"):
        if any(soft in word(properties.get(name)) for soft in SOFT):
            return False
    return True
