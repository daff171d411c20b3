"""`winback query`: one SQL statement."""

from __future__ import annotations

from typing import Annotated

import typer

from deploy import console
from deploy.cli import config
from deploy.cli.commands.options import Json, Wait
from deploy.errors import BadInputError


def query(
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One statement that reads.")],
    *, json: Json = False, wait: Wait = 10.0,
) -> None:  # fmt: skip
    """Run a query on ClickHouse and print its rows."""
    from clickhouse_connect.driver.exceptions import DatabaseError

    from deploy.operate import clickhouse
    from sinks.clickhouse.view_days import without_days

    client = clickhouse.connect(config.load(), wait=wait)
    try:
        found = client.query(sql)
    except DatabaseError as problem:
        raise BadInputError(without_days(sql) or " ".join(str(problem).split())[:500]) from None
    finally:
        client.close()
    if json:
        console.data([dict(zip(found.column_names, row, strict=True)) for row in found.result_rows])
    else:
        console.show(console.table(f"{len(found.result_rows):,} rows", found.column_names, found.result_rows))


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(query)
