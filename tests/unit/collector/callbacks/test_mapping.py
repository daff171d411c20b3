"""What each provider's callback becomes, as shared tables of what they put on the wire say."""

from __future__ import annotations

from urllib.parse import urlencode

import orjson
import pytest

from collector.callbacks.events import Reading
from schemas.events import DeadLetter, Reader
from schemas.record import Record
from tests.support import callback_bodies as bodies
from tests.support import callbacks as made
from tests.support.callback_bodies import ANA, MID
from tests.support.callback_reading import check, only, read, told

MAIL = {"context": {"traits": {"email": ANA}}, "timestamp": "2026-11-30T03:33:10.000Z"}
PHONE = "+4915112345678"


def test_sendgrid():
    """Each event of a batch: what is hard, what is soft, what a machine did, and ids of ours from two places."""
    reading = read("sendgrid", bodies.SENDGRID)
    events = told(reading)
    assert reading.ignored == 1  # processed
    assert {(e["channel"], e["timestamp"], e["context"]["traits"]["email"]) for e in events} == {
        ("email", MAIL["timestamp"], ANA)
    }
    assert {e["properties"].get("message_id") for e in events[:-1]} == {MID}
    assert [(e["event"], e["properties"].get("bounce_type")) for e in events] == [
        ("Email Delivered", None), ("Email Opened", None), ("Email Link Clicked", None), ("Email Bounced", "hard"),
        ("Email Bounced", "soft"), ("Email Bounced", "soft"), ("Email Bounced", "soft"), ("Email Marked as Spam", None),
        ("Unsubscribed", None), ("Unsubscribed", None), ("Subscription Changed", None),
    ]  # fmt: skip
    assert events[1]["properties"]["machine"] is True
    assert events[1]["context"]["userAgent"] == "Mozilla/5.0"
    check(events[9], "Unsubscribed", channel="email", topic="group 10")
    check(events[10], "Subscription Changed", channel="email", topic="group 10", subscribed=True)
    assert [e["messageId"] for e in events[:2]] == ["sendgrid:ZGVsaXZlcmVk", "sendgrid:b3Blbg"]


@pytest.mark.parametrize(("event", "more", "name", "properties"), [
    ("delivered", {}, "Email Delivered", {"message_id": MID}),
    ("opened", {"client-info": {"user-agent": "Chrome", "bot": ""}}, "Email Opened", {"machine": None}),
    ("opened", {"client-info": {"user-agent": "Mozilla/5.0", "bot": "apple"}}, "Email Opened", {"machine": True}),
    ("opened", {"client-info": {"user-agent": "GoogleImageProxy", "bot": "gmail"}}, "Email Opened", {"machine": None}),
    ("clicked", {"client-info": {"bot": "gmail"}}, "Email Link Clicked", {"machine": True}),
    ("clicked", {"url": "https://shop.example/"}, "Email Link Clicked", {"link": "https://shop.example/"}),
    ("failed", {"severity": "permanent", "reason": "bounce", "delivery-status": {"code": 605, "message": "Not there"}},
     "Email Bounced", {"bounce_type": "hard", "reason": "Not there"}),
    ("failed", {"severity": "temporary", "reason": "generic", "delivery-status": {"code": 452, "description": "full"}},
     "Email Bounced", {"bounce_type": "soft", "reason": "full"}),
    ("complained", {}, "Email Marked as Spam", {}),
    ("unsubscribed", {"user-variables": {"message_id": MID, "campaign_id": "cart"},
                      "message": {"headers": {"message-id": "20260101@mailgun.org"}}},
     "Unsubscribed", {"channel": "email", "message_id": MID, "campaign_id": "cart"}),
])  # fmt: skip
def test_mailgun(event, more, name, properties):
    """Severity says whether a failure is for good; the message is named by its Message-ID or by user variables."""
    found = only(read("mailgun", {"event-data": bodies.mailgun(event, **more)}))
    check(found, name, **properties)
    assert (found["messageId"], found["context"]["traits"]) == (
        f"mailgun:CPgfbmQMTCKtHW6uIWtuVe-{event}",
        {"email": ANA},
    )
    assert found["timestamp"] == "2026-11-30T03:33:10.263Z"


