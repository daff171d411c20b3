"""The HTTP server: who may ask, and how a query, its answer or its error travels."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from infra.addresses import is_loopback, parse_address
from schemas.settings import Settings
from sinks.clickhouse.client import target
from sinks.clickhouse.embedded.answers import EngineError, media_type
from sinks.clickhouse.embedded.engine import Engine
from sinks.clickhouse.embedded.request import read_query

log = logging.getLogger("winback.http")

MAX_BODY: Final = 1024**3
THREADS: Final = 8
"""Queries that run side by side; more of them wait."""
OK: Final = "Ok.\n"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """Answers requests with one engine. `readonly`: nobody may write, whatever the method; `local`: on loopback."""

    def __init__(self, engine: Engine, *, local: bool, readonly: bool) -> None:
        self.engine, self.local, self.readonly = engine, local, readonly
        self.name = socket.gethostname()
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="query")

    def app(self) -> web.Application:
        """The routes of ClickHouse's interface that clients use."""
        app = web.Application(client_max_size=MAX_BODY, middlewares=[self.guard])
        app.add_routes([
            web.get("/ping", self.alive), web.get("/replicas_status", self.alive),
            web.get("/", self.query), web.post("/", self.query),
        ])  # fmt: skip
        return app

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Keep web pages out: a browser would let any page post here, or reach here under a name of its own."""
        host = urlsplit(f"//{request.host}").hostname or ""
        origin = request.headers.get("Origin")
        strange = origin is not None and urlsplit(origin).netloc != request.host
        if strange or (self.local and not is_loopback(host)):
            return web.Response(status=403, text="Requests of web pages, or under another host name, are refused.\n")
        return await handler(request)

    async def alive(self, _: web.Request) -> web.Response:
        """The health check of load balancers and clients."""
        return web.Response(text=OK, content_type="text/html", charset="UTF-8")

    async def query(self, request: web.Request) -> web.Response:
        """One query, from `query`, the body, or both."""
        headers = {
            "X-ClickHouse-Server-Display-Name": self.name,
            "X-ClickHouse-Query-Id": request.query.get("query_id") or str(uuid.uuid4()),
            "X-ClickHouse-Timezone": self.engine.timezone,
        }
        try:
            query = await read_query(request, readonly=self.readonly)
            if not query.sql.strip():
                return await self.alive(request)
            answer = await asyncio.get_running_loop().run_in_executor(self.threads, self.engine.run, query)
        except EngineError as error:
            headers["X-ClickHouse-Exception-Code"] = str(error.code)
            return web.Response(status=error.status, headers=headers, text=self._told(error))
        headers["X-ClickHouse-Summary"] = json.dumps(answer.summary, separators=(",", ":"))
        if answer.format is not None:
            headers["X-ClickHouse-Format"] = answer.format
        headers["Content-Type"] = media_type(answer.format or query.format)
        return web.Response(body=answer.body, headers=headers)

    def _told(self, error: EngineError) -> str:
        version = f"(version {self.engine.version}"
        return f"{error}\n" if version in str(error) else f"{error} {version} (official build))\n"


@asynccontextmanager
async def serve(settings: Settings) -> AsyncIterator[tuple[str, int]]:
    """Serve `settings.http` while the context is open; gives the address. This process must have the engine open.

    Only programs on this machine may write: on any other address than loopback every query is read-only.
    Raises ValueError for a bad address, OSError when it is taken.
    """
    host, port = parse_address(settings.http, "WINBACK_HTTP")
    local = is_loopback(host)
    engine = await asyncio.to_thread(Engine, target(settings).path)
    server = Server(engine, local=local, readonly=not local)
    if not local:
        log.warning("ClickHouse's HTTP interface on %s asks for no password: whoever reaches it reads everything", host)
    runner = web.AppRunner(server.app(), access_log=None, handle_signals=False, shutdown_timeout=1.0)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as taken:
            raise OSError(f"ClickHouse's HTTP interface cannot listen on {settings.http}: {taken.strerror}") from taken
        bound = runner.addresses[0]
        log.info("ClickHouse's HTTP interface listens on %s:%d", bound[0], bound[1])
        yield bound[0], bound[1]
    finally:
        await runner.cleanup()
        server.threads.shutdown(wait=False, cancel_futures=True)
