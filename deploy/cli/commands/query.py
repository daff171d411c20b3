"""`winback query`: one SQL statement."""

from __future__ import annotations

import re
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

    client = clickhouse.connect(config.load(), wait=wait)
    try:
        found = client.query(sql)
    except DatabaseError as problem:
        raise BadInputError(_without_days(sql) or " ".join(str(problem).split())[:500]) from None
    finally:
        client.close()
    if json:
        console.data([dict(zip(found.column_names, row, strict=True)) for row in found.result_rows])
    else:
        console.show(console.table(f"{len(found.result_rows):,} rows", found.column_names, found.result_rows))


def _without_days(sql: str) -> str:
    """What to say of a view over days that is named without them; nothing if the statement has no such view."""
    from sinks.clickhouse.export import over
    from sinks.clickhouse.view_docs import view_docs

    for doc in view_docs():
        if doc.parameters and re.search(rf"\b{doc.name}\b(?!\s*\()", sql):
            called = over(doc.name, "2026-10-01", "2026-10-31")
            return f"{doc.name} is a view over days; name the first and the last: {called}"
    return ""


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(query)
