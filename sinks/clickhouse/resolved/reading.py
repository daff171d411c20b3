"""Queries about many ids at once: they travel as one string, as lists in a statement may only be short."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

BETWEEN: Final = "\x1f"
IDS: Final = "SELECT arrayJoin(splitByChar(char(31), %(ids)s))"
"""A subquery over ids that are given as `given` makes them."""
LARGE: Final = {"max_query_size": 1 << 30}
MANY: Final = 2_000
"""Ids from which on a skipping index costs more than it saves: each of them is asked of each granule."""


def given(ids: Collection[str]) -> dict[str, str]:
    """The parameters of a statement with `IDS` in it."""
    return {"ids": BETWEEN.join(sorted(ids))}


def large(client: Client, sql: str, parameters: dict[str, Any]) -> Sequence[Sequence[Any]]:
    """The rows of a query (`sql`), however long its parameters. Raises what the client raises."""
    few = parameters.get("ids", "").count(BETWEEN) < MANY
    settings = LARGE if few else {**LARGE, "use_skip_indexes": 0}
    rows: Sequence[Sequence[Any]] = client.query(sql, parameters=parameters, settings=settings).result_rows
    return rows
