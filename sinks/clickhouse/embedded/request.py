"""From an HTTP request to a query: parameters, headers, body and its encoding."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from sinks.clickhouse.embedded.bodies import read_body, read_form
from sinks.clickhouse.embedded.encodings import TRUE
from sinks.clickhouse.embedded.engine import DEFAULT_FORMAT, Query

OWN: Final = frozenset({
    "query", "database", "default_format", "query_id", "user", "password", "quota_key", "role", "session_id",
    "session_timeout", "session_check", "session_timezone_check", "client_protocol_version", "buffer_size",
    "wait_end_of_query", "send_progress_in_http_headers", "http_headers_progress_interval_ms",
    "enable_http_compression", "http_zlib_compression_level", "add_http_cors_header",
    "cancel_http_readonly_queries_on_client_close", "http_response_headers",
    "http_write_exception_in_output_format", "framing", "compress", "decompress", "close_session",
    "http_wait_end_of_query", "http_response_buffer_size",
    "network_compression_method", "network_zstd_compression_level",
})  # fmt: skip
"""URL parameters that are of the transport, not settings of the engine."""
PARAM: Final = "param_"
HOLDING: Final = ("wait_end_of_query", "http_wait_end_of_query")


async def read_query(request: web.Request, *, admin: bool, limit: int) -> Query:
    """The query of a request, whose body may be `limit` bytes. Raises EngineError for what is not understood.

    Only a POST of the administrator (`admin`) may write: a GET can come from a link or a picture.
    """
    fields = dict(request.query)
    body = b""
    if request.content_type == "multipart/form-data":
        fields |= await read_form(request, limit)
    else:
        body = await read_body(request, limit, blocks=fields.get("decompress", "0").lower() in TRUE)
    sql = fields.get("query", "").encode("utf-8", "surrogateescape")
    return Query(
        sql=sql or body,
        body=body if sql else b"",
        database=fields.get("database") or request.headers.get("X-ClickHouse-Database") or "",
        format=fields.get("default_format") or request.headers.get("X-ClickHouse-Format") or DEFAULT_FORMAT,
        params={name.removeprefix(PARAM): value for name, value in fields.items() if name.startswith(PARAM)},
        settings={name: value for name, value in fields.items() if name not in OWN and not name.startswith(PARAM)},
        protocol=_number(fields.get("client_protocol_version", "0")),
        checked=not admin or request.method != "POST",
        held=any(fields.get(name, "0").lower() in TRUE for name in HOLDING),
    )


def printable(text: str) -> str:
    """A text for a header: what could end the line is left out."""
    return "".join(character for character in text if character.isprintable())


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() else 0
