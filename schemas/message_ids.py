"""Ids of messages: each says, to who has the secret, which profile the message was decided for.

So feedback finds its customer by the message alone, whoever has the address by then. 30 bytes as 48 letters and digits
(base 32, lower case), short enough for the local part of an address (VERP): a keyed hash of what the message is about
(8), the day of its trigger and the profile id (18) under a pad made of that hash, and a check (4).
"""

from __future__ import annotations

from base64 import b32hexencode
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from schemas.topics import DAY_MS

LENGTH: Final = 48
_BYTES: Final = 30
_BASE: Final = 32
_TAG, _CHECK = 8, 4
_DAYS: Final = 1 << 16


class SentTo(NamedTuple):
    """What an id says: the profile (16 bytes), the day of the trigger, modulo 65,536, and 16 bytes of the message's."""

    profile: bytes
    day: int
    thread: bytes

    def age(self, at: int) -> int:
        """How many days lie between the trigger's and that of `at` (epoch milliseconds)."""
        days = (at // DAY_MS - self.day) % _DAYS
        return days if days < _DAYS // 2 else days - _DAYS


def named(value: Any) -> str | None:
    """The id in the `value` of an event's `message_id`: an id in any case, or mail's `<id@domain>`. None for others."""
    if type(value) is not str or len(value) < LENGTH:
        return None
    if len(value) > LENGTH:
        value = value.strip().removeprefix("<").partition("@")[0]
    return value.lower() if _number(value) is not None else None


class MessageIds:
    """Writes and reads ids under one secret, that of the settings."""

    def __init__(self, secret: str) -> None:
        self._key = blake2b(secret.encode(), digest_size=32, person=b"winback-mid").digest()

    def of(self, profile_id: str, about: str, at: int) -> str:
        """The id of a message: `profile_id` (32 hex digits) says to whom, `about` and `at` (epoch ms) set it off."""
        tag = self._hash(b"about", about.encode(), _TAG)
        plain = (at // DAY_MS % _DAYS).to_bytes(2, "big") + bytes.fromhex(profile_id)
        hidden = self._padded(tag, plain)
        check = self._hash(b"check", tag + hidden, _CHECK)
        return b32hexencode(tag + hidden + check).decode().lower()

    def read(self, message_id: str) -> SentTo | None:
        """Whose message `message_id` is; None for an id that was not made here, or under another secret."""
        number = _number(message_id)
        if number is None:
            return None
        found = number.to_bytes(_BYTES, "big")
        tag, hidden = found[:_TAG], found[_TAG:-_CHECK]
        if self._hash(b"check", tag + hidden, _CHECK) != found[-_CHECK:]:
            return None
        plain = self._padded(tag, hidden)
        return SentTo(plain[2:], int.from_bytes(plain[:2], "big"), found[:16])

    def _padded(self, tag: bytes, text: bytes) -> bytes:
        pad = int.from_bytes(self._hash(b"pad", tag, len(text)), "big")
        return (int.from_bytes(text, "big") ^ pad).to_bytes(len(text), "big")

    def _hash(self, what: bytes, text: bytes, size: int) -> bytes:
        return blake2b(text, digest_size=size, key=self._key, person=what).digest()


def _number(text: str) -> int | None:
    """The 240 bits that 48 letters and digits stand for."""
    if len(text) != LENGTH or not text.isascii() or not text.isalnum():
        return None
    try:
        return int(text, _BASE)
    except ValueError:
        return None
