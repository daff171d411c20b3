"""A request's body, read and unpacked up to a limit: a few bytes of a packed body may stand for gigabytes."""

from __future__ import annotations

import mmap
import zlib
from collections.abc import Callable
from typing import Any, Final

import cramjam
from aiohttp import web

from sinks.clickhouse.embedded.answers import NOT_IMPLEMENTED, EngineError, refusal
from sinks.clickhouse.embedded.frames import unframed

_UNPACK: Final[dict[str, Callable[[bytes, mmap.mmap], int]]] = {
    "br": cramjam.brotli.decompress_into,
    "zstd": cramjam.zstd.decompress_into,
    "lz4": cramjam.lz4.decompress_into,
}


async def read_body(request: web.Request, limit: int, *, blocks: bool = False) -> bytes:
    """The body as it was before its Content-Encoding, and out of ClickHouse's `blocks` where it is in them.

    Raises EngineError when it is larger than `limit` bytes, before or after.
    """
    body = await _whole(request, limit)
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    body = unpacked(body, encoding, limit) if body else body
    return unframed(body, limit) if blocks else body


async def read_form(request: web.Request, limit: int) -> dict[str, str]:
    """The fields of a form. Raises EngineError when it is larger than `limit`, or has files in it."""
    try:
        form = await request.clone(client_max_size=limit).post()
    except web.HTTPRequestEntityTooLarge:
        raise _too_large(limit) from None
    if not all(isinstance(value, str) for value in form.values()):
        raise refusal(NOT_IMPLEMENTED, "NOT_IMPLEMENTED", "External data is not supported here")
    return {name: str(value) for name, value in form.items()}


def unpacked(body: bytes, encoding: str, limit: int) -> bytes:
    """A body without its encoding; never more than `limit` bytes are unpacked. Raises EngineError."""
    if encoding in ("", "identity"):
        return body
    try:
        if encoding in ("gzip", "x-gzip", "deflate"):
            return _inflated(body, encoding, limit)
        if encoding in _UNPACK:
            return _filled(_UNPACK[encoding], body, limit)
    except (zlib.error, cramjam.DecompressionError):
        raise refusal(354, "ZLIB_INFLATE_FAILED", f"The body is not {encoding}, as its Content-Encoding says") from None
    raise refusal(NOT_IMPLEMENTED, "NOT_IMPLEMENTED", f"Content-Encoding {encoding} is not supported here")


async def _whole(request: web.Request, limit: int) -> bytes:
    if (request.content_length or 0) > limit:
        raise _too_large(limit)
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > limit:
            raise _too_large(limit)
    return bytes(body)


def _inflated(body: bytes, encoding: str, limit: int) -> bytes:
    """Gzip (of any number of members), or deflate: with zlib's frame, as the RFC says, or raw, as some send it."""
    bits = 31 if "gzip" in encoding else 15 if body[0] & 0xF == 8 else -15
    out = bytearray()
    while body:
        inflate = zlib.decompressobj(bits)
        out += inflate.decompress(body, limit + 1 - len(out))
        if len(out) > limit:
            raise _too_large(limit)
        if not inflate.eof:
            raise zlib.error("incomplete")
        body = inflate.unused_data if bits > 15 else b""
    return bytes(out)


def _filled(unpack: Callable[[bytes, Any], int], body: bytes, limit: int) -> bytes:
    """Unpacked into memory of the limit's size, which the system gives as it is written to."""
    with mmap.mmap(-1, limit + 1) as room:
        try:
            size = unpack(body, room)
        except cramjam.DecompressionError as error:
            if "failed to write whole buffer" in str(error):
                raise _too_large(limit) from None
            raise
        if size > limit:
            raise _too_large(limit)
        return room[:size]


def _too_large(limit: int) -> EngineError:
    return refusal(307, "TOO_MANY_BYTES", f"The body is larger than {limit} bytes, packed or unpacked")
