"""Who may call: each provider's signature, made by its own library or rule, and everything that is not that."""

from __future__ import annotations

import base64
from urllib.parse import urlencode

import orjson
import pytest

from collector.callbacks.providers import PROVIDERS
from collector.callbacks.request import UnsignedError
from tests.support import callbacks as made

FORM = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": "+4915112345678", "ErrorCode": ""}
TWILIO_URL = "https://events.shop.example/callbacks/twilio?message_id=abc"
JSON = b'[{"event":"open","email":"a@shop.example"}]\r\n'


def signed():
    """A good request of each provider: (provider, secret, request)."""
    form = urlencode(FORM).encode()
    order = b'{"id": 1}'
    certificates = {made.CERTIFICATE_URL: made.amazon()[1]}
    hashed = f"{TWILIO_URL}&bodySHA256={made.RequestValidator('').compute_hash(JSON.decode())}"
    return [
        ("sendgrid", made.sendgrid_secret(), made.request(JSON, made.sendgrid(JSON))),
        ("mailgun", made.MAILGUN_KEY, made.request(made.mailgun({"event": "opened"}))),
        ("postmark", made.LOGIN, made.request(b"{}", made.postmark())),
        ("twilio", made.TWILIO_TOKEN, made.request(form, made.twilio(TWILIO_URL, FORM), TWILIO_URL)),
        ("twilio", made.TWILIO_TOKEN, made.request(JSON, made.twilio(hashed, {}), hashed)),
        ("standard-webhooks", made.WHSEC, made.request(JSON, made.standard(JSON))),
        ("standard-webhooks", made.WHSEC, made.request(JSON, made.standard(JSON, prefix="svix"))),
        ("shopify", made.SHOP_KEY, made.request(order, made.shop(order, "X-Shopify-Hmac-Sha256"))),
        ("shopify", made.SHOP_KEY, made.request(order, made.shop(order, "shopify-hmac-sha256"))),
        ("woocommerce", made.SHOP_KEY, made.request(order, made.shop(order, "X-WC-Webhook-Signature"))),
        ("ses", made.TOPIC, made.request(made.sns("{}"), certificates=certificates)),
        ("ses", made.TOPIC, made.request(made.sns("{}", version="1", Subject="x"), certificates=certificates)),
    ]


@pytest.mark.parametrize("nth", range(12))
def test_what_the_provider_signs_is_taken_and_nothing_else(nth):
    """A good request passes; with another secret, without its headers or with another body it does not."""
    name, secret, request = signed()[nth]
    verify = PROVIDERS[name].verify
    verify(request, secret)
    others = {
        "sendgrid": base64.b64encode(b"").decode(), "postmark": "winback:other", "ses": made.TOPIC + "-other",
        "standard-webhooks": "whsec_" + base64.b64encode(b"another").decode(),
    }  # fmt: skip
    wrong = [request._replace(headers={})] if name not in ("mailgun", "ses") else []
    if name not in ("mailgun", "postmark"):
        # What is signed of SNS is the message, not the envelope around it.
        other = request.body.replace(b'"Message":"{}"', b'"Message":"[]"')
        wrong.append(request._replace(body=other if name == "ses" else request.body[:-2] + b" " + request.body[-2:]))
    for one in wrong:
        with pytest.raises(UnsignedError):
            verify(one, secret)
    if name != "sendgrid":
        with pytest.raises(UnsignedError):
            verify(request, others.get(name, "another secret"))


def test_sendgrids_final_line_end_is_signed():
    """A body without the CRLF at its end is another body: sdk-wire.md saw it lost by frameworks that trim."""
    request = made.request(JSON.rstrip(), made.sendgrid(JSON))
    with pytest.raises(UnsignedError):
        PROVIDERS["sendgrid"].verify(request, made.sendgrid_secret())


@pytest.mark.parametrize(("late", "good"), [(299, True), (-299, True), (301, False), (-301, False)])
def test_a_signed_time_holds_for_five_minutes(late, good):
    """What was signed more than five minutes before or after now is refused, whoever signed it."""
    at = made.NOW // 1000 - late
    for name, secret, request in (
        ("sendgrid", made.sendgrid_secret(), made.request(JSON, made.sendgrid(JSON, at))),
        ("mailgun", made.MAILGUN_KEY, made.request(made.mailgun({}, at=at))),
        ("standard-webhooks", made.WHSEC, made.request(JSON, made.standard(JSON, at=at))),
    ):
        if good:
            PROVIDERS[name].verify(request, secret)
        else:
            with pytest.raises(UnsignedError, match="stale"):
                PROVIDERS[name].verify(request, secret)


