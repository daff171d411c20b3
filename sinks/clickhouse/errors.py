"""What can go wrong with ClickHouse, and the one place that says what to do about it."""

from __future__ import annotations

from enum import Enum
from typing import Final

from clickhouse_connect.driver.exceptions import Error, OperationalError, ProgrammingError
from urllib3.exceptions import HTTPError

from infra.errors import PublicError

UNKNOWN_DATABASE: Final = 81


CLIENT_ERRORS: Final = (Error, OSError, HTTPError)
"""What a call of the client may raise, other than a bug."""


class Verdict(Enum):
    """What an error asks for."""

    RETRY = "retry"
    """The same insert may work later: the server was away, busy, out of memory, or out of time."""
    BAD_ROW = "bad_row"
    """Some row cannot be parsed: find it, leave it out, and go on."""
    FATAL = "fatal"
    """Trying again cannot help: no such table or column, no right to it, wrong SQL."""


_BUSY: Final = {
    3: "UNEXPECTED_END_OF_FILE", 159: "TIMEOUT_EXCEEDED", 160: "TOO_SLOW", 202: "TOO_MANY_SIMULTANEOUS_QUERIES",
    203: "NO_FREE_CONNECTION", 209: "SOCKET_TIMEOUT", 210: "NETWORK_ERROR", 225: "NO_ZOOKEEPER", 236: "ABORTED",
    241: "MEMORY_LIMIT_EXCEEDED", 242: "TABLE_IS_READ_ONLY", 243: "NOT_ENOUGH_SPACE", 252: "TOO_MANY_PARTS",
    279: "ALL_CONNECTION_TRIES_FAILED", 285: "TOO_FEW_LIVE_REPLICAS", 286: "UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE",
    319: "UNKNOWN_STATUS_OF_INSERT", 341: "UNFINISHED", 373: "SESSION_IS_LOCKED", 394: "QUERY_WAS_CANCELLED",
    425: "SYSTEM_ERROR", 439: "CANNOT_SCHEDULE_TASK", 473: "DEADLOCK_AVOIDED", 745: "SERVER_OVERLOADED",
    999: "KEEPER_EXCEPTION",
}  # fmt: skip
_UNPARSABLE: Final = {
    6: "CANNOT_PARSE_TEXT", 25: "CANNOT_PARSE_ESCAPE_SEQUENCE", 26: "CANNOT_PARSE_QUOTED_STRING",
    27: "CANNOT_PARSE_INPUT_ASSERTION_FAILED", 33: "CANNOT_READ_ALL_DATA", 38: "CANNOT_PARSE_DATE",
    41: "CANNOT_PARSE_DATETIME", 53: "TYPE_MISMATCH", 69: "ARGUMENT_OUT_OF_BOUND", 70: "CANNOT_CONVERT_TYPE",
    72: "CANNOT_PARSE_NUMBER", 117: "INCORRECT_DATA", 130: "CANNOT_READ_ARRAY_FROM_TEXT", 131: "TOO_LARGE_STRING_SIZE",
    321: "VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE", 349: "CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN", 407: "DECIMAL_OVERFLOW",
    467: "CANNOT_PARSE_BOOL",
}  # fmt: skip


class UnavailableError(PublicError):
    """ClickHouse does not answer; the message carries its address, without any password."""


class SchemaError(PublicError):
    """ClickHouse refuses what it was sent, and always will; the message is the server's own."""


def verdict(error: Exception) -> Verdict:
    """What to do about an error of the ClickHouse client."""
    code = getattr(error, "code", None)
    if code in _BUSY:
        return Verdict.RETRY
    if code in _UNPARSABLE:
        return Verdict.BAD_ROW
    if code is not None or isinstance(error, ProgrammingError):
        return Verdict.FATAL
    # Without a code of the server's it is the way there: no connection, a proxy's 502, an answer that broke off.
    transport = isinstance(error, OSError | TimeoutError | HTTPError | OperationalError)
    return Verdict.RETRY if transport or isinstance(error, Error) else Verdict.FATAL


def retry_kind(error: Exception) -> str:
    """A short name of an error to retry, for the label of a metric: the server's, else `transport`."""
    return _BUSY.get(getattr(error, "code", None) or 0, "transport").lower()
