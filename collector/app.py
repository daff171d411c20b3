"""The collector's HTTP face: a thin shell of aiohttp around `reading.py` and an intake."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Final

import orjson
from aiohttp import web
from multidict import CIMultiDict
from prometheus_client import Counter

from collector import metrics, remote_config
from collector.bodies import BodyError, too_large
from collector.intake import Intake, IntakeFullError
from collector.keys import Keys
from collector.reading import Read, Reader, Request
from collector.rights import Rights
from collector.routes import GETS, POSTS, SNOWPLOW, Route
from collector.spool.spool import Spool

log = logging.getLogger("winback.collect")

_DONE: Final = b'{"success":true}'
_NO_QUERY: Final[Mapping[str, str]] = {}
_JSON: Final = "application/json"
_GIF: Final = bytes.fromhex("47494638396101000100800000000000ffffff21f90400000000002c00000000010001000002024401003b")
"""A transparent pixel."""
_METHODS: Final = "GET, POST, OPTIONS"


class Collector:
    """Answers requests of SDKs: 200 when the intake has their events.

    `limit`: bytes of a body, packed or unpacked. `spool`: whose state `/health` tells; None where there is none.
    """

    def __init__(self, keys: Keys, rights: Rights, intake: Intake, limit: int, spool: Spool | None = None) -> None:
        self._keys, self._intake, self._limit, self._spool = keys, intake, limit, spool
        self._reader = Reader(keys, rights, limit)
        self._events: dict[tuple[str, str], Counter] = {}

    def app(self, more: Sequence[web.RouteDef] = ()) -> web.Application:
        """The application, with `more` routes of others beside those of SDKs."""
        # Bodies are bounded where they are read, so that one answer says so for all.
        app = web.Application(client_max_size=2**63 - 1)
        app.add_routes([*more, *self.routes()])
        return app

    def routes(self) -> list[web.RouteDef]:
        """The routes of SDKs."""
        found = [web.get("/health", self._health)]
        found += [web.post(path, self._taker(route)) for path, route in POSTS.items()]
        found += [web.get(path, self._taker(route)) for path, route in GETS.items()]
        found += [web.get(path, self._config, allow_head=True) for path in remote_config.GETS]
        found += [web.post(path, self._config) for path in remote_config.POSTS]
        paths = {*POSTS, *GETS, *remote_config.GETS, *remote_config.POSTS}
        return [*found, *(web.options(path, self._preflight) for path in sorted(paths))]

    def _taker(self, route: Route):  # type: ignore[no-untyped-def]  # noqa: ANN202 - a handler of aiohttp
        counts = {status: metrics.REQUESTS.labels(route.dialect, str(status)) for status in (200, 400, 401, 503)}
        pixel = route.dialect == SNOWPLOW

        async def take(request: web.Request) -> web.Response:
            began = time.perf_counter()
            headers = self._cors(request.headers)
            try:
                body = await self._body(request)
                query = request.query if "?" in request.raw_path else _NO_QUERY
                read = self._reader.read(
                    Request(route, _lower(request.headers), query, body, time.time_ns() // 1_000_000)
                )
                if read.events:
                    await self._intake.take(read.events)
                status, reason = read.status, read.reason
                self._count(read)
            except BodyError as wrong:
                status, reason = wrong.status, wrong.reason
            except IntakeFullError as full:
                status, reason = 503, "the queue is full"
                headers["Retry-After"] = str(full.retry_after)
            (counts.get(status) or metrics.REQUESTS.labels(route.dialect, str(status))).inc()
            metrics.SECONDS.observe(time.perf_counter() - began)
            if status != 200:
                return web.Response(
                    status=status, body=orjson.dumps({"success": False, "error": reason}), content_type=_JSON,
                    headers=headers,
                )  # fmt: skip
            if pixel and request.method == "GET":
                return web.Response(body=_GIF, content_type="image/gif", headers=headers)
            return web.Response(body=_DONE, content_type=_JSON, headers=headers)

        return take

    async def _body(self, request: web.Request) -> bytes:
        """The body, as it came. Raises BodyError (413) as soon as it is too long, 400 when it breaks off."""
        length = request.content_length
        if length is not None:
            if length > self._limit:
                raise too_large(self._limit)
            try:
                return await request.content.read()
            except web.RequestPayloadError:
                raise BodyError(400, "the body breaks off") from None
        if not request.body_exists:
            return b""
        parts, size = [], 0
        try:
            async for part in request.content.iter_any():
                size += len(part)
                if size > self._limit:
                    raise too_large(self._limit)
                parts.append(part)
        except web.RequestPayloadError:
            raise BodyError(400, "the body breaks off") from None
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def _config(self, request: web.Request) -> web.Response:
        """What SDKs ask for before they send anything."""
        body = remote_config.answer(request.path, _lower(request.headers), request.query, self._keys)
        headers = self._cors(request.headers)
        if body is None:
            return web.Response(
                status=401, body=b'{"error":"the write key is unknown"}', content_type=_JSON, headers=headers
            )
        return web.Response(body=body, content_type=_JSON, headers=headers)

    async def _preflight(self, request: web.Request) -> web.Response:
        """Whether a page may send: the headers that it asks for are those that it may send."""
        headers = self._cors(request.headers)
        if "Access-Control-Allow-Origin" in headers:
            headers["Access-Control-Allow-Methods"] = _METHODS
            headers["Access-Control-Max-Age"] = "86400"
            if asked := request.headers.get("Access-Control-Request-Headers"):
                headers["Access-Control-Allow-Headers"] = asked
        return web.Response(status=204, headers=headers)

    async def _health(self, _: web.Request) -> web.Response:
        """200 while events are taken, 503 while the queue is full."""
        full = self._spool is not None and self._spool.full
        told = {"status": "full" if full else "ok", "queued_bytes": 0 if self._spool is None else self._spool.bytes}
        return web.Response(status=503 if full else 200, body=orjson.dumps(told), content_type=_JSON)

    def _count(self, read: Read) -> None:
        source = read.source.name if read.source is not None else ""
        for outcome, number in read.outcomes.items():
            if number:
                counter = self._events.get((source, outcome))
                if counter is None:
                    counter = self._events[source, outcome] = metrics.EVENTS.labels(source, outcome)
                counter.inc(number)

    def _cors(self, asked: Mapping[str, str]) -> CIMultiDict[str]:
        """The headers of an answer to a page of another site."""
        headers: CIMultiDict[str] = CIMultiDict()
        if origin := asked.get("Origin"):
            headers["Vary"] = "Origin"
            if self._keys.origin_allowed(origin.lower()):
                headers["Access-Control-Allow-Origin"] = origin
                headers["Access-Control-Allow-Credentials"] = "true"
        return headers


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    """The few headers that are read, by lower-case name."""
    found = {}
    for name in ("Authorization", "X-Write-Key", "Origin"):
        value = headers.get(name)
        if value is not None:
            found[name.lower()] = value
    return found
