"""Just enough of a statement's text to serve it: what it is, the format it asks for, where an insert's data begins."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

# Strings, quoted names and comments, so that nothing inside them is taken for a keyword.
_QUOTED: Final = re.compile(
    rb"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.)*\"|`(?:[^`\\]|\\.)*`|--[^\n]*|#[! ][^\n]*|/\*.*?\*/", re.DOTALL
)
_WORD: Final = re.compile(rb"[\s(]*([A-Za-z]+)")
_TRAILING_FORMAT: Final = re.compile(rb"\bFORMAT\s+(\w+)(?:\s+SETTINGS\b.*)?[\s;]*$", re.IGNORECASE | re.DOTALL)
_FORMAT: Final = re.compile(rb"\bFORMAT\s+(\w+)[ \t;]*\r?\n?", re.IGNORECASE)
_DATA_OF_ITS_OWN: Final = re.compile(rb"\b(?:VALUES|SELECT|WITH)\b", re.IGNORECASE)
_FILES: Final = re.compile(rb"\b(?:INTO\s+OUTFILE|FROM\s+INFILE)\b", re.IGNORECASE)
_END: Final = re.compile(rb";[\s;]*$")
_PROCESSES: Final = re.compile(rb"\bprocesses\b", re.IGNORECASE)
_MORE: Final = re.compile(rb";\s*[^\s;]")
_ROWS: Final = frozenset({"SELECT", "WITH", "SHOW", "DESCRIBE", "DESC", "EXISTS", "EXPLAIN", "CHECK", "FROM", "KILL"})
_INSERT_HEAD: Final = 64 * 1024
"""An INSERT's own words are looked for in this many bytes; the data behind them may hold anything."""


class Insert(NamedTuple):
    """An INSERT with data: the statement up to FORMAT, the format, and where in the text the data begins."""

    sql: str
    format: str
    data_at: int


class Statement:
    """A statement; `sql` is the bytes that came in."""

    def __init__(self, sql: bytes) -> None:
        self.sql = sql
        head = _blank(sql[:_INSERT_HEAD])
        word = _WORD.match(head)
        self.keyword = word[1].decode().upper() if word else ""
        self.is_insert = self.keyword == "INSERT"
        self._code = head if self.is_insert else _blank(sql)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in it but blanks and comments."""
        return not self._code.strip(b" \t\r\n;")

    @property
    def gives_rows(self) -> bool:
        """Whether its answer is a table, maybe an empty one."""
        return self.keyword in _ROWS

    @property
    def format(self) -> str | None:
        """The format it asks its answer to be in, if it does."""
        found = None if self.is_insert else _TRAILING_FORMAT.search(self._code)
        return found[1].decode() if found else None

    def into(self, path: str) -> bytes:
        """The same statement, a query, with its answer appended to the file at `path`, which needs no escapes."""
        found = _TRAILING_FORMAT.search(self._code) or _END.search(self._code)
        at = found.start() if found else len(self.sql)
        clause = f"\nINTO OUTFILE '{path}' APPEND\n".encode()
        return self.sql[:at] + clause + self.sql[at:]

    @property
    def asks_for_queries(self) -> bool:
        """Whether it may be about the queries under way."""
        return self.keyword == "KILL" or (self.gives_rows and _PROCESSES.search(self._code) is not None)

    @property
    def touches_files(self) -> bool:
        """Whether it reads or writes a file beside the database, which is for the command line only."""
        return _FILES.search(self._code) is not None

    @property
    def has_more(self) -> bool:
        """Whether another statement follows."""
        return not self.is_insert and _MORE.search(self._code) is not None

    def insert(self) -> Insert | None:
        """An INSERT whose data follows its FORMAT clause; None for VALUES, for INSERT SELECT and for anything else."""
        found = _FORMAT.search(self._code) if self.is_insert else None
        if found is None or _DATA_OF_ITS_OWN.search(self._code, 0, found.start()):
            return None
        return Insert(self.sql[: found.start()].decode(), found[1].decode(), found.end())


def _blank(sql: bytes) -> bytes:
    """The same text, as long as before, with blanks for what is quoted or a comment."""
    return _QUOTED.sub(lambda match: b" " * len(match[0]), sql)
