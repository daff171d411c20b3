"""What became of messages in providers' words: names, channels, kinds of bounces, people."""

from __future__ import annotations

from hashlib import md5
from typing import Any

import orjson
import pytest

from schemas.events import DeadLetter, Event, Reader
from schemas.record import Record

MAIL, TEXT, PUSH = "email", "sms", "push"
SAID = (
    ("SendGrid", MAIL, "spamreport", {}, "Email Marked as Spam", {}),
    ("SendGrid", MAIL, "bounce", {"type": "blocked"}, "Email Bounced", {"type": "blocked"}),
    ("SendGrid", MAIL, "dropped", {}, "Email Bounced", {"bounce_type": "soft"}),
    ("SendGrid", MAIL, "group_unsubscribe", {"asm_group_id": 7}, "Unsubscribed", {"topic": "group 7"}),
    ("Mailgun", MAIL, "failed", {"severity": "temporary"}, "Email Bounced", {"bounce_type": "temporary"}),
    ("Mailgun", MAIL, "complained", {"recipient": "a@shop.example"}, "Email Marked as Spam",
     {"email": "a@shop.example"}),
    ("Postmark", MAIL, "SpamComplaint", {}, "Email Marked as Spam", {}),
    ("Postmark", MAIL, "SubscriptionChange", {"SuppressSending": True}, "Unsubscribed", {"channel": "email"}),
    ("Postmark", MAIL, "SubscriptionChange", {"SuppressSending": False}, "SubscriptionChange", {}),
    ("SES", MAIL, "Bounce", {"bounce": {"bounceType": "Transient"}}, "Email Bounced", {"bounce_type": "Transient"}),
    ("SES", MAIL, "Complaint", {}, "Email Marked as Spam", {}),
    ("SES", MAIL, "Complaint", {"complaint": {"complainedRecipients": [{"emailAddress": "a@shop.example"}]}},
     "Email Marked as Spam", {"email": "a@shop.example"}),
    ("SES", MAIL, "Bounce", {"bounce": {"bouncedRecipients": [{"emailAddress": "a@shop.example"}]}}, "Email Bounced",
     {"email": "a@shop.example"}),
    ("SES", MAIL, "Delivery", {"mail": {"destination": ["a@shop.example"]}}, "Email Delivered",
     {"email": "a@shop.example"}),
    ("SES", MAIL, "Delivery", {"mail": {"destination": ["a@shop.example", "b@shop.example"]}}, "Email Delivered", {}),
    ("Mandrill", MAIL, "hard_bounce", {}, "Email Bounced", {"bounce_type": "hard"}),
    ("Mandrill", MAIL, "unsub", {}, "Unsubscribed", {"channel": "email"}),
    ("Mailjet", MAIL, "bounce", {"hard_bounce": False}, "Email Bounced", {"bounce_type": "soft"}),
    ("Mailjet", MAIL, "bounce", {"hard_bounce": True}, "Email Bounced", {"bounce_type": "hard"}),
    ("Brevo", MAIL, "unique_opened", {}, "Email Opened", {}),
    ("Iterable", "web", "emailBounce", {"recipientState": "SoftBounce"}, "Email Bounced",
     {"bounce_type": "SoftBounce"}),
    ("Iterable", "web", "emailUnSubscribe", {}, "Unsubscribed", {"channel": "email"}),
    ("Customer.io", "web", "Customer Unsubscribed", {}, "Unsubscribed", {"channel": "all"}),
    ("Customer.io", "web", "Email Deferred", {}, "Email Bounced", {"bounce_type": "soft"}),
    ("Klaviyo", "web", "Received Email", {}, "Email Delivered", {}),
    ("Klaviyo", "web", "Unsubscribed from SMS", {}, "Unsubscribed", {"channel": "sms"}),
    ("Braze", "web", "users.messages.email.Open", {}, "Email Opened", {}),
    ("Resend", MAIL, "email.complained", {}, "Email Marked as Spam", {}),
    ("Salesforce", "web", "EmailUnsubscribe", {}, "Unsubscribed", {"channel": "email"}),
    ("anybody", "web", "SMS Unsubscribed", {}, "Unsubscribed", {"channel": "sms"}),
    ("anybody", TEXT, "STOP", {}, "Unsubscribed", {"channel": "sms"}),
    ("anybody", TEXT, "unsubscribe", {}, "Unsubscribed", {"channel": "sms"}),
    ("anybody", TEXT, "Opted Out", {}, "Unsubscribed", {"channel": "sms"}),
    ("anybody", "app", "Push Opt Out", {}, "Unsubscribed", {"channel": "push"}),
    ("anybody", PUSH, "opt_out", {}, "Unsubscribed", {"channel": "push"}),
    ("anybody", "web", "opt_out", {}, "opt_out", {}),
    ("anybody", "web", "STOP", {}, "STOP", {}),
    ("Twilio", TEXT, "delivered", {}, "SMS Delivered", {}),
    ("Twilio", TEXT, "failed", {"ErrorCode": 21610}, "SMS Failed", {"bounce_type": "hard"}),
    ("Twilio", TEXT, "undelivered", {"ErrorCode": "30005"}, "SMS Failed", {"bounce_type": "hard"}),
    ("Twilio", TEXT, "failed", {"ErrorCode": 30003}, "SMS Failed", {"bounce_type": "soft"}),
    ("Twilio", TEXT, "received", {}, "received", {}),
    ("Vonage", TEXT, "rejected", {}, "SMS Failed", {"bounce_type": "soft"}),
    ("Klaviyo", "web", "Clicked SMS", {}, "SMS Link Clicked", {}),
    ("OneSignal", PUSH, "message.push.clicked", {}, "Push Notification Tapped", {}),
    ("Iterable", "web", "pushUninstall", {}, "Push Notification Bounced", {}),
    ("APNs", PUSH, "Unregistered", {}, "Push Notification Bounced", {}),
    ("Airship", "app", "OPEN", {}, "OPEN", {}),
    ("Iterable", "web", "emailSendSkip", {}, "emailSendSkip", {}),
)  # fmt: skip


