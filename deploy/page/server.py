"""The page's HTTP server: its files, its state, and the search for a customer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import orjson
import structlog
from aiohttp import hdrs, web

from deploy.errors import BadInputError, UnavailableError
from deploy.page import access, people, processes, samples
from deploy.page.clickhouse import ClickHouse
from deploy.page.gathering import Gatherer
from infra.addresses import is_loopback
from sinks.clickhouse.client import target

if TYPE_CHECKING:
    from schemas.settings import Settings

log = structlog.get_logger("winback.page")

MAX_BODY: Final = 4096
"""Bytes of a search."""
SECONDS: Final = 3.0
"""For the metrics of one process."""
STATIC: Final = {
    "/": ("index.html", "text/html"), "/page.css": ("page.css", "text/css"), "/page.js": ("page.js", "text/javascript"),
    "/panels.js": ("panels.js", "text/javascript"), "/elements.js": ("elements.js", "text/javascript"),
    "/person.js": ("person.js", "text/javascript"), "/icon.svg": ("icon.svg", "image/svg+xml"),
}  # fmt: skip
"""The page's files, and what each is."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """Answers the page's requests. `local`: on loopback."""

    def __init__(self, settings: Settings, gatherer: Gatherer, *, local: bool) -> None:
        self._settings, self._gatherer, self._local = settings, gatherer, local
        self._password = access.password(settings)
        self._searching = asyncio.Lock()
        folder = files("deploy.page").joinpath("static")
        self._files = {path: (folder.joinpath(name).read_bytes(), kind) for path, (name, kind) in STATIC.items()}

    def app(self) -> web.Application:
        """The routes of the page."""
        app = web.Application(client_max_size=MAX_BODY, middlewares=[self.guard])
        app.add_routes([web.get(path, self.file) for path in STATIC])
        app.add_routes([
            web.get("/health", self.alive), web.get("/api/state", self.state), web.post("/api/person", self.person),
        ])  # fmt: skip
        return app

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let in who may look, and put the page's headers on every answer."""
        wanted = "" if request.path == "/health" else self._password
        answer: web.StreamResponse
        try:
            answer = access.refused(request, wanted, local=self._local) or await handler(request)
        except web.HTTPException as problem:
            answer = web.Response(status=problem.status, text=f"{problem.reason}\n")
        answer.headers.update(access.HEADERS)
        return answer

    async def alive(self, _: web.Request) -> web.Response:
        """The health check: needs no password."""
        return web.Response(text="Ok.\n")

    async def file(self, request: web.Request) -> web.Response:
        """One of the page's files."""
        body, kind = self._files[request.path]
        return web.Response(body=body, content_type=kind, charset="utf-8")

    async def state(self, request: web.Request) -> web.Response:
        """The page's state; 304 when it is the one that the asker has."""
        body, tag = await self._gatherer.state()
        if request.headers.get(hdrs.IF_NONE_MATCH) == tag:
            return web.Response(status=304, headers={hdrs.ETAG: tag})
        return web.Response(body=body, content_type="application/json", headers={hdrs.ETAG: tag})

    async def person(self, request: web.Request) -> web.Response:
        """One customer, with the timeline. Who searched is in the log; for whom, only as the keyed hash."""
        from deploy.operate.person import identifiers

        if request.content_type != "application/json":
            return _json({"error": "a search is JSON"}, 415)
        try:
            identifier = identifiers.parse(_asked_for(await request.read()), self._settings)
        except BadInputError as wrong:
            return _json({"error": str(wrong)}, 400)
        if self._searching.locked():
            return _json({"error": "another search is under way: try again in a moment"}, 503)
        told = {"user": access.user(request), "type": identifier.type, "identifier": identifier.hash}
        async with self._searching:
            try:
                found = await asyncio.to_thread(people.search, self._settings, identifier)
            except (BadInputError, UnavailableError) as problem:
                log.warning("a search for a customer failed", **told)
                return _json({"error": str(problem)}, 503)
        log.info("a customer was looked up", **told, profile=found["profile_id"] or "-")
        return _json(found if found["profile_id"] else {**found, "error": _unknown(identifier, found)})


def _asked_for(body: bytes) -> str:
    """The identifier in a search, an empty text without one."""
    try:
        asked = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    text = asked.get("identifier") if isinstance(asked, dict) else None
    return text if isinstance(text, str) else ""


def _unknown(identifier: Any, found: Mapping[str, Any]) -> str:
    from deploy.operate.person import identifiers

    if found["erased"]:
        return f"this customer was erased at {found['erased']}: nothing is kept but keyed hashes"
    return identifiers.unknown(identifier)


def _json(value: Any, status: int = 200) -> web.Response:
    body = orjson.dumps(value, default=str)
    return web.Response(body=body, status=status, content_type="application/json")


async def serve(settings: Settings, folder: Path) -> None:
    """Serve the page at `settings.page` until cancelled, of the processes of a stack's `folder` unless they are named.

    Raises ValueError for settings that cannot be used, OSError when the address is taken.
    """
    host, port = access.checked(settings)
    if target(settings).embedded:
        raise ValueError(
            "WINBACK_CLICKHOUSE: the page asks an embedded ClickHouse through the sinks that have it open, such as "
            "http://127.0.0.1:8123/winback"
        )
    find = processes.finder(settings.page_processes, folder)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS)) as session:
        gatherer = Gatherer(
            find, _scraper(session), ClickHouse(settings), lateness=settings.lateness, clock=time.time
        )  # fmt: skip
        server = Server(settings, gatherer, local=is_loopback(host))
        runner = web.AppRunner(server.app(), access_log=None, handle_signals=False, shutdown_timeout=1.0)
        await runner.setup()
        try:
            try:
                await web.TCPSite(runner, host, port).start()
            except OSError as taken:
                raise OSError(f"the page cannot listen on {settings.page}: {taken.strerror}") from taken
            log.info("the page is served", address=settings.page)
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()
            await gatherer.close()


def _scraper(session: aiohttp.ClientSession) -> Callable[[str], Awaitable[Any]]:
    async def scrape(address: str) -> Mapping[str, tuple[samples.Sample, ...]] | None:
        try:
            async with session.get(f"http://{address}/metrics") as answer:
                if answer.status != 200:
                    return None
                return samples.read(await answer.text())
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return None

    return scrape
