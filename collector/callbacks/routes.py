"""`POST /callbacks/<provider>[/<name>]`: a request is verified, read, and put on the raw topics before it is answered.

200: taken, or taken before. 400: signed and unreadable (it is kept with the dead letters). 401: not signed, or wrongly.
404: no such callback. 413: too large. 503: nothing can be kept now.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from aiohttp import web

from collector.callbacks import metrics
from collector.callbacks.amazon import Certificates, Fetch, FetchError, fetch
from collector.callbacks.configuration import Callback, Callbacks
from collector.callbacks.events import Reading, externally, unmapped
from collector.callbacks.metrics import CallbackMetrics
from collector.callbacks.replays import Replays
from collector.callbacks.request import Request, UnreadableError, UnsignedError
from collector.intake import Intake, IntakeFullError

_AGAIN: Final = 30
"""Seconds after which a provider may come again, where Amazon could not be reached."""


def routes(
    intake: Intake, callbacks: Callbacks, counted: CallbackMetrics, *,
    get: Fetch = fetch, clock: Callable[[], float] = time.time,
) -> list[web.RouteDef]:  # fmt: skip
    """The routes of these `callbacks`, for an aiohttp application; events go to `intake`, counts to `counted`.

    `get` fetches from Amazon's addresses, `clock` is the time in epoch seconds.
    """
    taking = _Taking(intake, callbacks, counted, Certificates(get), get, clock)
    for one in callbacks.by_path.values():
        counted.expect(one.provider.name)
    return [
        web.post("/callbacks/{provider}", taking.answer),
        web.post("/callbacks/{provider}/{name}", taking.answer),
    ]


class _Taking:
    """Answers requests."""

    def __init__(
        self, intake: Intake, callbacks: Callbacks, counted: CallbackMetrics, certificates: Certificates, get: Fetch,
        clock: Callable[[], float],
    ) -> None:  # fmt: skip
        self._intake, self._callbacks, self._counted = intake, callbacks, counted
        self._certificates, self._get, self._clock = certificates, get, clock
        self._replays = Replays()

    async def answer(self, asked: web.Request) -> web.Response:
        """The answer to a request of a provider."""
        path = (asked.match_info["provider"], asked.match_info.get("name", ""))
        callback = self._callbacks.by_path.get(path)
        if callback is None:
            return _said(404, "no such callback")
        outcome, response = await self._answer(asked, callback)
        self._counted.requests.labels(callback.provider.name, outcome).inc()
        return response

    async def _answer(self, asked: web.Request, callback: Callback) -> tuple[str, web.Response]:
        body = await _body(asked, callback.provider.largest)
        if body is None:
            return metrics.TOO_LARGE, _said(413, "too large")
        now = int(self._clock() * 1000)
        base = self._callbacks.url or f"{asked.scheme}://{asked.host}"
        headers = {name.lower(): value for name, value in asked.headers.items()}
        request = Request(headers, body, base + asked.raw_path, now)
        provider = callback.provider
        if provider.is_ping is not None and provider.is_ping(request):
            return metrics.PING, _said(200, "here")
        try:
            return await self._verified(request, callback)
        except UnsignedError as wrong:
            return metrics.UNSIGNED, _said(401, str(wrong))
        except IntakeFullError as full:
            return metrics.UNAVAILABLE, _said(503, "nothing can be kept now", full.retry_after)
        except FetchError:
            # Not 401: SNS gives up on a message that is refused so.
            return metrics.UNAVAILABLE, _said(503, "Amazon cannot be reached", _AGAIN)

    async def _verified(self, request: Request, callback: Callback) -> tuple[str, web.Response]:
        """What becomes of a request that is signed. Raises UnsignedError, IntakeFullError, FetchError."""
        provider = callback.provider
        request = await self._with_certificate(request, callback)
        _verify(request, callback)
        url = provider.confirmation(request) if provider.confirmation is not None else None
        key = f"{provider.name}/{callback.name}/{provider.known_by(request)}"
        if key in self._replays:
            return metrics.REPEAT, _said(200, "taken before")
        outcome, response = await self._take(request, callback, key)
        if url is not None:
            await self._get(url)
        if outcome == metrics.TAKEN:
            self._replays.remember(key, request.now)
        return outcome, response

    async def _take(self, request: Request, callback: Callback, key: str) -> tuple[str, web.Response]:
        provider = callback.provider
        try:
            reading = provider.read(request)
        except UnreadableError as wrong:
            kept = f"{key}/unreadable"
            if kept not in self._replays:
                kept_so = unmapped(provider.channel, provider.name, str(wrong), request.body)
                await self._publish(kept_so, provider.name)
                self._replays.remember(kept, request.now)
            return metrics.UNREADABLE, _said(400, str(wrong))
        if callback.external_ids:
            reading = externally(reading, f"{provider.name}_customer_id")
        await self._publish(reading, provider.name)
        return metrics.TAKEN, _said(200, "taken")

    async def _publish(self, reading: Reading, provider: str) -> None:
        """Have the events kept; what is counted is kept. Raises IntakeFullError."""
        if events := (*reading.events, *reading.unmapped):
            await self._intake.take(events)
        counts = (len(reading.events), reading.ignored, len(reading.unmapped))
        for result, count in zip(metrics.RESULTS, counts, strict=True):
            self._counted.events.labels(provider, result).inc(count)

    async def _with_certificate(self, request: Request, callback: Callback) -> Request:
        if callback.provider.certificate is None:
            return request
        url = callback.provider.certificate(request, callback.secrets)
        await self._certificates.need(url, request.now)
        if url not in self._certificates.known:
            raise FetchError("no certificate")
        return request._replace(certificates=self._certificates.known)


def _verify(request: Request, callback: Callback) -> None:
    """Raise UnsignedError, of the first secret, unless any of the secrets signs."""
    first: UnsignedError | None = None
    for secret in callback.secrets:
        try:
            callback.provider.verify(request, secret)
        except UnsignedError as wrong:
            first = first or wrong
        else:
            return
    raise first or UnsignedError("no secret")


async def _body(asked: web.Request, largest: int) -> bytes | None:
    """The body; None when it has more than `largest` bytes."""
    read = bytearray()
    async for chunk in asked.content.iter_any():
        read += chunk
        if len(read) > largest:
            return None
    return bytes(read)


def _said(status: int, text: str, retry_after: int | None = None) -> web.Response:
    """An answer; `retry_after` in seconds."""
    headers = None if retry_after is None else {"Retry-After": str(retry_after)}
    return web.Response(status=status, text=text + "\n", headers=headers)