@pytest.mark.parametrize(("kind", "more", "name", "properties"), [
    ("Delivery", {"Recipient": ANA, "DeliveredAt": "2026-11-30T03:33:10Z"}, "Email Delivered", {"campaign_id": "cart"}),
    ("Bounce", {"ID": 42, "Type": "HardBounce", "TypeCode": 1, "Email": ANA, "BouncedAt": "2026-11-30T03:33:10Z",
                "Details": "smtp;550 5.1.1 unknown", "Inactive": True}, "Email Bounced", {"bounce_type": "hard"}),
    ("Bounce", {"ID": 43, "Type": "SoftBounce", "Email": ANA, "BouncedAt": "2026-11-29T22:33:10-05:00"},
     "Email Bounced", {"bounce_type": "soft"}),
    ("SpamComplaint", {"ID": 44, "Type": "SpamComplaint", "Email": ANA, "BouncedAt": "2026-11-30T03:33:10Z"},
     "Email Marked as Spam", {}),
    ("Open", {"Recipient": ANA, "ReceivedAt": "2026-11-30T03:33:10Z", "FirstOpen": True, "UserAgent": "Thunderbird"},
     "Email Opened", {}),
    ("Click", {"Recipient": ANA, "ReceivedAt": "2026-11-30T03:33:10Z", "OriginalLink": "https://shop.example/p/1"},
     "Email Link Clicked", {"link": "https://shop.example/p/1"}),
    ("SubscriptionChange", {"Recipient": ANA, "ChangedAt": "2026-11-30T03:33:10Z", "SuppressSending": True,
                            "SuppressionReason": "ManualSuppression", "Origin": "Recipient"},
     "Unsubscribed", {"channel": "email"}),
    ("SubscriptionChange", {"Recipient": ANA, "ChangedAt": "2026-11-30T03:33:10Z", "SuppressSending": True,
                            "SuppressionReason": "HardBounce"}, "Email Bounced", {"bounce_type": "hard"}),
    ("SubscriptionChange", {"Recipient": ANA, "ChangedAt": "2026-11-30T03:33:10Z", "SuppressSending": True,
                            "SuppressionReason": "SpamComplaint"}, "Email Marked as Spam", {}),
    ("SubscriptionChange", {"Recipient": ANA, "ChangedAt": "2026-11-30T03:33:10Z", "SuppressSending": False,
                            "Origin": "Recipient"}, "Subscription Changed", {"subscribed": True}),
])  # fmt: skip
def test_postmark(kind, more, name, properties):
    """Each record as it is named, of the message that its metadata name."""
    found = only(read("postmark", bodies.postmark(kind, **more)))
    check(found, name, message_id=MID, **properties)
    assert found["context"]["traits"] == {"email": ANA}
    assert found["timestamp"] == MAIL["timestamp"]
    again = only(read("postmark", bodies.postmark(kind, **more)))
    assert again["messageId"] == found["messageId"]


def test_postmarks_administrators_give_no_consent():
    """That somebody at the shop lets an address be written to again is no yes of the customer's."""
    lifted = bodies.postmark("SubscriptionChange", Recipient=ANA, SuppressSending=False, Origin="Admin")
    assert read("postmark", lifted) == Reading(ignored=1)


