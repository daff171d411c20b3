"""Views as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

VIEWS: Final = r"SELECT name FROM system.tables WHERE database = currentDatabase() AND name LIKE 'v\\_%' ORDER BY name"


def view_names(client: Client) -> list[str]:
    """The views for analysts in the client's database, by name."""
    return [row[0] for row in client.query(VIEWS).result_rows]


def export_views(client: Client, folder: Path) -> list[Path]:
    """Write each view to `folder/<view>.csv`, with a header, in an order that its rows alone decide.

    Returns the files. Raises OSError when one cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name in view_names(client):
        path = folder / f"{name}.csv"
        path.write_bytes(client.raw_query(f"SELECT * FROM {name} ORDER BY ALL", fmt="CSVWithNames"))  # noqa: S608
        written.append(path)
    return written
