"""A database that nobody writes to any more, made quick to read: what views are built on becomes tables.

Each view for analysts stands on others (migrate.BASES), which follow merges anew each time they are named, a dozen
times in one statement. Where nothing changes any more, as at the end of `winback once`, they are read once instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sinks.clickhouse.migrate import BASES

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

PARTS: Final = tuple(name.removesuffix(".sql") for name in BASES if not name.startswith("v_"))


def freeze(client: Client) -> None:
    """Put a table with the same rows in the place of each view that others are built on; those for analysts stay views.

    `client`: one that may write. `migrate` would put the views back, so the database is not to be used again. Raises
    what the client raises.
    """
    for name in PARTS:
        made = f"CREATE TABLE frozen_{name} ENGINE = MergeTree ORDER BY tuple() AS SELECT * FROM {name}"  # noqa: S608
        client.command(made)
        client.command(f"DROP VIEW {name}")
        client.command(f"RENAME TABLE frozen_{name} TO {name}")
