"""Whether a statement is one that a reader may run: it reads our tables and views, and reaches nothing else.

The engine's read-only setting is no sandbox: table functions and functions still open files and addresses, and in the
database `default` a table's name is a file's name. So the statement is taken apart by the engine's own parser
(`parseQueryToJSON`, which runs nothing), and every node of its tree must be known and allowed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from sinks.clickhouse.client import DATABASE
from sinks.clickhouse.embedded.answers import denied, refusal
from sinks.clickhouse.embedded.catalogue import DATABASES, SYSTEM_TABLES, TABLE_FUNCTIONS, Catalogue
from sinks.clickhouse.embedded.limits import Limits
from sinks.clickhouse.embedded.named import Named
from sinks.clickhouse.embedded.processes import PLACE, Node, nodes

ROOTS: Final = frozenset({
    "SelectWithUnionQuery", "SelectIntersectExceptQuery", "ExplainQuery", "ShowTablesQuery", "ShowColumnsQuery",
    "ShowIndexesQuery",
})  # fmt: skip
PLAIN: Final = frozenset({
    "SelectWithUnionQuery", "SelectIntersectExceptQuery", "SelectQuery", "ExpressionList", "Subquery", "WithElement",
    "TablesInSelectQuery", "TablesInSelectQueryElement", "TableExpression", "TableJoin", "ArrayJoin",
    "Asterisk", "QualifiedAsterisk", "ColumnsRegexpMatcher", "ColumnsListMatcher", "QualifiedColumnsRegexpMatcher",
    "QualifiedColumnsListMatcher", "ColumnsTransformerList", "ColumnsExceptTransformer", "ColumnsReplaceTransformer",
    "ColumnsReplaceTransformerReplacement", "Literal", "QueryParameter", "OrderByElement", "InterpolateElement",
    "WindowDefinition", "WindowListElement", "SampleRatio", PLACE,
})  # fmt: skip
"""Nodes that are harmless by themselves; what is inside is looked at."""
EXPLAINS: Final = frozenset({
    "EXPLAIN", "EXPLAIN AST", "EXPLAIN SYNTAX", "EXPLAIN QUERY TREE", "EXPLAIN PIPELINE", "EXPLAIN ESTIMATE",
    "EXPLAIN PLAN", "EXPLAIN ANALYZE",
})  # fmt: skip
JOINED: Final = frozenset({"joinget", "joingetornull"})
NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
VIEW: Final = re.compile(r"v_[a-z0-9_]+")
"""A view of ours that takes days: only the sinks and `migrate` make views, and no table function begins so."""


class Reader:
    """The rules for one statement. `database`: where names without one are looked up; `params`: its parameters."""

    def __init__(self, catalogue: Catalogue, limits: Limits, database: str, params: Mapping[str, str]) -> None:
        self.catalogue, self.limits, self.database, self.params = catalogue, limits, database, params
        self.subqueries: set[str] = set()
        self._passed: set[int] = set()

    def tree(self, root: Node) -> None:
        """Raises EngineError unless every node of a parsed statement is allowed."""
        found = list(nodes(root))
        if root.get("type") not in ROOTS:
            raise denied(f"Not enough privileges: {root.get('type')} is not for readers")
        self.subqueries = {node["name"] for node in found if node["type"] == "WithElement"}
        for node in found:
            if id(node) not in self._passed:
                self._node(node)

    def about(self, what: Named) -> None:
        """Raises EngineError unless a statement about one name may be run."""
        database, table = (self._given(one) if one in what.parameters else one for one in what[:2])
        if not what.asks:
            self._table(database or self.database, table)

    def _node(self, node: Node) -> None:
        if "out_file" in node:
            raise refusal(48, "NOT_IMPLEMENTED", "INTO OUTFILE is not for HTTP")
        match node["type"]:
            case "TableIdentifier" | "Identifier":
                self._reference(node)
            case "TableExpression" if "table_function" in node:
                self._table_function(node["table_function"])
            case "Function":
                self._function(node)
            case "ColumnsApplyTransformer":
                self._called(node.get("func_name") or "lambda")
            case "SetQuery":
                self.settings(node)
            case "ExplainQuery":
                self._passed.add(id(node.get("settings")))  # of the EXPLAIN itself, such as graph = 1
                if node.get("kind") not in EXPLAINS or node.get("query", {}).get("type") not in ROOTS:
                    raise denied("This EXPLAIN is not for readers")
            case "ShowTablesQuery":
                if "from" in node:
                    self._in(".".join(self._parts(node["from"])))
            case "ShowColumnsQuery" | "ShowIndexesQuery":
                self._table(node.get("database") or self.database, node.get("table", ""))
            case kind if kind not in PLAIN:
                raise denied(f"{kind} is not for readers")

    def settings(self, node: Node) -> None:
        """Raises EngineError unless a SETTINGS clause, or a SET, may be run; `node` is its tree."""
        if node.get("query_parameters"):
            raise denied("Parameters in SETTINGS are not for readers")
        for change in node.get("changes", []):
            self.limits.check(change["name"], change["value"].get("value"), self.catalogue.settings)
        for name in node.get("default_settings", []):
            self.limits.check(name, None, self.catalogue.settings)

    def _function(self, node: Node) -> None:
        name = node["name"]
        self._called(name)
        arguments = node.get("arguments", {}).get("children", [])
        if name.lower() in JOINED:
            # As it is: another expression could come to any name.
            parts = _text(arguments).split(".")
            if len(parts) > 2 or "" in parts:
                raise denied(f"{name} needs the name of a table of {DATABASE}, in quotes")
            self._table(*([self.database, *parts][-2:]))

    def _called(self, name: str) -> None:
        if not self.catalogue.function(name):
            raise denied(f"Function {name} is unknown or not for readers")

    def _table_function(self, node: Node) -> None:
        name, key = node["name"], node["name"].lower()
        database, _, view = name.rpartition(".")
        if (database or self.database) == DATABASE and VIEW.fullmatch(view):
            # Ours over days; what it is called with is looked at as everything else is.
            self._passed.add(id(node))
            return
        if key not in TABLE_FUNCTIONS:
            raise denied(f"Table function {name} is not for readers")
        if key == "merge":
            arguments = node.get("arguments", {}).get("children", [])
            if any(one.get("type") != "Literal" for one in arguments):
                raise denied("merge needs a database and a pattern, in quotes")
            database = _text(arguments) if len(arguments) > 1 else self.database
            if database != DATABASE:
                raise denied(f"merge is for tables of {DATABASE} alone")
        self._passed.add(id(node))

    def _reference(self, node: Node) -> None:
        """A table, or what may be one: the engine looks for tables behind IN, and by what WITH calls them."""
        parts = self._parts(node)
        if node["type"] == "TableIdentifier":
            if len(parts) > 1 or parts[0] not in self.subqueries or parts[0] in self.catalogue.system_tables:
                self._table(*([self.database, *parts][-2:]))
        elif len(parts) == 1:
            self._table(self.database, parts[0])
        elif parts[0] in self.catalogue.databases:
            self._table(parts[0], parts[1])

    def _parts(self, node: Node) -> list[str]:
        """The parts of a name, with parameters filled in."""
        parts = list(node.get("name_parts") or [node.get("name", "")])
        given = [self._given(child["name"]) for child in node.get("children", []) if child["type"] == "QueryParameter"]
        filled = iter(given)
        return [part or next(filled, "") for part in parts]

    def _given(self, parameter: str) -> str:
        value = self.params.get(parameter, "")
        if not NAME.fullmatch(value):
            raise denied(f"Parameter {parameter} is no plain name")
        return value

    def _table(self, database: str, table: str) -> None:
        self._in(database)
        if "." in table and table.partition(".")[0] in self.catalogue.databases:
            raise denied(f"Table {table} is not for readers")
        if database == "system" and table in self.catalogue.system_tables - SYSTEM_TABLES:
            raise denied(f"Table system.{table} is not for readers")

    def _in(self, database: str) -> None:
        if database not in DATABASES:
            raise denied(f"Database {database} is not for readers")


def _text(arguments: list[Node]) -> str:
    """The first argument, if it is a string as it is; else nothing."""
    value = arguments[0].get("value", {}) if arguments and arguments[0].get("type") == "Literal" else {}
    return str(value["value"]) if value.get("field_type") == "String" else ""
