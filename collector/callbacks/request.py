"""A request as a provider sent it, and what makes it one that is not taken."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from hashlib import blake2b
from types import MappingProxyType
from typing import Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

TOLERANCE: Final = 300
"""Seconds between the time that is signed and now, at most, in either direction."""
_LONGEST_TIME: Final = 20


class UnsignedError(Exception):
    """No signature, a wrong one or one of another time: answer 401. The text is the reason, never what was sent."""


class UnreadableError(Exception):
    """A body that is not what the provider sends: answer 400. The text is the reason, never what was sent."""


class Request(NamedTuple):
    """One request. `now` is epoch milliseconds by our clock."""

    headers: Mapping[str, str]
    """By name in lower case."""
    body: bytes
    url: str
    """As the provider called it: scheme, host and query are those of the public address."""
    now: int
    certificates: Mapping[str, bytes] = MappingProxyType({})
    """PEM by address, of providers that sign with a certificate which has to be fetched."""

    def header(self, *names: str) -> str:
        """The first of the headers `names` (in lower case) that is there, without blanks around it; empty without."""
        return next((self.headers[name].strip() for name in names if name in self.headers), "")

    def queried(self, name: str) -> str:
        """The first value of `name` in the query of the address; empty without one."""
        try:
            return parse_qs(urlsplit(self.url).query, max_num_fields=100).get(name, [""])[0]
        except ValueError:
            return ""


def equal(one: str, other: str) -> bool:
    """Whether two texts are the same, in a time that does not tell where `one` differs from the `other`."""
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def check_fresh(seconds: str, now: int, tolerance: int = TOLERANCE) -> None:
    """Raise UnsignedError unless `seconds`, an epoch time, is within `tolerance` seconds of `now` (epoch ms)."""
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) <= _LONGEST_TIME):
        raise UnsignedError("no timestamp")
    if abs(now / 1000 - int(seconds)) > tolerance:
        raise UnsignedError("stale timestamp")


def digest(*parts: str | bytes) -> str:
    """The 32 hex digits that stand for these parts, in this order."""
    hashed = blake2b(digest_size=16)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        hashed.update(len(data).to_bytes(8, "big") + data)
    return hashed.hexdigest()
