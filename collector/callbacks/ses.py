"""Amazon SES: notifications and events of mail, posted by a topic of SNS (sns.py says how they are verified).

https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
"""

from __future__ import annotations

from typing import Any, Final

from collector.callbacks import sns
from collector.callbacks.body import load_object, objects, part, text
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
from collector.callbacks.request import Request, UnreadableError, digest
from schemas import names

NAME: Final = "ses"
CHANNEL: Final = EMAIL
_NO_ROUTE: Final = "5.4.4"
"""Of a transient bounce: the domain does not exist."""
_BEFORE: Final = frozenset(
    {"Send", "Reject", "Rendering Failure", "RenderingFailure", "AmazonSnsSubscriptionSucceeded"}
)
_SIMPLE: Final = {
    "Delivery": names.EMAIL_DELIVERED, "Open": names.EMAIL_OPENED, "Click": names.EMAIL_LINK_CLICKED,
    "Bounce": names.EMAIL_BOUNCED, "DeliveryDelay": names.EMAIL_BOUNCED, "Complaint": names.EMAIL_MARKED_AS_SPAM,
}  # fmt: skip
_RECIPIENTS: Final = {
    "Bounce": "bouncedRecipients", "Complaint": "complainedRecipients", "DeliveryDelay": "delayedRecipients",
}  # fmt: skip
_VERP: Final = "+"


def read(request: Request) -> Reading:
    """The events of a request. Raises UnreadableError."""
    outer = sns.envelope(request.body)
    if outer["Type"] != sns.NOTIFICATION:
        return IGNORED
    try:
        found = load_object(text(outer.get("Message")))
    except UnreadableError:
        # What a new subscription gets first is a sentence.
        return (
            IGNORED
            if text(outer.get("Message")).startswith("Successfully validated SNS topic")
            else unmapped(CHANNEL, NAME, "a Message that is no JSON", request.body)
        )
    kind = text(found.get("eventType")) or text(found.get("notificationType"))
    if kind in _BEFORE:
        return IGNORED
    about = found.get(kind[:1].lower() + kind[1:])
    if not isinstance(about, dict) or not (kind in _SIMPLE or kind == "Subscription"):
        return unmapped(CHANNEL, NAME, "a kind of event that is not known", found)
    at = moment(about.get("timestamp"), moment(outer.get("Timestamp"), request.now))
    own = text(about.get("feedbackId")) or text(outer.get("MessageId"))
    if kind == "Subscription":
        return _subscription(found, about, own, at)
    if kind == "Complaint" and about.get("complaintFeedbackType") == "not-spam":
        return IGNORED
    each = []
    for nth, recipient in enumerate(_recipients(kind, about, found)):
        said = _said(kind, about, recipient)
        address = text(recipient.get("emailAddress"))
        which = (own, str(nth))
        if kind == "Delivery":
            # A delivery has no id of its own, and SES tells it in two ways: by notification and by event.
            which = (text(part(found, "mail", "messageId")) or own, digest(address.lower()))
        event = feedback(
            CHANNEL, _SIMPLE[kind], id_of(NAME, kind.lower(), *which), at, sent=_carriers(found),
            address=address, provider=NAME, campaign_id=_tag(found, "campaign_id"), **said,
        )  # fmt: skip
        each.append(one(event, CHANNEL, NAME, found))
    return together(each)


def _recipients(kind: str, about: dict[str, Any], found: dict[str, Any]) -> list[dict[str, Any]]:
    """Whom an event is about, each with `emailAddress`; without it where it names nobody, or any of several opened."""
    each: list[dict[str, Any]] = []
    if kind in _RECIPIENTS:
        return objects(about.get(_RECIPIENTS[kind])) or [{}]
    listed = about.get("recipients") if kind == "Delivery" else None
    listed = listed if isinstance(listed, list) else part(found, "mail", "destination")
    if isinstance(listed, list):
        each = [{"emailAddress": address} for address in listed if isinstance(address, str)]
    return [{}] if not each or (kind != "Delivery" and len(each) > 1) else each


def _said(kind: str, about: dict[str, Any], recipient: dict[str, Any]) -> dict[str, Any]:
    if kind in ("Open", "Click"):
        return {"user_agent": clipped(about.get("userAgent")), "link": clipped(about.get("link"))}
    if kind not in ("Bounce", "DeliveryDelay"):
        return {}
    status = text(recipient.get("status"))
    hard = kind == "Bounce" and (about.get("bounceType") == "Permanent" or status == _NO_ROUTE)
    return {
        "bounce_type": "hard" if hard else "soft",
        "bounce_subtype": clipped(about.get("bounceSubType")) or clipped(about.get("delayType")),
        "status": status, "reason": clipped(recipient.get("diagnosticCode")),
    }  # fmt: skip


def _subscription(found: dict[str, Any], about: dict[str, Any], own: str, at: int) -> Reading:
    """Preferences of a contact list: a no to all, or to single topics."""
    address = next(iter(_recipients("Subscription", about, found)))
    wanted = about.get("newTopicPreferences")
    if part(wanted, "unsubscribeAll") is True:
        topics: list[str | None] = [None]
    else:
        listed = objects(part(wanted, "topicSubscriptionStatus"))
        topics = [text(status.get("topicName")) for status in listed if status.get("subscriptionStatus") == "OptOut"]
    each = [] if topics else [IGNORED]
    for nth, topic in enumerate(topics):
        event = feedback(
            CHANNEL, names.UNSUBSCRIBED, id_of(NAME, "subscription", own, str(nth)), at, sent=_carriers(found),
            address=text(address.get("emailAddress")), provider=NAME, channel=EMAIL, topic=topic,
        )  # fmt: skip
        each.append(one(event, CHANNEL, NAME, found))
    return together(each)


def _carriers(found: dict[str, Any]) -> list[Any]:
    """Where our message id may stand: a tag, the headers as they were sent, or the envelope's sender."""
    headers = objects(part(found, "mail", "headers"))
    ids = [one.get("value") for one in headers if text(one.get("name")).lower() == "message-id"]
    source = text(part(found, "mail", "source")).partition(_VERP)[2]
    return [_tag(found, "message_id"), *ids, part(found, "mail", "commonHeaders", "messageId"), source]


def _tag(found: dict[str, Any], name: str) -> str | None:
    """The first value of a tag, which Amazon lists."""
    values = part(found, "mail", "tags", name)
    return clipped(values[0]) if isinstance(values, list) and values else None
