"""SendGrid's event webhook: an array of flat events; what its sender attached (unique arguments) is at their top level.

Signed by ECDSA over timestamp and body, verified by SendGrid's own library; a secret is the public key in base64.
https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from collector.callbacks.body import loads, text
from collector.callbacks.events import (
    EMAIL,
    IGNORED,
    Reading,
    clipped,
    feedback,
    id_of,
    moment,
    one,
    together,
    unmapped,
)
from collector.callbacks.request import Request, UnreadableError, UnsignedError, check_fresh, digest
from schemas import names

NAME: Final = "sendgrid"
CHANNEL: Final = EMAIL
EXTRA: Final = "sendgrid"
"""The package that verifies, of the extra `callbacks`."""
_SIGNATURE: Final = "x-twilio-email-event-webhook-signature"
_TIMESTAMP: Final = "x-twilio-email-event-webhook-timestamp"
_NAMES: Final = {
    "delivered": names.EMAIL_DELIVERED, "open": names.EMAIL_OPENED, "click": names.EMAIL_LINK_CLICKED,
    "bounce": names.EMAIL_BOUNCED, "blocked": names.EMAIL_BOUNCED, "dropped": names.EMAIL_BOUNCED,
    "deferred": names.EMAIL_BOUNCED, "spamreport": names.EMAIL_MARKED_AS_SPAM, "unsubscribe": names.UNSUBSCRIBED,
    "group_unsubscribe": names.UNSUBSCRIBED, "group_resubscribe": names.SUBSCRIPTION_CHANGED,
}  # fmt: skip
_BEFORE: Final = frozenset({"processed", "account_status_change"})
"""Events that mean nothing here."""


def verify(request: Request, secret: str) -> None:
    """Raise UnsignedError unless the body and its time are signed with the key of `secret`."""
    signature, timestamp = request.header(_SIGNATURE), request.header(_TIMESTAMP)
    if not signature:
        raise UnsignedError("no signature")
    check_fresh(timestamp, request.now)
    webhook = _webhook(secret)
    try:
        # The body is signed as it came, its final line end included.
        good = webhook.verify_signature(request.body.decode(), signature, timestamp)
    except ValueError:  # neither base64 nor UTF-8
        good = False
    if not good:
        raise UnsignedError("wrong signature")


def check_secret(secret: str) -> None:
    """Raise ValueError unless `secret` is a public key."""
    try:
        good = bool(_webhook(secret).public_key)
    except (ValueError, TypeError):
        good = False
    if not good:
        raise ValueError("the verification key of SendGrid is a public key in base64")


def known_by(request: Request) -> str:
    """What the same request has again when it is played back: its signature."""
    return digest(request.header(_SIGNATURE))


def read(request: Request) -> Reading:
    """The events of a request. Raises UnreadableError."""
    found = loads(request.body)
    if not isinstance(found, list):
        raise UnreadableError("no array of events")
    return together(_read(item, request.now) for item in found)


def _read(item: Any, now: int) -> Reading:
    kind = text(item.get("event")) if isinstance(item, dict) else ""
    if not kind:
        return unmapped(CHANNEL, NAME, "an event without a name", item)
    if kind in _BEFORE:
        return IGNORED
    if kind not in _NAMES:
        return unmapped(CHANNEL, NAME, "an event of a name that is not known", item)
    said: dict[str, Any] = {
        "campaign_id": clipped(item.get("campaign_id")), "reason": clipped(item.get("reason")),
        "status": clipped(item.get("status")), "link": clipped(item.get("url")),
        "user_agent": clipped(item.get("useragent")), "provider": NAME,
    }  # fmt: skip
    name = _NAMES[kind]
    if name == names.EMAIL_BOUNCED:
        said["bounce_type"] = "hard" if kind == "bounce" and text(item.get("type")) != "blocked" else "soft"
    elif name in (names.UNSUBSCRIBED, names.SUBSCRIPTION_CHANGED):
        said["channel"] = EMAIL
        group = text(item.get("asm_group_id")) if kind.startswith("group") else ""
        said["topic"] = f"group {group}" if group else None
        said["subscribed"] = True if name == names.SUBSCRIPTION_CHANGED else None
    if item.get("sg_machine_open") is True:
        said["machine"] = True
    event_id = text(item.get("sg_event_id")) or digest(repr(sorted(item.items(), key=str)))
    event = feedback(
        CHANNEL, name, id_of(NAME, event_id), moment(item.get("timestamp"), now),
        sent=(item.get("message_id"), item.get("smtp-id")), address=text(item.get("email")), **said,
    )  # fmt: skip
    return one(event, CHANNEL, NAME, item)


@lru_cache(maxsize=64)
def _webhook(secret: str) -> Any:
    from sendgrid.helpers.eventwebhook import EventWebhook  # noqa: PLC0415 - of an extra

    return EventWebhook("".join(secret.split()))