@pytest.mark.parametrize("header", ["v1", "v1,", "v1,&&&", "v2,abc", ", ", "\udcff", "v1,é"])
def test_broken_signatures_are_refused_and_break_nothing(header):
    """What is no signature at all is a wrong one: never another error than the one that is answered 401."""
    for name, secret, request in signed():
        broken = {
            key: header if "signature" in key or "hmac" in key else value for key, value in request.headers.items()
        }
        if name not in ("mailgun", "postmark", "ses"):
            with pytest.raises(UnsignedError):
                PROVIDERS[name].verify(request._replace(headers=broken), secret)
    body = orjson.dumps(
        {**orjson.loads(made.mailgun({})), "signature": {"timestamp": "x", "token": [1], "signature": {}}}
    )
    with pytest.raises(UnsignedError):
        PROVIDERS["mailgun"].verify(made.request(body), made.MAILGUN_KEY)


def test_json_of_twilio_needs_the_hash_of_its_body():
    """Without it in the address the signature says nothing of the body (and Twilio's own library breaks)."""
    request = made.request(JSON, made.twilio(TWILIO_URL, {}), TWILIO_URL)
    with pytest.raises(UnsignedError, match="hash"):
        PROVIDERS["twilio"].verify(request, made.TWILIO_TOKEN)


@pytest.mark.parametrize("url", [
    "http://sns.eu-central-1.amazonaws.com/a.pem", "https://sns.eu-central-1.amazonaws.com.evil.example/a.pem",
    "https://evil.example/sns.eu-central-1.amazonaws.com/a.pem", "https://sns.eu-central-1.amazonaws.com:8443/a.pem",
    "https://x@sns.eu-central-1.amazonaws.com/a.pem", "https://sns.eu-central-1.amazonaws.com@evil.example/a.pem",
    "https://snsx.eu-central-1.amazonaws.com/a.pem", "https://sns.eu-central-1.amazonaws.com\\.evil.example/a.pem",
    "https://s3.eu-central-1.amazonaws.com/a.pem", "https://sns.eu-central-1.amazonaws.com/a.txt", "", "sns",
    "https://sns.us-east-1.amazonaws.com/a.pem", "https://sns.eu-central-1.amazonaws.com:x/a.pem",
])  # fmt: skip
def test_certificates_come_from_amazon_alone(url):
    """Any other host, scheme, port, login or region is refused before anything is fetched."""
    request = made.request(made.sns("{}", SigningCertURL=url))
    with pytest.raises(UnsignedError, match="certificate"):
        PROVIDERS["ses"].certificate(request, (made.TOPIC,))


def test_messages_of_other_topics_fetch_nothing():
    """Amazon signs everybody's topics: a message of a topic that is not named is refused first."""
    request = made.request(made.sns("{}", TopicArn="arn:aws:sns:eu-central-1:999999999999:evil"))
    with pytest.raises(UnsignedError, match="topic"):
        PROVIDERS["ses"].certificate(request, (made.TOPIC,))


def test_subscriptions_are_confirmed_at_amazon_alone():
    """The address that confirms a subscription is Amazon's, or the message is refused though it is signed."""
    certificates = {made.CERTIFICATE_URL: made.amazon()[1]}
    asked = {"Type": "SubscriptionConfirmation", "Token": "t"}
    good = "https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&Token=t"
    ses = PROVIDERS["ses"]
    request = made.request(made.sns("You have chosen", SubscribeURL=good, **asked), certificates=certificates)
    ses.verify(request, made.TOPIC)
    assert ses.confirmation(request) == good
    request = made.request(
        made.sns("You have", SubscribeURL="https://evil.example/", **asked), certificates=certificates
    )
    ses.verify(request, made.TOPIC)
    with pytest.raises(UnsignedError):
        ses.confirmation(request)


def test_a_message_of_sns_holds_for_as_long_as_sns_tries():
    """SNS signs once for all of its retries, which end after an hour; what comes later is played back."""
    certificates = {made.CERTIFICATE_URL: made.amazon()[1]}
    for minutes, good in ((60, True), (66, False)):
        late = made.request(made.sns("{}"), now=made.NOW + minutes * 60_000, certificates=certificates)
        if good:
            PROVIDERS["ses"].verify(late, made.TOPIC)
        else:
            with pytest.raises(UnsignedError, match="stale"):
                PROVIDERS["ses"].verify(late, made.TOPIC)
