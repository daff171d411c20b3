"""The fingerprint of a secret: kept with what was made with it, so that another secret is noticed.

It is slow to compute on purpose (scrypt, RFC 7914): whoever finds one can guess a weak secret no faster than that.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import scrypt
from hmac import compare_digest
from typing import Final

COST: Final = 14
"""Binary logarithm of scrypt's N: 16 MiB and some 50 ms each, once a start."""
SALT_BYTES: Final = 16
_KIND: Final = b"scrypt"
_MOST: Final = 18


def fingerprint(secret: str, salt: bytes) -> bytes:
    """The fingerprint of a secret, `scrypt$cost$salt$digest` (ASCII, hex). `salt`: 16 random bytes."""
    return b"$".join((_KIND, b"%d" % COST, salt.hex().encode(), _digest(secret, salt, COST).hex().encode()))


def salt_of(stored: bytes) -> bytes:
    """The salt that the fingerprint `stored` was made with. Raises ValueError when `stored` is no fingerprint."""
    return _read(stored)[1]


def fits(stored: bytes, secret: str) -> bool:
    """Whether the fingerprint `stored` is that of `secret`. Raises ValueError when `stored` is no fingerprint."""
    cost, salt, digest = _read(stored)
    return compare_digest(digest, _digest(secret, salt, cost))


def _read(stored: bytes) -> tuple[int, bytes, bytes]:
    try:
        kind, cost, salt, digest = stored.decode("ascii").strip().split("$")
        read = int(cost), bytes.fromhex(salt), bytes.fromhex(digest)
    except ValueError:
        raise ValueError("not a fingerprint of a secret") from None
    if kind.encode() != _KIND or not 1 <= read[0] <= _MOST or len(read[1]) != SALT_BYTES or not digest:
        raise ValueError("not a fingerprint of a secret")
    return read


@lru_cache(maxsize=64)
def _digest(secret: str, salt: bytes, cost: int) -> bytes:
    return scrypt(secret.encode(), salt=salt, n=1 << cost, r=8, p=1, dklen=16, maxmem=(1 << cost) * 1024 + (1 << 20))
