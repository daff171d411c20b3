"""Mailgun's webhooks: `event-data`, and inside the body a signature, HMAC-SHA256 of timestamp and token.

A token is for one request alone: Mailgun makes a new one for a retry.
https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks
"""

from __future__ import annotations

import hmac
from typing import Any, Final

from collector.callbacks.body import dumps, load_object, part, text
from collector.callbacks.events import EMAIL, IGNORED, Reading, clipped, feedback, id_of, moment, one, unmapped
from collector.callbacks.request import Request, UnreadableError, UnsignedError, check_fresh, digest, equal
from schemas import names

NAME: Final = "mailgun"
CHANNEL: Final = EMAIL
_NAMES: Final = {
    "delivered": names.EMAIL_DELIVERED, "opened": names.EMAIL_OPENED, "clicked": names.EMAIL_LINK_CLICKED,
    "failed": names.EMAIL_BOUNCED, "complained": names.EMAIL_MARKED_AS_SPAM, "unsubscribed": names.UNSUBSCRIBED,
}  # fmt: skip
_BEFORE: Final = frozenset({"accepted", "rejected", "stored", "list_member_uploaded", "list_uploaded"})
_PROXY: Final = "gmail"
"""Mailgun's word for what fetches an image when a person opens the mail; it clicks for nobody."""


def verify(request: Request, secret: str) -> None:
    """Raise UnsignedError unless the token and its time are signed with `secret`, the webhook signing key."""
    try:
        signed = load_object(request.body).get("signature")
    except UnreadableError:
        raise UnsignedError("no signature") from None
    timestamp, token, signature = (text(part(signed, name)) for name in ("timestamp", "token", "signature"))
    if not (token and signature):
        raise UnsignedError("no signature")
    check_fresh(timestamp, request.now)
    wanted = hmac.new(secret.encode(), (timestamp + token).encode("utf-8", "replace"), "sha256").hexdigest()
    if not equal(wanted, signature.lower()):
        raise UnsignedError("wrong signature")


def known_by(request: Request) -> str:
    """What the same request has again when it is played back: its token. The body is not signed, so it says nothing."""
    return digest(text(part(load_object(request.body), "signature", "token")))


def read(request: Request) -> Reading:
    """The event of a request. Raises UnreadableError."""
    found = load_object(request.body)
    data = found.get("event-data")
    if not isinstance(data, dict):
        return unmapped(CHANNEL, NAME, "no event-data", found)
    kind = text(data.get("event"))
    if kind in _BEFORE:
        return IGNORED
    if kind not in _NAMES:
        return unmapped(CHANNEL, NAME, "an event of a name that is not known", found)
    name = _NAMES[kind]
    status = part(data, "delivery-status")
    said: dict[str, Any] = {
        "campaign_id": clipped(part(data, "user-variables", "campaign_id")), "link": clipped(data.get("url")),
        "user_agent": clipped(part(data, "client-info", "user-agent")), "provider": NAME,
    }  # fmt: skip
    if name == names.EMAIL_BOUNCED:
        said["bounce_type"] = "hard" if data.get("severity") == "permanent" else "soft"
        said["reason"] = clipped(part(status, "message")) or clipped(part(status, "description"))
        said["reason"] = said["reason"] or clipped(data.get("reason"))
        said["status"] = clipped(part(status, "enhanced-code"))
    elif name == names.UNSUBSCRIBED:
        said["channel"] = EMAIL
    if _is_machine(name, _bot(data)):
        said["machine"] = True
    sent = (part(data, "user-variables", "message_id"), part(data, "message", "headers", "message-id"))
    event_id = text(data.get("id")) or digest(dumps(data))
    event = feedback(
        CHANNEL, name, id_of(NAME, event_id), moment(data.get("timestamp"), request.now),
        sent=sent, address=text(data.get("recipient")), **said,
    )  # fmt: skip
    return one(event, CHANNEL, NAME, found)


def _is_machine(name: str, bot: str) -> bool:
    """Whether the `bot` that Mailgun has seen, if any, opens or clicks by itself."""
    return bool(bot) and (name == names.EMAIL_LINK_CLICKED or (name == names.EMAIL_OPENED and bot != _PROXY))


def _bot(data: dict[str, Any]) -> str:
    return text(part(data, "client-info", "bot")).lower()
