"""Views as files, and how each is read as a whole."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

VIEWS: Final = r"""
SELECT name, create_table_query FROM system.tables
WHERE database = currentDatabase() AND name LIKE 'v\\_%' ORDER BY name
"""
EVER: Final = {"from": "1970-01-01", "to": "2149-06-06"}
"""The first and the last day that ClickHouse's `Date` has."""
_PARAMETER: Final = re.compile(r"\{(\w+):[^{}]*\}")


def view_parameters(client: Client) -> dict[str, frozenset[str]]:
    """The views for analysts in the client's database, by name, each with the names of what it is called with."""
    return {name: frozenset(_PARAMETER.findall(made)) for name, made in client.query(VIEWS).result_rows}


def view_reads(client: Client) -> dict[str, str]:
    """The views for analysts in the client's database, by name, each with what a FROM says to read all of it.

    A view over days (`from`, `to`) is read over all days there are; one with other parameters is left out.
    """
    found = {}
    for name, parameters in view_parameters(client).items():
        if parameters <= EVER.keys():
            found[name] = over(name, *EVER.values()) if parameters else name
    return found


def over(view: str, first: str, last: str) -> str:
    """What a FROM says to read a view over days, from `first` to `last` (YYYY-MM-DD, both included)."""
    return f"{view}(from = '{first}', to = '{last}')"


def export_views(client: Client, folder: Path) -> list[Path]:
    """Write each view to `folder/<view>.csv`, with a header, in an order that its rows alone decide.

    Returns the files. Raises OSError when one cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, read in view_reads(client).items():
        path = folder / f"{name}.csv"
        path.write_bytes(client.raw_query(f"SELECT * FROM {read} ORDER BY ALL", fmt="CSVWithNames"))  # noqa: S608
        written.append(path)
    return written
