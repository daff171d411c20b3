"""Messages by HTTP: a signed POST of the message as it is on the topic, with its id as the idempotency key."""

from __future__ import annotations

import aiohttp

from sinks.dispatch import answers, signature
from sinks.dispatch.answers import Answer, Kind
from sinks.dispatch.message import Message


class Webhook:
    """Sends messages to one URL, signed with `key`. A try may take `timeout` seconds.

    Redirects are not followed: what is signed for one server is not for another.
    """

    repeatable = True

    def __init__(self, url: str, key: bytes, *, timeout: float = 30.0) -> None:
        self._url, self._key = url, key
        self._timeout = aiohttp.ClientTimeout(total=timeout, connect=timeout)
        self._session: aiohttp.ClientSession | None = None
        self.longest = timeout

    async def send(self, message: Message, at: int) -> Answer:
        """Try to send; `at`: epoch milliseconds, for the signature. Never raises what a server does."""
        return await self.post(message.message_id, message.raw, at)

    async def post(self, key: str, body: bytes, at: int) -> Answer:
        """The same of any JSON `body` under an idempotency `key`; `at` as of `send`."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar())
        headers = {
            "Content-Type": "application/json", "User-Agent": "winback",
            **signature.headers(self._key, key, at // 1000, body),
        }  # fmt: skip
        try:
            async with self._session.post(self._url, data=body, headers=headers, allow_redirects=False) as response:
                return answers.http(response.status, response.headers.get("Retry-After"))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            return Answer(Kind.DOWN, "connect")
        except TimeoutError:
            return Answer(Kind.UNCLEAR, "timeout")
        except (aiohttp.ClientError, OSError):
            return Answer(Kind.UNCLEAR, "disconnected")

    async def close(self) -> None:
        """Close its connections."""
        if self._session is not None:
            await self._session.close()
