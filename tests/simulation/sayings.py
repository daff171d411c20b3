"""What an event says of consent, read plainly: for promises that are checked without the oracle."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Row = dict[str, Any]
GIVES = {"true", "1", "yes", "opt_in"}
WRITTEN = {"email", "sms", "push", "ads"}
EVERYWHERE = WRITTEN | {"messenger", "mail", "broadcast"}
SPELT = {
    **{name: {name} for name in EVERYWHERE},
    "e-mail": {"email"},
    "text": {"sms"},
    "push_notifications": {"push"},
    "whatsapp": {"messenger"},
    "mail": {"email", "mail"},
}


def saying(event: Row, key: str) -> Iterator[bool]:
    """What an event says of this consent, if anything."""
    given = event["properties"]
    topic = given.get("topic")
    for name, value in event["traits"].items() if not topic else ():
        if name == "unsubscribed" and value is True and key in EVERYWHERE:
            yield False
        if name == "email_subscribed" and key == "email" and value is not None:
            # A yes may be an old one; whether it counts is left open.
            yield str(value).lower() in GIVES
    if event["type"] != "track":
        return
    if event["name"] == "Email Marked as Spam" and key == "email":
        yield False
    if event["name"] in {"Subscription Changed", "Unsubscribed"} and given.get("machine") is not True:
        told = str(given.get("subscribed")).lower() in GIVES and event["name"] == "Subscription Changed"
        names = given.get("channel") or ([event["channel"]] if not topic else ["*"])
        names = [name.strip().lower() for name in (names if isinstance(names, list) else [names])]
        known = all(name in SPELT for name in names)
        if topic:
            about = {f"{c}:{topic}" for name in names for c in SPELT[name]} if known else {f"*:{topic}"}
        else:
            about = set().union(*(SPELT[name] for name in names)) if known else EVERYWHERE
        if key in about:
            yield told
