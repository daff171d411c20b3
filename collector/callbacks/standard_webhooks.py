"""Standard Webhooks: Resend, and whoever else signs so; `type` says what happened, `data` to which mail or text.

HMAC-SHA256 over id, time and body, by the specification's own library. A secret is `whsec_` and a key in base64.
https://www.standardwebhooks.com, https://resend.com/docs/dashboard/webhooks/event-types
"""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from collector.callbacks.body import load_object, part, text
from collector.callbacks.events import (
    EMAIL,
    IGNORED,
    SMS,
    Person,
    Reading,
    clipped,
    feedback,
    id_of,
    moment,
    one,
    together,
    track,
    unmapped,
)
from collector.callbacks.request import Request, UnsignedError, check_fresh, digest, equal
from schemas import names

NAME: Final = "standard-webhooks"
CHANNEL: Final = EMAIL
EXTRA: Final = "standardwebhooks"
"""The package that verifies, of the extra `callbacks`."""
_MAIL: Final = {
    "email.delivered": names.EMAIL_DELIVERED, "email.opened": names.EMAIL_OPENED,
    "email.clicked": names.EMAIL_LINK_CLICKED, "email.bounced": names.EMAIL_BOUNCED,
    "email.delivery_delayed": names.EMAIL_BOUNCED, "email.failed": names.EMAIL_BOUNCED,
    "email.suppressed": names.EMAIL_BOUNCED, "email.complained": names.EMAIL_MARKED_AS_SPAM,
    "email.unsubscribed": names.UNSUBSCRIBED,
}  # fmt: skip
_TEXTS: Final = {
    "sms.delivered": names.SMS_DELIVERED, "sms.failed": names.SMS_FAILED, "sms.undelivered": names.SMS_FAILED,
    "sms.clicked": names.SMS_LINK_CLICKED, "sms.unsubscribed": names.UNSUBSCRIBED,
}  # fmt: skip
_BEFORE: Final = ("email.sent", "email.scheduled", "email.received", "sms.sent", "domain.", "contact.", "suppression.")
_MOST: Final = 50


def verify(request: Request, secret: str) -> None:
    """Raise UnsignedError unless id, time and body are signed with `secret`."""
    webhook_id, timestamp, signatures = (_header(request, name) for name in ("id", "timestamp", "signature"))
    if not (webhook_id and signatures):
        raise UnsignedError("no signature")
    check_fresh(timestamp, request.now)
    try:
        body = request.body.decode()
        at = datetime.fromtimestamp(int(timestamp), tz=UTC)
    except (ValueError, OverflowError):
        raise UnsignedError("wrong signature") from None
    wanted = _webhook(secret).sign(msg_id=webhook_id, timestamp=at, data=body)
    # Several, with blanks between them, while the sender's key is being changed.
    if not any(equal(wanted, given) for given in signatures.split()):
        raise UnsignedError("wrong signature")


def check_secret(secret: str) -> None:
    """Raise ValueError unless `secret` is a key in base64."""
    try:
        key = base64.b64decode(secret.removeprefix("whsec_") + "==")
    except binascii.Error:
        key = b""
    if not key:
        raise ValueError("a secret of Standard Webhooks is whsec_ and a key in base64")


def known_by(request: Request) -> str:
    """What the same event has again, also in a retry that is signed anew: its id."""
    return digest(_header(request, "id"))


def read(request: Request) -> Reading:
    """The events of a request. Raises UnreadableError."""
    found = load_object(request.body)
    kind, data = text(found.get("type")), found.get("data")
    webhook_id = _header(request, "id") or digest(request.body)
    at = moment(found.get("created_at"), moment(found.get("timestamp"), request.now))
    if kind == "contact.updated" and part(data, "unsubscribed") is True:
        address = text(part(data, "email"))
        said = {"channel": EMAIL, "provider": NAME}
        made = track(EMAIL, names.UNSUBSCRIBED, id_of(NAME, webhook_id), at, Person(email=address), said)
        return one(made if address else None, EMAIL, NAME, found)
    if kind.startswith(_BEFORE):
        return IGNORED
    channel, name = (SMS, _TEXTS.get(kind)) if kind.startswith("sms.") else (EMAIL, _MAIL.get(kind))
    if name is None or not isinstance(data, dict):
        return unmapped(channel, NAME, "a type that is not known", found)
    each = []
    for nth, address in enumerate(_recipients(data)):
        event = feedback(
            channel, name, id_of(NAME, webhook_id, str(nth)), moment(_happened(kind, data), at),
            sent=_carriers(data), address=address, **_said(kind, name, channel, data),
        )  # fmt: skip
        each.append(one(event, channel, NAME, found))
    return together(each)


def _said(kind: str, name: str, channel: str, data: dict[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = {
        "campaign_id": clipped(_tags(data).get("campaign_id")), "link": clipped(part(data, "click", "link")),
        "user_agent": clipped(part(data, "click", "userAgent")) or clipped(part(data, "open", "userAgent")),
        "provider": NAME,
    }  # fmt: skip
    if name == names.UNSUBSCRIBED:
        said["channel"] = channel
    if name in (names.EMAIL_BOUNCED, names.SMS_FAILED):
        kind_of_bounce = text(part(data, "bounce", "type")) or text(data.get("bounce_type"))
        hard = kind == "email.bounced" and kind_of_bounce.lower() in ("", "permanent", "hard")
        said["bounce_type"] = "hard" if hard or kind_of_bounce.lower() == "hard" else "soft"
        said["bounce_subtype"] = clipped(part(data, "bounce", "subType"))
        said["reason"] = clipped(part(data, "bounce", "message")) or clipped(part(data, "failed", "reason"))
        said["error_code"] = text(data.get("error_code")) or None
    return said


def _happened(kind: str, data: dict[str, Any]) -> Any:
    return part(data, "click", "timestamp") if kind == "email.clicked" else None


def _recipients(data: dict[str, Any]) -> list[str]:
    """Whom a message went to; one without an address where it does not say."""
    for field in ("to", "email", "phone", "recipient"):
        given = data.get(field)
        listed = given if isinstance(given, list) else [given]
        found = [address for address in map(text, listed[:_MOST]) if address]
        if found:
            return found
    return [""]


def _carriers(data: dict[str, Any]) -> list[Any]:
    """Where our message id may stand: a tag, metadata, or the headers as they were sent."""
    headers = data.get("headers")
    listed = [
        one.get("value")
        for one in (headers if isinstance(headers, list) else [])
        if isinstance(one, dict) and text(one.get("name")).lower() == "message-id"
    ]
    return [_tags(data).get("message_id"), data.get("message_id"), part(data, "metadata", "message_id"), *listed]


def _tags(data: dict[str, Any]) -> dict[str, Any]:
    """Tags, which are told as an object, and are given as a list of names and values."""
    tags = data.get("tags")
    if isinstance(tags, list):
        return {text(one.get("name")): one.get("value") for one in tags if isinstance(one, dict)}
    return tags if isinstance(tags, dict) else {}


def _header(request: Request, name: str) -> str:
    return request.header(f"webhook-{name}", f"svix-{name}")


@lru_cache(maxsize=64)
def _webhook(secret: str) -> Any:
    from standardwebhooks.webhooks import Webhook  # noqa: PLC0415 - of an extra

    return Webhook(secret)
