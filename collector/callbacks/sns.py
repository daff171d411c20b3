"""Amazon SNS: the envelope that its topics post, and its signature by a certificate of Amazon's.

A secret is the ARN of a topic: Amazon signs the messages of everybody's topics alike, so the topic says whose they are.
The certificate is at an address that the message names; it and the address that confirms a subscription count only on
Amazon's hosts for SNS, by https.
https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from collector.callbacks.body import load_object, text
from collector.callbacks.request import Request, UnreadableError, UnsignedError, digest, equal
from schemas import times

EXTRA: Final = "cryptography"
"""The package that verifies, of the extra `callbacks`."""
NOTIFICATION: Final = "Notification"
SUBSCRIPTION: Final = "SubscriptionConfirmation"
UNSUBSCRIPTION: Final = "UnsubscribeConfirmation"
_SIGNED: Final = {
    NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    SUBSCRIPTION: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    UNSUBSCRIPTION: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}  # fmt: skip
_HOST: Final = re.compile(r"sns\.[a-z]{2}(?:-[a-z]+)+-[0-9]{1,2}\.amazonaws\.com(?:\.cn)?")
_ARN: Final = re.compile(r"arn:aws[a-z-]*:sns:([a-z0-9-]+):[0-9]{12}:[A-Za-z0-9_.-]{1,256}")
_OLDEST: Final = 3_900_000
"""How old a message may be, in milliseconds: SNS tries for an hour at most, and may be five minutes off."""
_LATEST: Final = 300_000
"""How far ahead of our clock, in milliseconds, a message may say that it was made."""


def envelope(body: bytes) -> dict[str, Any]:
    """The envelope in a `body`, which is sent as text/plain. Raises UnreadableError."""
    found = load_object(body)
    if found.get("Type") not in _SIGNED:
        raise UnreadableError("no message of SNS")
    return found


def certificate_url(request: Request, secrets: Sequence[str]) -> str:
    """Where the certificate is that a message of one of the topics `secrets` is signed with.

    Raises UnsignedError for another topic, and for any other place than Amazon's in the topic's region: nobody else
    makes us fetch anything.
    """
    try:
        found = envelope(request.body)
    except UnreadableError:
        raise UnsignedError("no message of SNS") from None
    url, topic = text(found.get("SigningCertURL")), text(found.get("TopicArn"))
    if not any(equal(topic, secret) for secret in secrets):
        raise UnsignedError("another topic")
    region = _ARN.fullmatch(topic)
    if not is_of_amazon(url) or not urlsplit(url).path.endswith(".pem"):
        raise UnsignedError("the certificate is not Amazon's")
    if region is None or not urlsplit(url).netloc.startswith(f"sns.{region[1]}."):
        raise UnsignedError("the certificate is of another region")
    return url


def is_of_amazon(url: str) -> bool:
    """Whether `url` is an address of SNS: https, the host `sns.<region>.amazonaws.com`, no port and no login."""
    try:
        parts = urlsplit(url)
        if parts.port not in (None, 443):
            return False
    except ValueError:
        return False
    plain = url.isascii() and url.isprintable() and "\\" not in url and " " not in url
    host = parts.netloc.removesuffix(":443")
    return plain and parts.scheme == "https" and _HOST.fullmatch(host) is not None


def verify(request: Request, secret: str) -> None:
    """Raise UnsignedError unless the message is of the topic `secret`, and signed with a certificate that is there."""
    url = certificate_url(request, (secret,))
    found = envelope(request.body)
    # SNS signs once: a retry is the same message.
    at = times.parse(found.get("Timestamp"))
    if at is None or not -_LATEST <= request.now - at <= _OLDEST:
        raise UnsignedError("stale timestamp")
    if url not in request.certificates:
        raise UnsignedError("the certificate cannot be had")
    try:
        signature = base64.b64decode(text(found.get("Signature")), validate=True)
    except (binascii.Error, ValueError):
        raise UnsignedError("wrong signature") from None
    _verify(request.certificates[url], signature, _signed(found), text(found.get("SignatureVersion")), request.now)


def check_secret(secret: str) -> None:
    """Raise ValueError unless `secret` is the ARN of a topic."""
    if not _ARN.fullmatch(secret):
        raise ValueError("the secret of ses is the ARN of the SNS topic, arn:aws:sns:<region>:<account>:<name>")


def known_by(request: Request) -> str:
    """What the same message has again: its id."""
    found = envelope(request.body)
    return digest(text(found.get("TopicArn")), text(found.get("Type")), text(found.get("MessageId")))


def confirmation(request: Request) -> str | None:
    """The address to get so that a topic posts its messages here; None for any other message.

    To be asked of verified messages alone. Raises UnsignedError when the address is not Amazon's.
    """
    found = envelope(request.body)
    if found["Type"] != SUBSCRIPTION:
        return None
    url = text(found.get("SubscribeURL"))
    if not is_of_amazon(url):
        raise UnsignedError("the address to subscribe at is not Amazon's")
    return url


def _signed(found: dict[str, Any]) -> bytes:
    """The text that is signed: names and values, each on a line of its own; Subject only where there is one."""
    lines = []
    for name in _SIGNED[found["Type"]]:
        value = found.get(name)
        if isinstance(value, str):
            lines.append(f"{name}\n{value}\n")
        elif name != "Subject":
            raise UnsignedError("wrong signature")
    return "".join(lines).encode("utf-8", "replace")


def _verify(pem: bytes, signature: bytes, signed: bytes, version: str, now: int) -> None:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - of an extra
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: PLC0415
    from cryptography.x509 import load_pem_x509_certificate  # noqa: PLC0415

    # Version 1 of the scheme is SHA-1: a topic has it unless it is told to use version 2.
    algorithms = {"1": hashes.SHA1, "2": hashes.SHA256}
    if version not in algorithms:
        raise UnsignedError("a version of signatures that is not known")
    try:
        certificate = load_pem_x509_certificate(pem)
        key = certificate.public_key()
    except ValueError:
        raise UnsignedError("the certificate is none") from None
    at = datetime.fromtimestamp(now / 1000, tz=UTC)
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        raise UnsignedError("the certificate is not valid now")
    if not isinstance(key, rsa.RSAPublicKey):
        raise UnsignedError("the certificate is none")
    try:
        key.verify(signature, signed, padding.PKCS1v15(), algorithms[version]())
    except InvalidSignature:
        raise UnsignedError("wrong signature") from None
