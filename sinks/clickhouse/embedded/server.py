"""The HTTP server: who may ask, and how a query, its answer or its error travels."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

from aiohttp import web

from infra.addresses import is_loopback, parse_address
from infra.web_pages import is_strange
from schemas.settings import Settings
from sinks.clickhouse import admin
from sinks.clickhouse.client import target
from sinks.clickhouse.embedded.access import Users, challenge
from sinks.clickhouse.embedded.answers import EngineError, refusal
from sinks.clickhouse.embedded.encodings import Encoding
from sinks.clickhouse.embedded.engine import Engine, Query
from sinks.clickhouse.embedded.limits import Limits
from sinks.clickhouse.embedded.replies import Reply
from sinks.clickhouse.embedded.request import printable, read_query
from sinks.clickhouse.embedded.running import Running, Task
from sinks.clickhouse.embedded.sessions import Sessions, wish
from sinks.clickhouse.embedded.spool import Spool, folder, remove
from sinks.clickhouse.embedded.wire import listen

log = logging.getLogger("winback.http")

MAX_WRITTEN: Final = 1024**3
"""Bytes of a body of the administrator, who inserts."""
THREADS: Final = 4
"""Queries that run side by side; more of them wait."""
WAITING: Final = 64
"""Queries that wait for their turn at most; one more is refused."""
OK: Final = "Ok.\n"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """Answers requests with one engine. `local`: on loopback. `body`: most bytes of a reader's body.

    `threads` queries run side by side, and `waiting` more wait for their turn at most.
    """

    def __init__(
        self, engine: Engine, users: Users, *, local: bool, body: int = 16 * 1024**2, threads: int = THREADS,
        waiting: int = WAITING,
    ) -> None:  # fmt: skip
        self.engine, self.users, self.local, self.body = engine, users, local, body
        self.name = socket.gethostname()
        self.threads = ThreadPoolExecutor(threads, thread_name_prefix="query")
        # What ends other queries does not wait until they have ended.
        self.killing = ThreadPoolExecutor(2, thread_name_prefix="kill")
        self.running = Running(threads + waiting, engine.kill)
        self.spools = folder(engine.path)
        self.sessions = Sessions()

    def app(self) -> web.Application:
        """The routes of ClickHouse's interface that clients use."""
        app = web.Application(client_max_size=MAX_WRITTEN, middlewares=[self.guard])
        app.add_routes([
            web.get("/ping", self.alive), web.get("/replicas_status", self.alive),
            web.get("/", self.query), web.post("/", self.query),
        ])  # fmt: skip
        return app

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Keep web pages out: a browser would let any page send a request here."""
        if is_strange(request, local=self.local):
            return web.Response(status=403, text="Requests of web pages, or under another host name, are refused.\n")
        return await handler(request)

    async def alive(self, _: web.Request) -> web.Response:
        """The health check of load balancers and clients."""
        return web.Response(text=OK, content_type="text/html", charset="UTF-8")

    async def query(self, request: web.Request) -> web.StreamResponse:
        """One query, from `query`, the body, or both."""
        if request.method != "POST" and "query" not in request.query:
            return await self.alive(request)
        query_id = request.query.get("query_id") or request.headers.get("X-ClickHouse-Query-Id") or str(uuid.uuid4())
        headers = {
            "X-ClickHouse-Server-Display-Name": self.name,
            "X-ClickHouse-Query-Id": printable(query_id),
            "X-ClickHouse-Timezone": self.engine.timezone,
        }
        encoding = Encoding({}, "")
        try:
            user = self.users.user(request)
            # What comes later is packed as asked, errors too; a login that fails is told plainly.
            encoding = Encoding(request.query, request.headers.get("Accept-Encoding", ""))
            limit = MAX_WRITTEN if user.is_admin else self.body
            query = await read_query(request, admin=user.is_admin, limit=limit)
            if not query.sql.strip():
                return await self.alive(request)
            return await self._in_session(request, query, Task(query_id, user.name), encoding, headers)
        except EngineError as error:
            headers |= challenge(error) | encoding.headers
            headers |= {
                "X-ClickHouse-Exception-Code": str(error.code), "Content-Type": "text/plain; charset=UTF-8",
            }  # fmt: skip
            return web.Response(status=error.status, headers=headers, body=encoding.packed(self._told(error).encode()))

    async def _in_session(
        self, request: web.Request, query: Query, task: Task, encoding: Encoding, headers: dict[str, str]
    ) -> web.StreamResponse:
        if (what := wish(request.query)) is None:
            self.sessions.drop_idle()
            return await self._answer(request, query, task, encoding, headers)
        # A reader's GET and the administrator's are held to different rules: they share nothing.
        owner = task.user if query.checked else f"{task.user} (writes)"
        session = self.sessions.take(owner, what)
        given_back = threading.Event()

        def give_back() -> None:
            if not given_back.is_set():
                given_back.set()
                self.sessions.give_back(owner, what)

        try:
            return await self._answer(request, replace(query, session=session), task, encoding, headers, give_back)
        except EngineError:
            give_back()
            raise

    async def _answer(
        self, request: web.Request, query: Query, task: Task, encoding: Encoding, headers: dict[str, str],
        ended: Callable[[], None] = lambda: None,
    ) -> web.StreamResponse:  # fmt: skip
        """The answer to a query; `ended` is called once when the engine has done with it, unless it never began."""
        self.running.enter(task)
        try:
            spool = Spool(self.spools)
        except OSError as failed:
            self.running.leave(task)
            raise refusal(243, "NOT_ENOUGH_SPACE", f"There is no room for an answer: {failed.strerror}") from failed

        def run() -> dict[str, str]:
            try:
                return self.engine.run(query, task, self.running, spool)
            finally:
                ended()  # before its client can know

        pool = self.killing if query.statement().keyword == "KILL" else self.threads
        job = pool.submit(run)

        def cancel(why: EngineError | None = None) -> None:
            self.running.cancel([task], why)

        def leave(done: Future[dict[str, str]]) -> None:
            if done.cancelled():
                ended()
            spool.close()
            self.running.leave(task)

        work = asyncio.wrap_future(job)
        work.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody may be there to ask for it
        most = self.engine.limits.answer if query.checked else None
        try:
            reply = Reply(task, spool, work, most=most, cancel=cancel, told=self._told)
            return await reply.send(request, query, encoding, headers)
        except (asyncio.CancelledError, ConnectionError):
            # Its client is gone. What reads ends with it; what writes is done all the same.
            if not job.cancel() and (query.checked or query.statement().gives_rows):
                cancel()
            raise
        finally:
            job.add_done_callback(leave)

    def _told(self, error: EngineError) -> str:
        version = f"(version {self.engine.version}"
        return f"{error}\n" if version in str(error) else f"{error} {version} (official build))\n"


def checked(settings: Settings) -> tuple[str, int]:
    """Where to serve. Raises ValueError for a bad address, or one that others reach while no password is set."""
    host, port = parse_address(settings.http, "WINBACK_HTTP")
    if not is_loopback(host) and not _password(settings):
        raise ValueError(
            f"WINBACK_HTTP={settings.http} can be reached from other machines: set WINBACK_HTTP_PASSWORD, "
            "or listen on 127.0.0.1"
        )
    return host, port


@asynccontextmanager
async def serve(
    settings: Settings, *, threads: int = THREADS, waiting: int = WAITING
) -> AsyncIterator[tuple[str, int]]:
    """Serve `settings.http` while the context is open; gives the address. This process must have the engine open.

    `threads` queries run side by side, and `waiting` more wait for their turn at most. Readers need
    `settings.http_password` where it is set, which it must be on any other address than loopback.
    Raises ValueError for settings that cannot be used, OSError when the address is taken.
    """
    host, port = checked(settings)
    path = target(settings).path
    limits = Limits(settings.http_max_memory, settings.http_max_seconds, settings.http_max_answer)
    engine = await asyncio.to_thread(Engine, path, limits)
    writer = admin.administrator(path)
    users = Users(writer, _password(settings))
    server = Server(
        engine, users, local=is_loopback(host), body=settings.http_max_body, threads=threads, waiting=waiting
    )
    runner = web.AppRunner(server.app(), handle_signals=False, shutdown_timeout=1.0, handler_cancellation=True)
    await runner.setup()
    listening = None
    try:
        try:
            listening = await listen(runner, host, port, access_log=None, auto_decompress=False)
        except OSError as taken:
            raise OSError(f"ClickHouse's HTTP interface cannot listen on {settings.http}: {taken.strerror}") from taken
        bound = listening.sockets[0].getsockname()
        await asyncio.to_thread(admin.publish, path, f"{bound[0]}:{bound[1]}", writer)
        log.info("ClickHouse's HTTP interface listens on %s:%d", bound[0], bound[1])
        yield bound[0], bound[1]
    finally:
        if listening is not None:
            listening.close()
        await runner.cleanup()
        server.running.cancel_all()
        for pool in (server.killing, server.threads):
            await asyncio.to_thread(pool.shutdown, cancel_futures=True)
        server.sessions.close()
        await asyncio.to_thread(remove, server.spools)


def _password(settings: Settings) -> str:
    return settings.http_password.get_secret_value() if settings.http_password else ""
