"""A statement, made ready to be run: checked if it is a reader's, with the queries under way where it names them."""

from __future__ import annotations

import json
from typing import Any, Final

from sinks.clickhouse.embedded.answers import denied
from sinks.clickhouse.embedded.catalogue import DATABASES
from sinks.clickhouse.embedded.parser import check, formatted, of_engine, parsed, tree
from sinks.clickhouse.embedded.processes import KILL, KILLED, Node, everybodys, filled, killed, own, placed, quoted
from sinks.clickhouse.embedded.reading import Reader
from sinks.clickhouse.embedded.running import Running, Task
from sinks.clickhouse.embedded.sessions import Session
from sinks.clickhouse.embedded.statement import Statement

SELECTS: Final = frozenset({"SelectWithUnionQuery", "SelectIntersectExceptQuery"})
SET: Final = "SetQuery"
USE: Final = "UseQuery"
COLUMNS: Final = ("kill_status", "query_id", "user", "query")


class Asked:
    """One request, the query `task` among those `running`. `parser`: a connection as `parsed` needs.

    A `reader` has rules, and is shown the queries of its own name alone; the administrator (`is_admin`) has none. What
    a reader sets stays in its `session`.
    """

    def __init__(
        self, parser: Any, reader: Reader, task: Task, running: Running, *, is_admin: bool = False,
        session: Session | None = None,
    ) -> None:  # fmt: skip
        self._parser, self._reader, self._task, self._running = parser, reader, task, running
        self._session = session
        self._is_admin = is_admin
        self._user = None if is_admin else task.user

    def ready(self, statement: Statement, handle: Any) -> tuple[Statement, bool]:
        """What is to be run for a `statement`, and whether its answer can be led into a file.

        `handle`: the connection it will be run on, with the settings of the request. Raises EngineError for what is not
        allowed.
        """
        what = parsed(self._parser, statement.sql)
        if not isinstance(what, bytes) and what["type"] == KILL:
            return Statement(self._killed(what, handle)), False
        if not isinstance(what, bytes) and what["type"] in (SET, USE) and self._session is not None:
            self._allow_change(what)
            try:
                handle.query(statement.sql)  # what the engine does not take is not kept
            except RuntimeError as error:
                raise of_engine(error) from None
            _remember(what, self._session)
            return statement, False
        if isinstance(what, bytes):
            self._check(what)
            return statement, False
        if self._filled(what, self._running.of(self._user)):
            statement = Statement(formatted(self._parser, what))
        # Only where text and tree agree is the place of FORMAT known for sure.
        return statement, what["type"] in SELECTS and ("format_ast" in what) is (statement.format is not None)

    def _allow_change(self, what: Node) -> None:
        """Raises EngineError unless a SET or USE may be run in a session."""
        if what["type"] == SET:
            self._reader.settings(what)
        elif _database(what) not in DATABASES | {"default"}:
            raise denied(f"Database {_database(what)} is not for readers")

    def _check(self, what: Node | bytes) -> None:
        if not self._is_admin:
            check(self._parser, self._reader, what)

    def _filled(self, root: Node, tasks: list[Task]) -> bool:
        """Check a tree, and put these queries where it names the table of queries; whether anything was put there."""
        found = placed(root, self._reader.database, self._task.id)
        self._check(root)
        if found:
            seen = everybodys() if self._is_admin else own([task.id for task in tasks], self._task.user)
            filled(root, tree(self._parser, seen.encode()))
        return found

    def _killed(self, kill: Node, handle: Any) -> bytes:
        """End the queries that a KILL QUERY is about, but itself; the statement whose answer tells of them."""
        if kill.get("kill_type") != "Query" or "cluster" in kill:
            check(self._parser, self._reader, kill)  # which refuses it
        others = {task.id: task for task in self._running.of(self._user) if task is not self._task}
        status = "finished" if kill.get("sync") else "waiting"
        wanted = killed(kill, tree(self._parser, KILLED.format(status=quoted(status)).encode()))
        self._filled(wanted, list(others.values()))
        rows = handle.query(formatted(self._parser, wanted), "JSONCompactEachRow", params=dict(self._reader.params))
        found = [row for row in map(json.loads, rows.bytes().splitlines()) if row[1] in others]
        if not kill.get("test"):
            doomed = [others[row[1]] for row in found]
            self._running.cancel(doomed)
            if kill.get("sync"):
                for task in doomed:
                    task.ended.wait(self._reader.limits.seconds)
        return _told(found, kill.get("format_ast", {}).get("name", "")).encode()


def _database(use: Node) -> str:
    return str(use.get("database", {}).get("name", ""))


def _remember(what: Node, session: Session) -> None:
    """Keep what a SET or USE says for a session's later requests."""
    if what["type"] == USE:
        session.database = _database(what)
        return
    for name in what.get("default_settings", []):
        session.settings.pop(name, None)
    session.settings |= {change["name"]: str(change["value"].get("value")) for change in what.get("changes", [])}


def _told(rows: list[list[str]], format_name: str) -> str:
    """A query that gives these rows of COLUMNS."""
    first = rows[0] if rows else [""] * len(COLUMNS)
    named = ", ".join(f"{quoted(text)} AS {name}" for text, name in zip(first, COLUMNS, strict=True))
    more = [f"SELECT {', '.join(map(quoted, row))}" for row in rows[1:]]
    whole = " UNION ALL ".join([f"SELECT {named}" + ("" if rows else " WHERE 0"), *more])
    return whole + (f" FORMAT {format_name}" if format_name else "")
