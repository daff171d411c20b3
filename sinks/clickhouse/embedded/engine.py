"""One request on the embedded engine.

Each gets a handle of its own (it takes under 1 ms): database, settings and `readonly` of one request cannot reach
another, and handles work side by side with each other and with the sink's inserts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import chdb

from sinks.clickhouse.client import DATABASE
from sinks.clickhouse.embedded.answers import NOT_IMPLEMENTED, SYNTAX_ERROR, EngineError, refusal
from sinks.clickhouse.embedded.limits import Limits
from sinks.clickhouse.embedded.native import with_version
from sinks.clickhouse.embedded.parser import catalogue, check, column, of_engine
from sinks.clickhouse.embedded.reading import NAME, Reader
from sinks.clickhouse.embedded.statement import Insert, Statement
from sinks.clickhouse.view_days import without_days

DEFAULT_FORMAT: Final = "TabSeparated"
NO_PARAMETER: Final = 456
NO_DAYS: Final = frozenset({1, 47, 51})
"""What the engine says of a view with parameters that is named without: that it has no columns, or not this one."""


@dataclass(frozen=True)
class Query:
    """A request, taken apart. `body` is an insert's data when `sql` came beside it; empty otherwise."""

    sql: bytes
    body: bytes = b""
    database: str = "default"
    format: str = DEFAULT_FORMAT
    params: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    protocol: int = 0
    """The version of the native protocol that the client names, 0 without one."""
    checked: bool = True
    """Whether it comes from a reader: the statement is checked, and bounded. Not from those who write."""


@dataclass(frozen=True)
class Answer:
    """What came of it. `format`: of the body; None when the statement has no rows to give."""

    body: bytes
    format: str | None
    summary: dict[str, str]


class Engine:
    """Runs queries, in the calling thread, on the engine this process has open at `path`."""

    def __init__(self, path: str, limits: Limits | None = None) -> None:
        self.path, self.limits = path, limits or Limits()
        with self._handle() as handle:
            version, timezone = handle.query("SELECT version(), timezone()", "TabSeparated").bytes().decode().split()
            self.formats = frozenset(column(handle, "SELECT name FROM system.formats WHERE is_output"))
            self.catalogue = catalogue(handle)
        self.version: str = version
        self.timezone: str = timezone

    def run(self, query: Query) -> Answer:
        """The answer to one query. Raises EngineError."""
        statement = Statement(query.sql)
        if query.body and statement.insert() is None:
            # A server reads the parameter and the body as one text, too.
            statement = Statement(query.sql + b"\n" + query.body)
        if statement.is_empty:
            raise refusal(SYNTAX_ERROR, "SYNTAX_ERROR", "Syntax error: Empty query")
        if statement.touches_files:
            raise refusal(NOT_IMPLEMENTED, "NOT_IMPLEMENTED", "INTO OUTFILE and FROM INFILE are not for HTTP")
        if statement.has_more:
            raise refusal(SYNTAX_ERROR, "SYNTAX_ERROR", "Syntax error (Multi-statements are not allowed)")
        if query.format not in self.formats:
            raise refusal(73, "UNKNOWN_FORMAT", f"Unknown format {query.format}")
        with self._handle() as handle:
            self._prepare(handle, query, statement)
            insert = statement.insert()
            if insert is not None:
                return _inserted(handle, insert, statement.sql[insert.data_at :] + query.body)
            answer = _answered(handle, statement, query)
        if query.checked and len(answer.body) > self.limits.answer:
            told = f"Limit for result exceeded, max bytes: {self.limits.answer}, current bytes: {len(answer.body)}"
            raise refusal(396, "TOO_MANY_ROWS_OR_BYTES", told)
        return answer

    def _prepare(self, handle: Any, query: Query, statement: Statement) -> None:
        database, settings = query.database, dict(query.settings)
        if query.checked and database == "default":
            # Clients name it of their own accord. In there a table's name is a file's name, so readers are elsewhere.
            database = DATABASE
        _execute(handle, f"USE `{_escaped(database, '`')}`")
        for name in settings:
            if not NAME.fullmatch(name):
                raise refusal(115, "UNKNOWN_SETTING", f"Unknown setting '{name}'")
        if query.checked:
            settings.pop("readonly", None)
            asked = {name: self.limits.capped(name, value) for name, value in settings.items()}
            for name, value in asked.items():
                self.limits.check(name, value, self.catalogue.settings)
            reader = Reader(self.catalogue, self.limits, database, query.params)
            with self._handle() as parser:
                check(parser, reader, statement.sql)
            # 2: it may read and set settings, but not write, and not take this setting back.
            settings = {**self.limits.settings(), **asked, "readonly": "2"}
        if settings:
            pairs = (f"{name} = '{_escaped(value, chr(39))}'" for name, value in settings.items())
            _execute(handle, f"SET {', '.join(pairs)}")

    @contextmanager
    def _handle(self) -> Iterator[Any]:
        handle = chdb.connect(self.path)  # type: ignore[no-untyped-call]
        try:
            yield handle
        finally:
            handle.close()


def _answered(handle: Any, statement: Statement, query: Query) -> Answer:
    try:
        result = handle.query(statement.sql, query.format, params=dict(query.params))
        body = result.bytes() or b""
    except RuntimeError as error:
        raise _told(of_engine(error), statement) from None
    summary = {
        "read_rows": result.storage_rows_read(), "read_bytes": result.storage_bytes_read(),
        "written_rows": result.rows_written(), "written_bytes": result.bytes_written(), "total_rows_to_read": 0,
        "result_rows": result.rows_read(), "result_bytes": len(body), "elapsed_ns": int(result.elapsed() * 1e9),
    }  # fmt: skip
    shape = (statement.format or query.format) if statement.gives_rows else None
    if shape == "Native":
        body = with_version(body, query.protocol)
    return Answer(body, shape, {name: str(value) for name, value in summary.items()})


def _told(error: EngineError, statement: Statement) -> EngineError:
    """The error; of a view over days that is named without them, what to do."""
    hint = without_days(statement.sql.decode("utf-8", "replace")) if error.code in NO_DAYS else ""
    return refusal(NO_PARAMETER, "UNKNOWN_QUERY_PARAMETER", hint) if hint else error


def _inserted(handle: Any, insert: Insert, data: bytes) -> Answer:
    try:
        inserter = handle.send_insert(insert.sql, insert.format)
        with inserter:
            if data:
                inserter.append(data)
            result = inserter.finish()
    except RuntimeError as error:
        raise of_engine(error) from None
    rows, size = str(result.rows_written), str(result.bytes_written)
    summary = {
        "read_rows": rows, "read_bytes": size, "written_rows": rows, "written_bytes": size, "total_rows_to_read": "0",
        "result_rows": rows, "result_bytes": size, "elapsed_ns": str(int(result.elapsed * 1e9)),
    }  # fmt: skip
    return Answer(b"", None, summary)


def _execute(handle: Any, sql: str) -> None:
    try:
        handle.query(sql, DEFAULT_FORMAT)
    except RuntimeError as error:
        raise of_engine(error) from None


def _escaped(text: str, quote: str) -> str:
    return text.replace("\\", "\\\\").replace(quote, "\\" + quote)
