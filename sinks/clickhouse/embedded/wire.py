"""The HTTP protocol below requests: what is no request is told so in ClickHouse's words, without a traceback."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong

from sinks.clickhouse.embedded.answers import refusal

log = logging.getLogger("winback.http")

MAX_LINE: Final = 1024**2
"""Bytes of a URL and of a header, as a server takes: some clients put parameters there."""
BACKLOG: Final = 128
LINGER: Final = 2.0
"""Seconds that a refused client has to read why."""
TEXT: Final = "text/plain"


class Connection(web.RequestHandler):
    """One connection of a client. `options`: those of its base class, which `manager` and `loop` are for, too."""

    def __init__(self, manager: web.Server, *, loop: asyncio.AbstractEventLoop, **options: Any) -> None:
        super().__init__(manager, loop=loop, **options)
        self.lost = loop.create_future()
        self._refused = False

    def data_received(self, data: bytes) -> None:
        """Take what has come, `data`; what comes behind no request is dropped."""
        if not self._refused:
            super().data_received(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        """The connection is gone, by `exc` where it broke."""
        super().connection_lost(exc)
        if not self.lost.done():
            self.lost.set_result(None)

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """The answer to what is no request (`status` 400, and `message` or `exc` says why), or failed unforeseen (500).

        The connection ends with it. Raises ConnectionError when a part of another answer has gone out already.
        """
        if isinstance(exc, LineTooLong):
            told = f"HTTP request: a URL or a header is longer than {MAX_LINE} bytes"
        elif isinstance(exc, HttpProcessingError):
            told = f"HTTP request: {(message or exc.message).splitlines()[0]}"
        else:
            log.error("A request from %s failed", request.remote, exc_info=exc)
            told = "The server failed; its log says why"
        if request.writer is not None and request.writer.output_size > 0:
            raise ConnectionError("a part of the answer has gone out")
        error = refusal(1000, "POCO_EXCEPTION", told) if status < 500 else refusal(49, "LOGICAL_ERROR", told)
        headers = {"X-ClickHouse-Exception-Code": str(error.code)}
        answer = _Refusal(status=status, headers=headers, text=f"{error}\n", content_type=TEXT, charset="UTF-8")
        answer.connection = self
        answer.force_close()
        self._refused = True
        return answer


class _Refusal(web.Response):
    """An answer to a client that may still be sending: a connection closed at once would take the answer with it."""

    connection: Connection

    async def write_eof(self, data: bytes = b"") -> None:
        await super().write_eof(data)
        transport = self.connection.transport
        if transport is not None and transport.can_write_eof():
            transport.write_eof()
            await asyncio.wait({self.connection.lost}, timeout=LINGER)


async def listen(runner: web.AppRunner, host: str, port: int, **options: Any) -> asyncio.Server:
    """Accept connections for the application of a `runner` that is set up; `options` are those of a connection.

    Raises OSError when the address `host` and `port` is taken, RuntimeError when the runner is not set up.
    """
    manager = runner.server
    if manager is None:
        raise RuntimeError("the runner is not set up")
    loop = asyncio.get_running_loop()

    def connection() -> Connection:
        return Connection(manager, loop=loop, max_line_size=MAX_LINE, max_field_size=MAX_LINE, **options)

    return await loop.create_server(connection, host, port, backlog=BACKLOG)
