"""Requests as providers make them: bodies signed by the provider's own library, or by its rule with a test key."""

from __future__ import annotations

import base64
import hmac
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import orjson
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID
from standardwebhooks.webhooks import Webhook
from twilio.request_validator import RequestValidator

from collector.callbacks.request import Request

NOW = 1_796_009_600_000
"""2026-11-30T03:33:20Z."""
MAILGUN_KEY, SHOP_KEY, TWILIO_TOKEN, LOGIN = "mg-test-key", "shop-test-secret", "0123456789abcdef", "winback:let-me-in"
WHSEC = "whsec_" + base64.b64encode(b"a key of twenty-four byt").decode()
TOPIC = "arn:aws:sns:eu-central-1:123456789012:feedback"
CERTIFICATE_URL = "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-test.pem"
URL = "https://events.shop.example/callbacks/x"


def request(body: bytes, headers: dict[str, str] | None = None, url: str = URL, now: int = NOW, **more: Any) -> Request:
    """A request as the routes make it."""
    return Request({name.lower(): value for name, value in (headers or {}).items()}, body, url, now, **more)


@cache
def sendgrid_key() -> ec.EllipticCurvePrivateKey:
    """SendGrid's side of a key of its kind."""
    return ec.generate_private_key(ec.SECP256R1())


def sendgrid_secret() -> str:
    """What SendGrid shows as the verification key."""
    der = serialization.PublicFormat.SubjectPublicKeyInfo
    return base64.b64encode(sendgrid_key().public_key().public_bytes(serialization.Encoding.DER, der)).decode()


def sendgrid(body: bytes, at: int = NOW // 1000) -> dict[str, str]:
    """The headers of a body that SendGrid has signed at a time (epoch seconds)."""
    signature = sendgrid_key().sign(str(at).encode() + body, ec.ECDSA(hashes.SHA256()))
    return {
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": str(at),
    }


def mailgun(data: dict[str, Any], token: str = "t" * 50, at: int = NOW // 1000, key: str = MAILGUN_KEY) -> bytes:
    """A body with Mailgun's signature in it."""
    signature = hmac.new(key.encode(), f"{at}{token}".encode(), "sha256").hexdigest()
    return orjson.dumps({
        "signature": {"timestamp": str(at), "token": token, "signature": signature}, "event-data": data,
    })  # fmt: skip


def postmark(login: str = LOGIN) -> dict[str, str]:
    """The headers of a request to an address with a login."""
    return {"Authorization": "Basic " + base64.b64encode(login.encode()).decode()}


def twilio(url: str, params: Any, token: str = TWILIO_TOKEN) -> dict[str, str]:
    """The headers of a request that Twilio's own library signs."""
    return {"X-Twilio-Signature": RequestValidator(token).compute_signature(url, params)}


def standard(body: bytes, webhook_id: str = "msg_1", at: int = NOW // 1000, prefix: str = "webhook") -> dict[str, str]:
    """The headers of a body that the specification's own library signs."""
    signature = Webhook(WHSEC).sign(webhook_id, datetime.fromtimestamp(at, tz=UTC), body.decode())
    return {f"{prefix}-id": webhook_id, f"{prefix}-timestamp": str(at), f"{prefix}-signature": signature}


def shop(body: bytes, header: str, key: str = SHOP_KEY) -> dict[str, str]:
    """The header of a body that a shop has signed."""
    return {header: base64.b64encode(hmac.digest(key.encode(), body, "sha256")).decode()}


@cache
def amazon() -> tuple[rsa.RSAPrivateKey, bytes]:
    """A key in Amazon's place, and its certificate (PEM)."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    now = datetime.fromtimestamp(NOW / 1000, tz=UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=365))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    return key, made.public_bytes(serialization.Encoding.PEM)


def sns(message: Any, version: str = "2", **more: Any) -> bytes:
    """A body that a topic of SNS posts, signed; what is `more` is in the envelope before it is signed."""
    text = message if isinstance(message, str) else orjson.dumps(message).decode()
    found = {
        "Type": "Notification", "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324", "TopicArn": TOPIC, "Message": text,
        "Timestamp": "2026-11-30T03:33:10.000Z", "SignatureVersion": version, "SigningCertURL": CERTIFICATE_URL, **more,
    }  # fmt: skip
    names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    if found["Type"] != "Notification":
        names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    signed = "".join(f"{name}\n{found[name]}\n" for name in names if name in found)
    algorithm = hashes.SHA1() if version == "1" else hashes.SHA256()  # noqa: S303 - SNS signs so by default
    signature = amazon()[0].sign(signed.encode(), padding.PKCS1v15(), algorithm)
    return orjson.dumps({**found, "Signature": base64.b64encode(signature).decode()})
