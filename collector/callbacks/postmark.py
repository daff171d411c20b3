"""Postmark's webhooks: one object with a `RecordType`. They are not signed: the address of the webhook has a login.

A secret is `user:password`, as in `https://user:password@...`.
https://postmarkapp.com/developer/webhooks/webhooks-overview
"""

from __future__ import annotations

import base64
from typing import Any, Final

from collector.callbacks.body import load_object, part, text
from collector.callbacks.events import EMAIL, IGNORED, Reading, clipped, feedback, id_of, moment, one, unmapped
from collector.callbacks.request import Request, UnsignedError, digest, equal
from schemas import names

NAME: Final = "postmark"
CHANNEL: Final = EMAIL
_HARD: Final = frozenset({"HardBounce", "BadEmailAddress"})
_NO_BOUNCES: Final = frozenset(
    {"AutoResponder", "AddressChange", "Subscribe", "OpenRelayTest", "ChallengeVerification"}
)
_TIMES: Final = ("DeliveredAt", "BouncedAt", "ReceivedAt", "ChangedAt")
_ADDRESSES: Final = ("Recipient", "Email")


def verify(request: Request, secret: str) -> None:
    """Raise UnsignedError unless the request has the login of `secret`."""
    scheme, _, given = request.header("authorization").partition(" ")
    if not given:
        raise UnsignedError("no login")
    wanted = base64.b64encode(secret.encode()).decode()
    if scheme.lower() != "basic" or not equal(wanted, given.strip()):
        raise UnsignedError("wrong login")


def check_secret(secret: str) -> None:
    """Raise ValueError unless `secret` is a login."""
    user, colon, password = secret.partition(":")
    if not (user and colon and password):
        raise ValueError("a login is user:password, as in the webhook's address at Postmark")


def known_by(request: Request) -> str:
    """What the same request has again: its body."""
    return digest(request.body)


def read(request: Request) -> Reading:
    """The event of a request. Raises UnreadableError."""
    found = load_object(request.body)
    kind = text(found.get("RecordType"))
    told = _told(kind, found)
    if told is None:
        return IGNORED
    name, more = told
    if not name:
        return unmapped(CHANNEL, NAME, "a RecordType that is not known", found)
    at = next((found[field] for field in _TIMES if field in found), None)
    said: dict[str, Any] = {
        "campaign_id": clipped(part(found, "Metadata", "campaign_id")), "link": clipped(found.get("OriginalLink")),
        "user_agent": clipped(found.get("UserAgent")), "provider": NAME, **more,
    }  # fmt: skip
    address = next((text(found[field]) for field in _ADDRESSES if text(found.get(field))), "")
    own = text(found.get("ID"))
    # Only bounces and complaints have an id of their own.
    parts = (
        (kind, own)
        if own
        else (kind, digest(*(text(found.get(key)) for key in (*_TIMES, *_ADDRESSES, "MessageID", "OriginalLink"))))
    )
    event = feedback(
        CHANNEL, name, id_of(NAME, *parts), moment(at, request.now),
        sent=(part(found, "Metadata", "message_id"), found.get("Tag")), address=address, **said,
    )  # fmt: skip
    return one(event, CHANNEL, NAME, found)


def _told(kind: str, found: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """The name of the event and what it says beside the rest; no name for an unknown kind, None for nothing."""
    if kind == "Delivery":
        return names.EMAIL_DELIVERED, {}
    if kind == "Open":
        return names.EMAIL_OPENED, {}
    if kind == "Click":
        return names.EMAIL_LINK_CLICKED, {}
    if kind == "SpamComplaint":
        return names.EMAIL_MARKED_AS_SPAM, {}
    if kind == "Bounce":
        return _bounced(found)
    if kind == "SubscriptionChange":
        return _changed(found)
    return ("", {}) if kind != "Inbound" else None


def _bounced(found: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    bounce = text(found.get("Type"))
    if bounce in _NO_BOUNCES:
        return None
    if bounce == "SpamComplaint":
        return names.EMAIL_MARKED_AS_SPAM, {}
    if bounce == "Unsubscribe":
        return names.UNSUBSCRIBED, {"channel": EMAIL}
    hard = bounce in _HARD or found.get("Inactive") is True
    reason = clipped(found.get("Details")) or clipped(found.get("Description"))
    return names.EMAIL_BOUNCED, {"bounce_type": "hard" if hard else "soft", "reason": reason}


def _changed(found: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """Who is not written to any more, and why. That it is undone is a yes only where the recipient has done it."""
    if found.get("SuppressSending") is not True:
        back = found.get("SuppressSending") is False and text(found.get("Origin")) == "Recipient"
        return (names.SUBSCRIPTION_CHANGED, {"channel": EMAIL, "subscribed": True}) if back else None
    reason = text(found.get("SuppressionReason"))
    if reason == "HardBounce":
        return names.EMAIL_BOUNCED, {"bounce_type": "hard"}
    if reason == "SpamComplaint":
        return names.EMAIL_MARKED_AS_SPAM, {}
    return names.UNSUBSCRIBED, {"channel": EMAIL}
