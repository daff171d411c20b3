"""One request on the embedded engine.

Each gets a handle of its own (it takes under 1 ms): database, settings and `readonly` of one request cannot reach
another, and handles work side by side with each other and with the sink's inserts.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final

import chdb

from sinks.clickhouse.client import DATABASE
from sinks.clickhouse.embedded.answers import NOT_IMPLEMENTED, SYNTAX_ERROR, EngineError, refusal
from sinks.clickhouse.embedded.asked import Asked
from sinks.clickhouse.embedded.limits import Limits
from sinks.clickhouse.embedded.parser import catalogue, column, of_engine
from sinks.clickhouse.embedded.processes import MARK, marked, quoted
from sinks.clickhouse.embedded.reading import NAME, Reader
from sinks.clickhouse.embedded.running import Running, Task
from sinks.clickhouse.embedded.sessions import Session
from sinks.clickhouse.embedded.spool import Spool
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
    database: str = ""
    """As the client names it, or nothing."""
    format: str = DEFAULT_FORMAT
    params: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    protocol: int = 0
    """The version of the native protocol that the client names, 0 without one."""
    checked: bool = True
    """Whether it comes from a reader: the statement is checked, and bounded. Not from those who write."""
    held: bool = False
    """Whether nothing is to be sent before the query has ended."""
    session: Session | None = None

    @property
    def place(self) -> str:
        """The database it is in. Clients name `default` of their own accord: a table's name is a file's name there."""
        database = self.database or (self.session and self.session.database) or DATABASE
        return DATABASE if self.checked and database == "default" else database

    def statement(self) -> Statement:
        """What is asked: a server reads the parameter and the body as one text, unless the body is an insert's data."""
        statement = Statement(self.sql)
        if self.body and statement.insert() is None:
            return Statement(self.sql + b"\n" + self.body)
        return statement


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

    def run(self, query: Query, task: Task, running: Running, spool: Spool) -> dict[str, str]:
        """Run one query, whose answer goes to `spool`; gives its summary. Raises EngineError."""
        try:
            return self._run(query, task, running, spool)
        finally:
            task.ended.set()

    def kill(self, ids: Collection[str]) -> None:
        """End the queries with these ids. Raises EngineError."""
        with self._handle() as handle:
            _execute(handle, f"KILL QUERY WHERE {marked(ids)} ASYNC")

    def _run(self, query: Query, task: Task, running: Running, spool: Spool) -> dict[str, str]:
        statement = query.statement()
        if statement.is_empty:
            raise refusal(SYNTAX_ERROR, "SYNTAX_ERROR", "Syntax error: Empty query")
        if statement.touches_files:
            raise refusal(NOT_IMPLEMENTED, "NOT_IMPLEMENTED", "INTO OUTFILE and FROM INFILE are not for HTTP")
        if statement.has_more:
            raise refusal(SYNTAX_ERROR, "SYNTAX_ERROR", "Syntax error (Multi-statements are not allowed)")
        if query.format not in self.formats:
            raise refusal(73, "UNKNOWN_FORMAT", f"Unknown format {query.format}")
        with self._connected(query, task) as handle:
            into_file = False
            if query.checked or statement.asks_for_queries:
                with self._handle() as parser:
                    reader = Reader(self.catalogue, self.limits, query.place, query.params)
                    asked = Asked(parser, reader, task, running, is_admin=not query.checked, session=query.session)
                    statement, into_file = asked.ready(statement, handle)
            if task.why is not None:
                raise task.why
            insert = statement.insert()
            if insert is not None:
                return _inserted(handle, insert, statement.sql[insert.data_at :] + query.body)
            task.format = (statement.format or query.format) if statement.gives_rows else None
            try:
                if into_file:
                    result = handle.query(statement.into(str(spool.path)), query.format, params=dict(query.params))
                else:
                    result = handle.query(statement.sql, query.format, params=dict(query.params))
                    spool.write(result.bytes() or b"")
            except RuntimeError as error:
                raise task.why or _told(of_engine(error, hidden=str(spool.path)), statement) from None
            return _summary(result, spool.size)

    def _prepare(self, handle: Any, query: Query, task: Task) -> None:
        """Database and settings of a request, for a connection."""
        _execute(handle, f"USE `{_escaped(query.place, '`')}`")
        settings = {**(query.session.settings if query.session else {}), **query.settings}
        for name in settings:
            if not NAME.fullmatch(name):
                raise refusal(115, "UNKNOWN_SETTING", f"Unknown setting '{name}'")
        if query.checked:
            settings.pop("readonly", None)
            asked = {name: self.limits.capped(name, value) for name, value in settings.items()}
            for name, value in asked.items():
                self.limits.check(name, value, self.catalogue.settings)
            # 2: it may read and set settings, but not write, and not take this setting back.
            settings = {**self.limits.settings(), **asked, "readonly": "2"}
        pairs = (f"{name} = {quoted(value)}" for name, value in {MARK: task.id, **settings}.items())
        _execute(handle, f"SET {', '.join(pairs)}")

    @contextmanager
    def _connected(self, query: Query, task: Task) -> Iterator[Any]:
        """A connection with a request's database and settings; its own, or that of the administrator's session."""
        if query.checked or query.session is None:
            with self._handle() as handle:
                self._prepare(handle, query, task)
                yield handle
            return
        if query.session.handle is None:
            query.session.handle = chdb.connect(self.path)  # type: ignore[no-untyped-call]
            _execute(query.session.handle, f"USE `{DATABASE}`")
        handle = query.session.handle
        names = [MARK, *filter(NAME.fullmatch, query.settings)]
        values = ", ".join(f"toString(getSetting({quoted(name)}))" for name in names)
        try:
            row = handle.query(f"SELECT currentDatabase(), {values}", "JSONCompactEachRow").bytes()
        except RuntimeError as error:
            raise of_engine(error) from None
        database, *before = json.loads(row)
        self._prepare(handle, replace(query, database=query.database or database), task)
        try:
            yield handle
        finally:
            # What a URL says is for its own request; what a statement sets stays.
            pairs = ", ".join(f"{name} = {quoted(value)}" for name, value in zip(names, before, strict=True))
            _execute(handle, f"SET {pairs}")
            if query.database:
                _execute(handle, f"USE `{_escaped(database, '`')}`")

    @contextmanager
    def _handle(self) -> Iterator[Any]:
        handle = chdb.connect(self.path)  # type: ignore[no-untyped-call]
        try:
            yield handle
        finally:
            handle.close()


