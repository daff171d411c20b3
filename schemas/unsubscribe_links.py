"""Links by which the customer of one message wants no more of its kind, signed under the secret.

A message_id alone is no such word: every link of a message carries it (`wb_mid`), so whoever counts a shop's pages has
it. The token of a link is the id and 80 bits over id and channel; it holds no address.
"""

from __future__ import annotations

import hmac
from base64 import b32hexencode
from hashlib import blake2b
from typing import Final, NamedTuple
from urllib.parse import urlencode, urlsplit

from schemas.message_ids import LENGTH, named

DEFAULT_CHANNEL: Final = "email"
CHANNELS: Final = ("email", "sms", "push", "messenger")
"""The channels on which a message may carry a link."""
SIGNED: Final = "u"
CHANNEL: Final = "c"
"""Names in the query; without a channel it is e-mail."""
_BYTES: Final = 10


class Unsubscribing(NamedTuple):
    """What a link says: no more on this channel, by whoever has got this message."""

    message_id: str
    channel: str


class UnsubscribeLinks:
    """Writes and reads links under one secret, that of the settings; they lead to `base`, the public address."""

    def __init__(self, secret: str, base: str = "") -> None:
        self._key = blake2b(secret.encode(), digest_size=32, person=b"winback-unsub").digest()
        self._base = base + ("&" if urlsplit(base).query else "?")

    def of(self, message_id: str, channel: str) -> str:
        """The link for the message of this `message_id`, which goes out on a `channel`."""
        query = {SIGNED: message_id + self._sign(message_id, channel)}
        if channel != DEFAULT_CHANNEL:
            query[CHANNEL] = channel
        return self._base + urlencode(query)

    def read(self, token: str, channel: str = "") -> Unsubscribing | None:
        """What a link with this `token` and `channel` says; None for one that was not made here."""
        message_id, channel = named(token[:LENGTH]), channel or DEFAULT_CHANNEL
        if message_id is None or channel not in CHANNELS:
            return None
        given, wanted = token[LENGTH:].lower().encode("utf-8", "replace"), self._sign(message_id, channel).encode()
        return Unsubscribing(message_id, channel) if hmac.compare_digest(given, wanted) else None

    def _sign(self, message_id: str, channel: str) -> str:
        signed = blake2b(f"{message_id}.{channel}".encode(), digest_size=_BYTES, key=self._key).digest()
        return b32hexencode(signed).decode().lower()


def check_address(base: str) -> None:
    """Raise ValueError unless `base` may be the public address of such links: a URL of http or https, or nothing."""
    if not base:
        return
    try:
        parts = urlsplit(base)
        good = parts.scheme in ("https", "http") and bool(parts.hostname) and not parts.fragment
    except ValueError:
        good = False
    if not good or not base.isascii() or any(not c.isprintable() or c in " <>,\"'" for c in base):
        raise ValueError("is no address; https://events.shop.example/v1/unsubscribe is one")
