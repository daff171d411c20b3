"""From an HTTP request to a query: parameters, headers, body and its encoding."""

from __future__ import annotations

from typing import Final

import cramjam
from aiohttp import web

from sinks.clickhouse.client import DATABASE
from sinks.clickhouse.embedded.answers import NOT_IMPLEMENTED, refusal
from sinks.clickhouse.embedded.engine import DEFAULT_FORMAT, Query

OWN: Final = frozenset({
    "query", "database", "default_format", "query_id", "user", "password", "quota_key", "role", "session_id",
    "session_timeout", "session_check", "session_timezone_check", "client_protocol_version", "buffer_size",
    "wait_end_of_query", "send_progress_in_http_headers", "http_headers_progress_interval_ms",
    "enable_http_compression", "http_zlib_compression_level", "add_http_cors_header",
    "cancel_http_readonly_queries_on_client_close", "http_response_headers",
    "http_write_exception_in_output_format", "framing", "compress", "decompress", "close_session",
})  # fmt: skip
"""URL parameters that are of the transport, not settings of the engine."""
PARAM: Final = "param_"
LZ4: Final = b"\x04\x22\x4d\x18"
ZSTD: Final = b"\x28\xb5\x2f\xfd"
"""How data of each encoding begins."""


async def read_query(request: web.Request, *, readonly: bool) -> Query:
    """The query of a request, which may only read if `readonly`, or by GET. Raises EngineError for what is unknown."""
    fields = dict(request.query)
    body = b""
    if request.content_type == "multipart/form-data":
        for name, value in (await request.post()).items():
            if not isinstance(value, str):
                raise refusal(NOT_IMPLEMENTED, "NOT_IMPLEMENTED", "External data is not supported here")
            fields[name] = value
    else:
        body = _decoded(await request.read(), request.headers.get("Content-Encoding", ""))
    for name in ("compress", "decompress"):
        if fields.get(name, "0") not in ("0", "false", ""):
            raise refusal(NOT_IMPLEMENTED, "NOT_IMPLEMENTED", f"{name}=1 is not supported here; use Content-Encoding")
    sql = fields.get("query", "").encode("utf-8", "surrogateescape")
    return Query(
        sql=sql or body,
        body=body if sql else b"",
        database=fields.get("database") or request.headers.get("X-ClickHouse-Database") or DATABASE,
        format=fields.get("default_format") or request.headers.get("X-ClickHouse-Format") or DEFAULT_FORMAT,
        params={name.removeprefix(PARAM): value for name, value in fields.items() if name.startswith(PARAM)},
        settings={name: value for name, value in fields.items() if name not in OWN and not name.startswith(PARAM)},
        protocol=_number(fields.get("client_protocol_version", "0")),
        readonly=readonly or request.method != "POST",
    )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() else 0


def _decoded(body: bytes, encoding: str) -> bytes:
    """The body as it was before its encoding; most have been undone on the way in. Raises EngineError."""
    try:
        if encoding == "lz4" and body.startswith(LZ4):
            return bytes(cramjam.lz4.decompress(body))
        if encoding == "zstd" and body.startswith(ZSTD):
            return bytes(cramjam.zstd.decompress(body))
    except cramjam.DecompressionError:
        raise refusal(354, "ZLIB_INFLATE_FAILED", f"The body is not {encoding}, as its Content-Encoding says") from None
    return body