BOUNCED = {"emailAddress": ANA, "action": "failed", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 unknown"}


@pytest.mark.parametrize(("kind", "about", "name", "properties"), [
    ("Bounce", {"bounceType": "Permanent", "bounceSubType": "General", "bouncedRecipients": [BOUNCED],
                "feedbackId": "000001"}, "Email Bounced", {"bounce_type": "hard", "status": "5.1.1"}),
    ("Bounce", {"bounceType": "Transient", "bounceSubType": "General", "bouncedRecipients": [
        {"emailAddress": ANA, "status": "5.4.4", "diagnosticCode": "smtp; 550 5.4.4 Invalid domain"}],
                "feedbackId": "000002"}, "Email Bounced", {"bounce_type": "hard", "status": "5.4.4"}),
    ("Bounce", {"bounceType": "Transient", "bounceSubType": "MailboxFull", "bouncedRecipients": [{"emailAddress": ANA}],
                "feedbackId": "000003"}, "Email Bounced", {"bounce_type": "soft", "bounce_subtype": "MailboxFull"}),
    ("Bounce", {"bounceType": "Undetermined", "bouncedRecipients": [{"emailAddress": ANA}], "feedbackId": "000004"},
     "Email Bounced", {"bounce_type": "soft"}),
    ("Complaint", {"complainedRecipients": [{"emailAddress": ANA}], "feedbackId": "000005",
                   "complaintFeedbackType": "abuse"}, "Email Marked as Spam", {}),
    ("Delivery", {"recipients": [ANA], "smtpResponse": "250 ok", "processingTimeMillis": 546}, "Email Delivered", {}),
    ("DeliveryDelay", {"delayType": "MailboxFull", "delayedRecipients": [{"emailAddress": ANA, "status": "4.2.2"}]},
     "Email Bounced", {"bounce_type": "soft"}),
    ("Open", {"userAgent": "Mozilla/5.0 (X11)", "ipAddress": "192.0.2.1"}, "Email Opened", {}),
    ("Click", {"userAgent": "Mozilla/5.0 (X11)", "link": "https://shop.example/"}, "Email Link Clicked",
     {"link": "https://shop.example/"}),
    ("Subscription", {"contactList": "list", "newTopicPreferences": {"unsubscribeAll": True}}, "Unsubscribed",
     {"channel": "email", "topic": None}),
    ("Subscription", {"newTopicPreferences": {"unsubscribeAll": False, "topicSubscriptionStatus": [
        {"topicName": "Sales", "subscriptionStatus": "OptOut"}, {"topicName": "News", "subscriptionStatus": "OptIn"}]}},
     "Unsubscribed", {"channel": "email", "topic": "Sales"}),
])  # fmt: skip
def test_ses(kind, about, name, properties):
    """Bounces by type (a domain that is not there is for good), complaints, and the rest; the id from the headers."""
    for field in ("eventType", "notificationType"):
        found = only(read("ses", made.sns(bodies.ses(kind, about, field))))
        check(found, name, message_id=MID, **properties)
        assert found["context"]["traits"] == {"email": ANA}
        assert found["timestamp"] == "2026-11-30T03:33:10.123Z"


def test_ses_tells_of_each_recipient():
    """Two addresses that bounced are two events; without headers the envelope's sender names the message."""
    two = [{"emailAddress": ANA}, {"emailAddress": "bo@example.com"}]
    about = {"bounceType": "Permanent", "bouncedRecipients": two, "feedbackId": "f"}
    found = told(read("ses", made.sns(bodies.ses("Bounce", about, headers=None, commonHeaders=None))))
    assert [e["context"]["traits"]["email"] for e in found] == [ANA, "bo@example.com"]
    assert [e["messageId"] for e in found] == ["ses:bounce:f:0", "ses:bounce:f:1"]
    assert {e["properties"]["message_id"] for e in found} == {MID}


def test_what_ses_says_of_itself_is_nothing():
    """Confirmations, the first sentence of a subscription, sends, and that something is no spam are no events."""
    about = {"complainedRecipients": [{"emailAddress": ANA}], "complaintFeedbackType": "not-spam", "feedbackId": "f"}
    for message in (
        "Successfully validated SNS topic for Amazon SES event publishing.", bodies.ses("Send", {}),
        bodies.ses("Complaint", about),
    ):  # fmt: skip
        assert read("ses", made.sns(message)) == Reading(ignored=1)


URL = f"https://events.shop.example/callbacks/twilio?message_id={MID}&campaign_id=cart"


@pytest.mark.parametrize(("form", "name", "properties"), [
    ({"MessageStatus": "delivered"}, "SMS Delivered", {"campaign_id": "cart"}),
    ({"MessageStatus": "failed", "ErrorCode": "30003"}, "SMS Failed", {"bounce_type": "soft", "error_code": "30003"}),
    ({"MessageStatus": "undelivered", "ErrorCode": "30005"}, "SMS Failed", {"bounce_type": "hard"}),
    ({"MessageStatus": "failed", "ErrorCode": "21610"}, "SMS Failed", {"bounce_type": "hard"}),
    ({"MessageStatus": "failed"}, "SMS Failed", {"bounce_type": "soft"}),
])  # fmt: skip
def test_twilio(form, name, properties):
    """A status of a text message; a failure is for good only where the error is about the number."""
    form = {"MessageSid": "SM123", "AccountSid": "AC1", "From": "+15017122661", "To": PHONE, **form}
    found = only(read("twilio", urlencode(form).encode(), url=URL))
    check(found, name, message_id=MID, **properties)
    assert (found["channel"], found["context"]["traits"]) == ("sms", {"phone": PHONE})
    assert found["messageId"] == f"twilio:SM123:{form['MessageStatus']}"


def test_twilio_whatsapp():
    """WhatsApp goes by its own channel."""
    form = {"MessageSid": "SM1", "MessageStatus": "read", "To": f"whatsapp:{PHONE}", "From": "whatsapp:+14155238886"}
    found = only(read("twilio", urlencode(form).encode(), url=URL))
    check(found, "SMS Delivered", message_id=MID)
    assert found["channel"] == "messenger"


@pytest.mark.parametrize(("more", "name"), [
    ({"Body": " Stop. "}, "Unsubscribed"), ({"Body": "bitte aufhoeren", "OptOutType": "STOP"}, "Unsubscribed"),
    ({"Body": "start", "OptOutType": "START"}, "Subscription Changed"), ({"Body": "when do you open?"}, None),
    ({"Body": "start"}, None), ({"Body": "stop it", "OptOutType": "HELP"}, None),
])  # fmt: skip
def test_twilio_answers(more, name):
    """A customer's STOP is a no to text messages, whoever keeps the list of such words; other words are none."""
    form = {"MessageSid": "SM9", "SmsStatus": "received", "From": PHONE, "To": "+15017122661", **more}
    reading = read("twilio", urlencode(form).encode())
    if name is None:
        assert reading == Reading(ignored=1)
        return
    found = only(reading)
    check(found, name, channel="sms", subscribed=True if name == "Subscription Changed" else None)
    assert found["context"]["traits"] == {"phone": PHONE}


def test_twilio_event_streams_and_clicks():
    """JSON of Twilio's: CloudEvents of an event stream, and clicks on short links."""
    stream = [{
        "specversion": "1.0", "type": "com.twilio.messaging.message.undelivered", "source": "/v1/x", "id": "EZ1",
        "time": "2026-11-30T03:33:10.123Z", "data": {"messageSid": "SM1", "to": PHONE, "errorCode": 30006},
    }]  # fmt: skip
    found = only(read("twilio", stream))
    check(found, "SMS Failed", bounce_type="hard")
    assert found["timestamp"] == "2026-11-30T03:33:10.123Z"
    click = {"event_type": "click", "sms_sid": "SM1", "to": PHONE, "from": "+15017122661",
             "link": "https://shop.example/", "click_time": "2026-11-30T03:33:10Z", "user_agent": "Chrome"}  # fmt: skip
    check(only(read("twilio", click, url=URL)), "SMS Link Clicked", link="https://shop.example/", message_id=MID)


@pytest.mark.parametrize(("kind", "more", "name", "properties"), [
    ("email.delivered", {}, "Email Delivered", {"campaign_id": "cart"}),
    ("email.opened", {}, "Email Opened", {}),
    ("email.clicked", {"click": {"link": "https://shop.example/", "timestamp": "2026-11-30T03:33:10.126Z",
                                 "userAgent": "Chrome"}}, "Email Link Clicked", {"link": "https://shop.example/"}),
    ("email.bounced", {"bounce": {"type": "Permanent", "subType": "Suppressed", "message": "no"}}, "Email Bounced",
     {"bounce_type": "hard", "bounce_subtype": "Suppressed"}),
    ("email.bounced", {"bounce": {"type": "Transient", "subType": "MailboxFull"}}, "Email Bounced",
     {"bounce_type": "soft"}),
    ("email.delivery_delayed", {}, "Email Bounced", {"bounce_type": "soft"}),
    ("email.failed", {"failed": {"reason": "reached_daily_quota"}}, "Email Bounced", {"bounce_type": "soft"}),
    ("email.complained", {}, "Email Marked as Spam", {}),
    ("email.delivered", {"tags": [{"name": "message_id", "value": MID}]}, "Email Delivered", {}),
    ("email.delivered", {"tags": None, "headers": [{"name": "Message-ID", "value": f"<{MID}@shop.example>"}]},
     "Email Delivered", {}),
])  # fmt: skip
def test_resend(kind, more, name, properties):
    """Resend's names, of the message that tags or headers name."""
    found = only(read("standard-webhooks", bodies.resend(kind, **more), {"svix-id": "msg_9"}))
    check(found, name, message_id=MID, **properties)
    assert (found["messageId"], found["timestamp"]) == ("standard-webhooks:msg_9:0", "2026-11-30T03:33:10.126Z")


def test_a_contact_of_resend_that_has_unsubscribed():
    """A contact that is not subscribed any more is a no to e-mail; other changes of contacts are nothing."""
    event = {
        "type": "contact.updated",
        "created_at": "2026-11-30T03:33:10Z",
        "data": {"email": ANA, "unsubscribed": True},
    }
    check(only(read("standard-webhooks", event, {"webhook-id": "m"})), "Unsubscribed", channel="email")
    event["data"]["unsubscribed"] = False
    assert read("standard-webhooks", event) == Reading(ignored=1)


@pytest.mark.parametrize(("provider", "body", "headers"), [
    ("sendgrid", [{"event": "delivered"}], {}), ("sendgrid", [{"event": "no such name", "email": ANA}], {}),
    ("sendgrid", [7], {}), ("mailgun", {"event-data": {"event": "delivered"}}, {}), ("mailgun", {}, {}),
    ("postmark", {"RecordType": "Delivery"}, {}), ("postmark", {}, {}), ("twilio", b"MessageStatus=delivered", {}),
    ("standard-webhooks", {"type": "email.delivered", "data": {}}, {}), ("standard-webhooks", {"type": "x"}, {}),
    ("shopify", {"id": 1}, {"X-Shopify-Topic": "orders/create"}), ("shopify", {}, {}),
    ("shopify", bodies.shopify_order(), {"X-Shopify-Topic": "orders/cancelled"}),
    ("shopify", bodies.shopify_order(), {"X-Shopify-Topic": "refunds/create"}),
    ("woocommerce", {"id": 1}, {"X-WC-Webhook-Topic": "order.created"}),
])  # fmt: skip
def test_what_cannot_be_mapped_is_a_dead_letter_with_its_reason(provider, body, headers):
    """It is kept as it came, and the pipeline's reader puts it where people look: never an event of somebody's."""
    reading = read(provider, body, headers)
    assert not reading.events
    [kept] = reading.unmapped
    refused = Reader().read(Record(f"channels.{kept.channel}", 0, 0, made.NOW, None, kept.value))
    assert isinstance(refused, DeadLetter)
    assert refused.reason == "unknown_type"
    said = orjson.loads(kept.value)
    assert said["callback"] == provider
    assert said["reason"]