def body_of(channel: str, name: str, properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The body of an event."""
    message = {"type": "track", "event": name, "userId": "ana", "properties": properties, **more}
    event = Reader().read(Record(f"channels.{channel}", 0, 0, 1, None, orjson.dumps(message)))
    assert not isinstance(event, DeadLetter)
    body: dict[str, Any] = orjson.loads(event.body)
    return body


@pytest.mark.parametrize(("provider", "channel", "name", "properties", "canonical", "said"), SAID)
def test_providers_say_what_became_of_messages(
    provider: str, channel: str, name: str, properties: dict[str, Any], canonical: str, said: dict[str, Any]
) -> None:
    """The name, the channel a no is about, whether a bounce is for good; the provider's own fields stay."""
    body = body_of(channel, name, properties)
    assert body["name"] == canonical, provider
    assert body["properties"].items() >= {**properties, **said}.items()
    assert body.get("original_name") == (None if name == canonical else name)


def test_a_hash_of_the_address_is_nobodys_user_id() -> None:
    """RudderStack's sources send the MD5 of an address as userId; the address itself says who it is."""
    address = "Ana@Shop.example"
    for form in (address, address.lower()):
        user = md5(form.encode(), usedforsecurity=False).hexdigest()
        body = body_of("email", "emailOpen", {}, userId=user, context={"traits": {"email": address}})
        assert [one["type"] for one in body["identifiers"]] == ["email"]
    other = md5(b"someone else", usedforsecurity=False).hexdigest()
    body = body_of("email", "emailOpen", {}, userId=other, context={"traits": {"email": address}})
    assert [one["type"] for one in body["identifiers"]] == ["user_id", "email"]


def test_ids_of_a_provider_in_our_own_names_are_the_providers() -> None:
    """Customer.io's events are called as ours are; its integration says that the campaign is its own."""
    theirs = {"integration": {"name": "Customer.io"}}
    body = body_of("email", "Email Opened", {"campaign_id": "9"}, context=theirs)
    assert body["properties"] == {"provider_campaign_id": "9"}
    assert body_of("email", "Email Opened", {"campaign_id": "9"})["properties"] == {"campaign_id": "9"}


def test_names_that_resemble_one_that_acts_are_counted_and_no_others() -> None:
    """A misspelt purchase counts under its name; what is known to mean nothing, and what looks like nothing, do not."""
    reader = Reader()
    for name in ("Ordr Completed", "ordr completed", "Product Aded", "Lamp Lit", "Ordered Product", "checkout",
                 "My Shop Order Completed", "Order Completed", "purchase", "x" * 500):  # fmt: skip
        message = orjson.dumps({"type": "track", "event": name, "userId": "ana"})
        reader.read(Record("channels.web", 0, 0, 1, None, message))
    assert reader.resembling == {"Order Completed": 4, "Product Added": 1}


OURS = "0123456789abcdefghijklmnopqrstuv0123456789abcdef"


@pytest.mark.parametrize(
    ("name", "properties"),
    [
        ("clicked", {"user-variables": orjson.dumps({"message_id": OURS}).decode()}),
        ("email.clicked", {"data": {"tags": [{"name": "shop", "value": "x"}, {"name": "message_id", "value": OURS}]}}),
        ("click", {"CustomID": OURS}), ("click", {"Payload": orjson.dumps({"message_id": OURS.upper()}).decode()}),
        ("click", {"tags": ["cart", OURS]}), ("click", {"tag": orjson.dumps([OURS]).decode()}),
        ("Click", {"Tag": OURS}), ("click", {"X-Mailin-custom": OURS}), ("click", {"tags": [{"message_id": OURS}]}),
        ("Click", {"mail": {"tags": {"message_id": [OURS]}}}), ("click", {"msg": {"metadata": {"message_id": OURS}}}),
    ],
)  # fmt: skip
def test_our_id_is_found_where_the_sender_put_it(name: str, properties: dict[str, Any]) -> None:
    """As an object, as JSON text, as a tag, as a name and its value; nothing else there is taken for one."""
    assert read(name, properties)["message_id"] == OURS
    other = orjson.loads(orjson.dumps(properties).lower().replace(OURS.encode(), b"of-somebody-else"))
    assert "message_id" not in read(name, other)


@pytest.mark.parametrize("odd", ["{", "[", "{}", "[null, 5]", "[[]]", {}, [], 5, None, True, [{}], [{"value": [OURS]}]])
def test_what_a_sender_has_not_put_there_is_no_id(odd: Any) -> None:
    """Whatever else stands there is kept as it is."""
    said = read("click", {"tags": odd, "custom_args": odd})
    assert "message_id" not in said
    assert said["tags"] == odd


def read(name: str, properties: dict[str, Any]) -> dict[str, Any]:
    """The properties of a provider's event of e-mail, as read."""
    message = {"type": "track", "event": name, "userId": "u", "properties": properties}
    event = Reader().read(Record("channels.email", 0, 0, 1, None, orjson.dumps(message)))
    assert isinstance(event, Event)
    return orjson.loads(event.body)["properties"]  # type: ignore[no-any-return]
