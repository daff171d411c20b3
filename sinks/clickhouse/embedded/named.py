"""Statements about one name, or a list of names, for which the engine's parser has no tree: they are short.

SHOW CREATE, EXISTS, DESCRIBE, SHOW FUNCTIONS, SHOW ENGINES and SHOW SETTING. Text that has another form than the plain
one is none of them.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_COMMENTS: Final = re.compile(rb"(?:\s+|--[^\n]*\n|/\*.*?\*/)+", re.DOTALL)
_PART: Final = r"(?:[A-Za-z_]\w*|`[^`\\\s]+`|\{\s*\w+\s*:\s*Identifier\s*\})"
_TAIL: Final = r"(?:\s+FORMAT\s+\w+)?[\s;]*"
_NAMED: Final = re.compile(
    rf"(?:SHOW\s+CREATE|EXISTS)(?:\s+(?P<kind>TABLE|VIEW|DICTIONARY|DATABASE))?"
    rf"\s+(?:(?P<database>{_PART})\s*\.\s*)?(?P<table>{_PART}){_TAIL}",
    re.IGNORECASE | re.ASCII,
)
_LISTS: Final = re.compile(
    rf"SHOW\s+(?:FUNCTIONS(?:\s+I?LIKE\s+'[^'\\]*')?|ENGINES|SETTING\s+\w+){_TAIL}", re.IGNORECASE | re.ASCII
)
_DESCRIBE: Final = re.compile(rb"(?:DESCRIBE|DESC)\b(?:\s+TABLE\b)?", re.IGNORECASE)


class Named(NamedTuple):
    """What a statement is about: a database and a table, each empty where not given, and whether it only asks if any.

    `parameters`: those of the two that are names of parameters.
    """

    database: str
    table: str
    asks: bool
    parameters: frozenset[str] = frozenset()


def named(text: bytes) -> Named | None:
    """What the statement `text` (SHOW CREATE, EXISTS, or a SHOW of a list) is about; None for any other form."""
    statement = _uncommented(text).decode("utf-8", "replace")
    if _LISTS.fullmatch(statement):
        return Named("", "", asks=True)
    found = _NAMED.fullmatch(statement)
    if found is None:
        return None
    database, table = _part(found["database"]), _part(found["table"])
    asks = False
    if (found["kind"] or "").upper() == "DATABASE":
        if database:
            return None
        database, table, asks = table, "", statement[:4].upper() != "SHOW"
    given = (one for one in (found["database"], found["table"]) if one and one.startswith("{"))
    return Named(database, table, asks, frozenset(map(_part, given)))


def described(text: bytes) -> bytes | None:
    """The SELECT from what the DESCRIBE in `text` describes; None for any other statement."""
    statement = _uncommented(text)
    found = _DESCRIBE.match(statement)
    return b"SELECT * FROM " + statement[found.end() :] if found else None


def _uncommented(text: bytes) -> bytes:
    found = _COMMENTS.match(text)
    return text[found.end() :] if found else text


def _part(text: str | None) -> str:
    """A name without its quotes, or that of the parameter that stands for it."""
    if text is None or not text.startswith("{"):
        return (text or "").strip("`")
    return text.strip("{} \t\r\n").partition(":")[0].strip()
