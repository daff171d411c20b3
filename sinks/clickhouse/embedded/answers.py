"""How an answer looks on the wire: status codes for ClickHouse's error codes, and media types of its formats."""

from __future__ import annotations

import re
from typing import Final

_CODE: Final = re.compile(r"\bCode: (\d+)\b")

BAD_REQUEST: Final = frozenset({
    6, 25, 26, 27, 36, 38, 41, 43, 53, 62, 69, 72, 117, 167, 168, 184, 321, 376, 441, 456, 457,
})  # fmt: skip
NOT_FOUND: Final = frozenset({16, 46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 223, 336, 511, 718})
STATUSES: Final = {
    48: 501, 159: 408, 164: 403, 194: 401, 202: 503, 241: 500, 307: 413, 354: 400, 396: 413,
    452: 403, 497: 403, 516: 401,
}  # fmt: skip

BAD_ARGUMENTS: Final = 36
NOT_IMPLEMENTED: Final = 48
SYNTAX_ERROR: Final = 62

ACCESS_DENIED: Final = 497
MAY: Final = (
    "Over HTTP one may SELECT (WITH), SHOW, DESCRIBE, EXPLAIN and EXISTS over the tables and views of `winback`, with"
    " the table functions numbers, generateSeries, view, values and merge"
)

_MEDIA_TYPES: Final = {
    "TabSeparated": "text/tab-separated-values; charset=UTF-8",
    "TSV": "text/tab-separated-values; charset=UTF-8",
    "CSV": "text/csv; charset=UTF-8",
    "JSONEachRow": "application/x-ndjson; charset=UTF-8",
    "JSONCompactEachRow": "application/x-ndjson; charset=UTF-8",
    "JSONLines": "application/x-ndjson; charset=UTF-8",
    "JSON": "application/json; charset=UTF-8",
    "XML": "application/xml; charset=UTF-8",
    "Markdown": "text/markdown; charset=UTF-8",
    "Native": "application/octet-stream",
    "RowBinary": "application/octet-stream",
    "Parquet": "application/octet-stream",
    "Arrow": "application/octet-stream",
    "ORC": "application/octet-stream",
}


class EngineError(Exception):
    """A statement failed; the message begins with ClickHouse's `Code: N. DB::Exception:`."""

    @property
    def code(self) -> int:
        """ClickHouse's error code; 1001 (an exception of another library) when the message has none."""
        found = _CODE.search(str(self))
        return int(found[1]) if found else 1001

    @property
    def status(self) -> int:
        """The HTTP status that a ClickHouse server would answer with."""
        if self.code in BAD_REQUEST:
            return 400
        return 404 if self.code in NOT_FOUND else STATUSES.get(self.code, 500)


def refusal(code: int, name: str, what: str) -> EngineError:
    """An error of this server's own, in ClickHouse's words: its code, the name of that code, and `what` is wrong."""
    return EngineError(f"Code: {code}. DB::Exception: {what}. ({name})")


def denied(what: str) -> EngineError:
    """The refusal of a statement, with what is allowed instead."""
    return refusal(ACCESS_DENIED, "ACCESS_DENIED", f"{what}. {MAY}")


def media_type(format_name: str) -> str:
    """The Content-Type of a format name; the closest family for one of its variants, such as CSVWithNames."""
    if (exact := _MEDIA_TYPES.get(format_name)) is not None:
        return exact
    for family in sorted(_MEDIA_TYPES, key=len, reverse=True):
        if format_name.startswith(family):
            return _MEDIA_TYPES[family]
    return "text/plain; charset=UTF-8"