def _summary(result: Any, size: int) -> dict[str, str]:
    numbers = {
        "read_rows": result.storage_rows_read(), "read_bytes": result.storage_bytes_read(),
        "written_rows": result.rows_written(), "written_bytes": result.bytes_written(), "total_rows_to_read": 0,
        "result_rows": result.rows_read(), "result_bytes": size, "elapsed_ns": int(result.elapsed() * 1e9),
    }  # fmt: skip
    return {name: str(number) for name, number in numbers.items()}


def _told(error: EngineError, statement: Statement) -> EngineError:
    """The error; of a view over days that is named without them, what to do."""
    hint = without_days(statement.sql.decode("utf-8", "replace")) if error.code in NO_DAYS else ""
    return refusal(NO_PARAMETER, "UNKNOWN_QUERY_PARAMETER", hint) if hint else error


def _inserted(handle: Any, insert: Insert, data: bytes) -> dict[str, str]:
    try:
        inserter = handle.send_insert(insert.sql, insert.format)
        with inserter:
            if data:
                inserter.append(data)
            result = inserter.finish()
    except RuntimeError as error:
        raise of_engine(error) from None
    rows, size = str(result.rows_written), str(result.bytes_written)
    return {
        "read_rows": rows, "read_bytes": size, "written_rows": rows, "written_bytes": size, "total_rows_to_read": "0",
        "result_rows": rows, "result_bytes": size, "elapsed_ns": str(int(result.elapsed * 1e9)),
    }  # fmt: skip


def _execute(handle: Any, sql: str) -> None:
    try:
        handle.query(sql, DEFAULT_FORMAT)
    except RuntimeError as error:
        raise of_engine(error) from None


def _escaped(text: str, quote: str) -> str:
    return text.replace("\\", "\\\\").replace(quote, "\\" + quote)
