"""Bodies of requests, down to JSON: packed or not is told by the first bytes, never by what a header declares."""

from __future__ import annotations

import json
import re
import zlib
from typing import Any, Final

import orjson

from schemas.decoding import Refused, lenient

MAX_MEMBERS: Final = 1_000
"""Pieces that a gzip body may consist of: each may be next to nothing, and takes its time."""

_GZIP: Final = b"\x1f\x8b"
_ZLIB: Final = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
# A number outside of a text (or, harmlessly, one after a comma within a text) that orjson reads inexactly: an integer
# of more than 64 bits, or a whole number of more digits than a float has, with a fraction or an exponent.
_INEXACT: Final = re.compile(rb"[:,\[]\s*-?(?:[0-9]{20}|[0-9]{16,}\.|[0-9.]*[0-9]{16,}[eE])")
# Whether there may be one, asked of the whole body in a tenth of the time: none has fewer than 16 digits in a row.
_DIGITS: Final = bytes.maketrans(b"123456789E", b"000000000e")
_LONG: Final = b"0" * 16
_LONGER: Final = (b"0" * 20, b"0" * 16 + b".", b"0" * 16 + b"e")


class BodyError(Exception):
    """A body that cannot be taken: the `status` to answer, and a `reason` that never holds a part of the body."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(status, reason)
        self.status, self.reason = status, reason


def unpack(body: bytes, limit: int) -> bytes:
    """A body as it was before gzip or deflate, if either was used; at most `limit` bytes of memory are taken.

    Raises BodyError: 413 when it is longer than `limit` bytes, packed or unpacked, 400 when it cannot be unpacked.
    """
    if len(body) > limit:
        raise too_large(limit)
    head = body[:2]
    if head != _GZIP and head not in _ZLIB:
        return body
    parts, room, rest = [], limit, body
    for _ in range(MAX_MEMBERS):
        unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
        try:
            part = unpacker.decompress(rest, room + 1)
        except zlib.error:
            raise BodyError(400, "the body is neither JSON nor valid gzip or deflate") from None
        room -= len(part)
        if room < 0:
            raise too_large(limit)
        if not unpacker.eof:
            raise BodyError(400, "the packed body ends in the middle")
        parts.append(part)
        rest = unpacker.unused_data.lstrip(b"\0")
        if not rest:
            return b"".join(parts)
    raise BodyError(400, f"a packed body of more than {MAX_MEMBERS} pieces")


def parse(body: bytes) -> Any:
    """The JSON of a body, as `schemas.decoding.decode` reads a record, nested as deep as orjson takes it.

    What is returned is nested less deep than orjson writes, or `orjson.dumps` says so. Raises BodyError (400).
    """
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return _leniently(body)
    digits = body.translate(_DIGITS)
    if _LONG in digits and any(longer in digits for longer in _LONGER) and _INEXACT.search(body):
        return _leniently(body)
    return found


def too_large(limit: int) -> BodyError:
    """The error of a body over the limit."""
    return BodyError(413, f"more than {limit} bytes")


def _leniently(body: bytes) -> Any:
    try:
        return lenient(body)
    except Refused as refused:
        raise BodyError(400, f"{refused.reason.value}: {refused.detail}") from None
    except (json.JSONDecodeError, orjson.JSONDecodeError, RecursionError):
        raise BodyError(400, "no JSON that can be read") from None
