"""How an answer goes out: whole when it is small, else while the engine is still at it, from the file it writes to."""

from __future__ import annotations

import asyncio
import json
import secrets
import string
from collections.abc import Callable
from typing import Final

from aiohttp import web

from sinks.clickhouse.embedded.answers import EngineError, media_type, refusal
from sinks.clickhouse.embedded.encodings import Chained, Encoding, Packer
from sinks.clickhouse.embedded.engine import Query
from sinks.clickhouse.embedded.native import Versioned
from sinks.clickhouse.embedded.running import Task
from sinks.clickhouse.embedded.spool import Spool

HELD: Final = 1024**2
"""Bytes that wait for the end of the query: up to there an error has its own status, and a length is known."""
SMALL: Final = 64 * 1024
"""Bytes that are packed at once, not in a thread."""
LOOK: Final = 0.02
"""Seconds between two looks at how far the engine is."""
STALLED: Final = 30.0
"""Seconds that a client may take nothing of its answer, as a server's `http_send_timeout` is."""
TAGGED: Final = string.ascii_lowercase


class Reply:
    """The answer to one query: `task` is being run by `work`, which gives its summary, into `spool`.

    `most`: bytes that it may have, None for any; `cancel` ends the query; `told` is the text of an error.
    """

    def __init__(
        self, task: Task, spool: Spool, work: asyncio.Future[dict[str, str]], *, most: int | None,
        cancel: Callable[[EngineError | None], None], told: Callable[[EngineError], str],
    ) -> None:  # fmt: skip
        self._task, self._spool, self._work = task, spool, work
        self._most, self._cancel, self._told = most, cancel, told

    async def send(
        self, request: web.Request, query: Query, encoding: Encoding, headers: dict[str, str]
    ) -> web.StreamResponse:
        """Send it, with these `headers` and packed as `encoding` says.

        Raises EngineError while nothing has been sent, ConnectionError when the client is gone.
        """
        await self._more_than(self._most if query.held else HELD)
        if self._work.done():
            self._check()
        packer = encoding.packer()
        if self._task.format == "Native":
            packer = Chained(Versioned(query.protocol), packer)
        headers = headers | encoding.headers | {"Content-Type": media_type(self._task.format or query.format)}
        if self._task.format is not None:
            headers["X-ClickHouse-Format"] = self._task.format
        if self._work.done():
            headers["X-ClickHouse-Summary"] = json.dumps(self._work.result(), separators=(",", ":"))
            if self._spool.size <= HELD:
                return web.Response(body=await self._packed(packer, 0, last=True), headers=headers)
        return await self._streamed(request, packer, headers)

    async def _streamed(self, request: web.Request, packer: Packer, headers: dict[str, str]) -> web.StreamResponse:
        tag = "".join(secrets.choice(TAGGED) for _ in range(16))
        response = web.StreamResponse(headers=headers | {"X-ClickHouse-Exception-Tag": tag})
        out, at = await self._packed(packer, 0), min(HELD, self._spool.size)
        await response.prepare(request)
        try:
            while True:
                await _written(request, response, out)
                await self._more_than(at)
                done = self._work.done()
                if done:
                    self._check()
                size = self._spool.size
                last = done and size - at <= HELD
                out, at = await self._packed(packer, at, last=last), min(at + HELD, size)
                if last:
                    break
            await _written(request, response, out)
            await response.write_eof()
        except EngineError as error:
            # Too late for a status: as a server does, the error stands at the end, and the answer has no proper one.
            await _written(request, response, packer.feed(_block(self._told(error), tag)) + packer.end())
            if request.transport is not None:
                request.transport.close()
        return response

    async def _packed(self, packer: Packer, at: int, *, last: bool = False) -> bytes:
        """The next bytes of the answer from `at` on, packed; to its end where they are the last."""

        def work() -> bytes:
            return packer.feed(self._spool.read(at, HELD)) + (packer.end() if last else b"")

        return work() if last and self._spool.size - at <= SMALL else await asyncio.to_thread(work)

    async def _more_than(self, size: int | None) -> None:
        """Wait until the answer has more bytes than that, or the query has ended."""
        while not self._work.done() and (size is None or self._spool.size <= size):
            await asyncio.wait({self._work}, timeout=LOOK)
            if self._is_too_large():
                self._cancel(self._too_large())

    def _check(self) -> None:
        """Raises EngineError when the query, which is done, has failed, or has given too much."""
        self._work.result()
        if self._is_too_large():
            raise self._too_large()

    def _is_too_large(self) -> bool:
        return self._most is not None and self._spool.size > self._most

    def _too_large(self) -> EngineError:
        told = f"Limit for result exceeded, max bytes: {self._most}, current bytes: {self._spool.size}"
        return refusal(396, "TOO_MANY_ROWS_OR_BYTES", told)


async def _written(request: web.Request, response: web.StreamResponse, data: bytes) -> None:
    """Send these bytes. Raises ConnectionError when the client does not take them."""
    if not data:
        return
    try:
        await asyncio.wait_for(response.write(data), STALLED)
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionError("the client takes nothing of its answer") from None


def _block(told: str, tag: str) -> bytes:
    """An error at the end of an answer that has begun, as clients look for it."""
    text = told.encode()[-15 * 1024 :]
    return b"\r\n__exception__\r\n%b\r\n%b%d %b\r\n__exception__\r\n" % (tag.encode(), text, len(text), tag.encode())
