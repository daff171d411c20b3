"""What a query sees of the queries under way, and of its own id: trees of the engine's parser, changed.

The engine gives each query an id of its own and lets nobody choose it, so the id that a client knows goes along in a
setting that means nothing here. Wherever a reader names `system.processes`, that table is put in another's place that
has the reader's own queries, with these ids.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final

Node = dict[str, Any]

MARK: Final = "query_cache_tag"
"""The setting that carries the id: a label for entries of the query cache, which nobody here can turn on."""
PLACE: Final = "OwnProcesses"
"""The kind of node that stands for the reader's own queries until they are put there; no parser makes it."""
IDS: Final = frozenset({
    "queryid", "query_id", "currentqueryid", "current_query_id", "initialqueryid", "initial_query_id",
})  # fmt: skip
KILL: Final = "KillQueryQuery"
KILLED: Final = "SELECT {status} AS kill_status, query_id, user, query FROM system.processes WHERE 1"


def own(ids: Collection[str], user: str) -> str:
    """A query of the queries with these ids, as their `user` sees them."""
    mine = f"{quoted(user)} AS user, {quoted(user)} AS initial_user"
    return _shown(f"p.Settings['{MARK}']", f", {mine}", marked(ids, "p."))


def everybodys() -> str:
    """A query of all queries, those of the sinks too, by the ids that clients know."""
    return _shown(f"if(p.Settings['{MARK}'] = '', p.query_id, p.Settings['{MARK}'])", "", "1")


def _shown(query_id: str, more: str, condition: str) -> str:
    # With its table's name a column is never what another one is called here.
    shown = (
        f"{query_id} AS query_id, {query_id} AS initial_query_id{more},"
        f" mapFilter((name, _) -> name != '{MARK}', p.Settings) AS Settings,"
        r" replaceRegexpOne(p.query, '\nINTO OUTFILE \'[^\']*\' APPEND\n', '') AS query"
    )
    return f"SELECT * FROM (SELECT * REPLACE({shown}) FROM system.processes AS p WHERE {condition}) AS processes"  # noqa: S608


def marked(ids: Collection[str], table: str = "") -> str:
    """A condition that holds for the queries with these ids, of a `table` (with its dot) or the only one."""
    return f"{table}Settings['{MARK}'] IN ({', '.join(map(quoted, ids))})" if ids else "0"


def killed(kill: Node, select: Node) -> Node:
    """The tree `select` of KILLED, of the queries that a statement `kill` is about."""
    _first(select)["where"] = kill["where_expression"]
    return select


def placed(root: Node, database: str, query_id: str) -> bool:
    """Put marks where a tree names the table of queries, and its own `query_id` where it asks for that.

    Returns whether there was anything to put. `database`: where plain names are looked up.
    """
    found = False
    for node in nodes(root):
        table = node.get("database_and_table_name") if node["type"] == "TableExpression" else None
        if isinstance(table, dict) and _names(table, database):
            node["database_and_table_name"] = {"type": PLACE, "alias": table.get("alias", "processes")}
            found = True
        elif node["type"] == "Function" and node["name"].lower() in IDS and not node["arguments"].get("children"):
            alias = node.get("alias") or f"{node['name']}()"
            node.clear()
            node |= {"type": "Literal", "value": {"field_type": "String", "value": query_id}, "alias": alias}
            found = True
    return found


def filled(root: Node, select: Node) -> None:
    """Put the queries of `select`, the tree of `own`, where the marks are."""
    inner = _first(select)["tables"]["children"][0]["table_expression"]
    for node in list(nodes(root)):
        place = node.get("database_and_table_name") if node["type"] == "TableExpression" else None
        if isinstance(place, dict) and place["type"] == PLACE:
            del node["database_and_table_name"]
            node["subquery"] = {**inner["subquery"], "alias": place["alias"]}


def nodes(root: Any) -> Iterator[Node]:
    """Every node of the tree `root`, outer ones first; not by recursion, as a tree may be deep."""
    waiting = [root]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting.extend(reversed(one))
        elif isinstance(one, dict):
            if "type" in one:
                yield one
            waiting.extend(reversed([value for value in one.values() if isinstance(value, list | dict)]))


def quoted(text: str) -> str:
    """The string `text` as SQL has it."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _first(select: Node) -> Node:
    return dict.__getitem__(select, "list_of_selects")["children"][0]  # type: ignore[no-any-return]


def _names(table: Node, database: str) -> bool:
    parts = table.get("name_parts") or [table.get("name", "")]
    return [database, *parts][-2:] == ["system", "processes"]
