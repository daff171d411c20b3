"""The signature of a webhook request, as the Standard Webhooks specification (v1) has it.

HMAC-SHA256 over `id.timestamp.body`, in base64, after `v1,`. Over the timestamp too, so that a request cannot be kept
and played back later.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from hashlib import sha256
from typing import Final

PREFIX: Final = "whsec_"


def key_of(secret: str) -> bytes:
    """The key of a secret: what follows `whsec_` in base64, any other text as it is. Raises ValueError."""
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("WINBACK_DISPATCH_WEBHOOK_SECRET: what follows whsec_ is not base64") from None


def headers(key: bytes, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers of a request with this body, signed with the key; `timestamp` in epoch seconds.

    `message_id` is the idempotency key as well.
    """
    signed = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": "v1," + base64.b64encode(signed).decode(),
        "Idempotency-Key": message_id,
    }
