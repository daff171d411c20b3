"""What is fetched from Amazon: certificates that messages of SNS are signed with, and confirmations of subscriptions.

Only from addresses that sns.py has approved. Redirects are not followed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import aiohttp

_TIMEOUT: Final = aiohttp.ClientTimeout(total=10)
_LARGEST: Final = 64 * 1024
_MOST: Final = 16
_PAUSE_MS: Final = 60_000

Fetch = Callable[[str], Awaitable[bytes]]


class FetchError(Exception):
    """An address could not be had."""


async def fetch(url: str) -> bytes:
    """The body at `url`, 64 KiB at most. Raises FetchError."""
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT, cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.get(url, allow_redirects=False) as response,
        ):
            body = await response.content.read(_LARGEST + 1)
            if response.status != 200 or len(body) > _LARGEST:
                raise FetchError(f"HTTP {response.status}")
            return body
    except (aiohttp.ClientError, TimeoutError, OSError) as failed:
        raise FetchError(type(failed).__name__) from None


class Certificates:
    """Certificates by their address: 16 at most, one fetched at a time; one that failed rests for a minute."""

    def __init__(self, get: Fetch = fetch) -> None:
        self._get = get
        self._lock = asyncio.Lock()
        self.known: dict[str, bytes] = {}
        self._failed: dict[str, int] = {}

    async def need(self, url: str, now: int) -> None:
        """Have the certificate at `url` in `known`, if it can be had; `now` is epoch milliseconds."""
        if url in self.known:
            return
        async with self._lock:
            if url in self.known or now - self._failed.get(url, -_PAUSE_MS) < _PAUSE_MS:
                return
            try:
                found = await self._get(url)
            except FetchError:
                if len(self._failed) >= _MOST:
                    self._failed.clear()
                self._failed[url] = now
                return
            while len(self.known) >= _MOST:
                del self.known[next(iter(self.known))]
            self.known[url] = found
