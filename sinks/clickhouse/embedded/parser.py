"""The engine's own parser and catalogue, asked before a reader's statement is run."""

from __future__ import annotations

import base64
import json
import re
from typing import Any, Final

from sinks.clickhouse.embedded.answers import BAD_ARGUMENTS, SYNTAX_ERROR, EngineError, denied, refusal
from sinks.clickhouse.embedded.catalogue import Catalogue, Function
from sinks.clickhouse.embedded.named import described, named
from sinks.clickhouse.embedded.processes import Node
from sinks.clickhouse.embedded.reading import Reader

MAX_STATEMENT: Final = 256 * 1024
"""Bytes: `max_query_size`, as the engine has it. A longer one it would refuse after it had taken it apart."""
PARSED: Final = "SELECT parseQueryToJSON(base64Decode({q:String}))"
"""The engine's own parser, on text that it gets as a value: nothing of it is run or looked up."""
FORMATTED: Final = "SELECT formatQueryFromJSON(base64Decode({q:String}))"
_OF_PARSING: Final = re.compile(r": In scope SELECT parseQueryToJSON\(.*\)(?=\. \()", re.DOTALL)
"""What errors say of that query, and not of the reader's."""
TOO_DEEP: Final = 167
NAMING: Final = re.compile(
    r"AST node of type '(?:ShowCreate(?:Table|View|Dictionary|Database)|Exists(?:Table|View|Dictionary|Database)"
    r"|ShowFunctions|ShowEngine|ShowSetting|Describe)"
)
"""What it tells of a single statement that is right, but of a kind that it has no tree for."""


def parsed(handle: Any, sql: bytes) -> Node | bytes:
    """A reader's statement `sql` as a tree; as it is where the parser has none for its kind.

    `handle`: a connection whose settings are the engine's own. Raises EngineError for a statement that is none, for
    more than one, and for kinds that are for no reader.
    """
    if b"\x00" in sql:
        if sql.lstrip()[:6].upper() == b"INSERT":  # with data in a binary format
            raise denied("Not enough privileges: INSERT is not for readers")
        raise refusal(SYNTAX_ERROR, "SYNTAX_ERROR", "Syntax error: a zero byte in the statement")
    if len(sql) > MAX_STATEMENT:
        told = f"Max query size exceeded: {len(sql)} bytes of {MAX_STATEMENT}"
        raise refusal(SYNTAX_ERROR, "SYNTAX_ERROR", f"Syntax error: {told}")
    try:
        return tree(handle, sql)
    except EngineError as error:
        if error.code != BAD_ARGUMENTS:
            raise
        if NAMING.search(str(error)) is None:
            raise denied("Not enough privileges: a statement of this kind is not for readers") from None
        return sql


def check(handle: Any, reader: Reader, what: Node | bytes) -> None:
    """Raises EngineError unless a `reader` may run `what`, a statement that is `parsed`. `handle`: as there."""
    if not isinstance(what, bytes):
        reader.tree(what)
    elif (select := described(what)) is not None:
        reader.tree(tree(handle, select))
    elif (about := named(what)) is not None:
        reader.about(about)
    else:
        raise denied("Not enough privileges: the statement is not in its plain form")


def catalogue(handle: Any) -> Catalogue:
    """What the engine has, asked through the connection `handle`."""
    functions = (
        "SELECT tuple(name, is_aggregate = 1, alias_to, categories)::Tuple(n String, a Bool, t String, c String)"
    )
    rows = handle.query(f"{functions} AS f FROM system.functions", "JSONCompactEachRow").bytes().splitlines()
    fields = (json.loads(row)[0] for row in rows)
    return Catalogue(
        [Function(row["n"], aggregate=row["a"], alias_of=row["t"], category=row["c"]) for row in fields],
        column(handle, "SELECT name FROM system.aggregate_function_combinators"),
        column(handle, "SELECT name FROM system.settings"),
        column(handle, "SELECT name FROM system.databases"),
        column(handle, "SELECT name FROM system.tables WHERE database = 'system'"),
    )


def column(handle: Any, sql: str) -> list[str]:
    """The values that the query `sql` of one column gives on the connection `handle`."""
    return handle.query(sql, "TabSeparatedRaw").bytes().decode().splitlines()  # type: ignore[no-any-return]


def of_engine(error: RuntimeError, hidden: str = "") -> EngineError:
    """An error of the engine, without what its wrapper puts before it, and without a name that is `hidden`."""
    text = str(error).strip()
    if hidden:
        text = text.replace(hidden, "")
    at = text.find("Code: ")
    return EngineError(text[at:] if at >= 0 else f"Code: 1001. DB::Exception: {text}. (STD_EXCEPTION)")


def tree(handle: Any, sql: bytes) -> Node:
    """The statement `sql` as the engine's parser sees it, asked on `handle`.

    Raises EngineError when it is none, or more than one.
    """
    try:
        text = handle.query(PARSED, "TabSeparatedRaw", params=_coded(sql)).bytes()
    except RuntimeError as error:
        raise EngineError(_OF_PARSING.sub("", str(of_engine(error)))) from None
    try:
        return dict(json.loads(text.decode("utf-8", "replace")))
    except (ValueError, RecursionError):
        raise refusal(
            TOO_DEEP, "TOO_DEEP_AST", "AST is too deep: nest less, or shorten the chain of operators"
        ) from None


def formatted(handle: Any, root: Node) -> bytes:
    """The statement of the tree `root`, by the engine on `handle`. Raises EngineError when it is a tree of none."""
    try:
        return handle.query(FORMATTED, "TabSeparatedRaw", params=_coded(json.dumps(root).encode())).bytes()  # type: ignore[no-any-return]
    except RuntimeError as error:
        raise of_engine(error) from None


def _coded(text: bytes) -> dict[str, str]:
    return {"q": base64.b64encode(text).decode()}
