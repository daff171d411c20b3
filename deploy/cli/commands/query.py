"""`winback query`: one SQL statement."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from deploy import console
from deploy.cli import config
from deploy.cli.commands.options import Json, Wait
from deploy.errors import BadInputError

Form = Annotated[
    str | None, typer.Option("--format", metavar="FORMAT", help="A format of ClickHouse's, such as CSVWithNames.")
]
_FORMAT = re.compile(r"\sFORMAT\s+(\w+)((?:\s+SETTINGS\s[^;'\"]*)?)\s*;?\s*$", re.IGNORECASE)


def query(
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One statement that reads.")],
    *, json: Json = False, form: Form = None, wait: Wait = 10.0,
) -> None:  # fmt: skip
    """Run a query on ClickHouse and print its rows: as a table, or in a FORMAT of ClickHouse's."""
    from clickhouse_connect.driver.exceptions import DatabaseError

    from deploy.operate import clickhouse
    from sinks.clickhouse.view_days import without_days

    sql, named = formatted(sql)
    if json and (form or named):
        raise BadInputError("--json and a FORMAT exclude each other")
    if form and named and form != named:
        raise BadInputError(f"--format {form}: the query asks for FORMAT {named}")
    wanted = form or named
    client = clickhouse.connect(config.load(), wait=wait)
    try:
        if wanted is not None:
            out = console.output()
            out.write(client.raw_query(sql, fmt=wanted))
            out.flush()
            return
        found = client.query(sql)
    except DatabaseError as problem:
        raise BadInputError(without_days(sql) or " ".join(str(problem).split())[:500]) from None
    finally:
        client.close()
    if json:
        console.data([dict(zip(found.column_names, row, strict=True)) for row in found.result_rows])
    else:
        console.show(console.table(f"{len(found.result_rows):,} rows", found.column_names, found.result_rows))


def formatted(sql: str) -> tuple[str, str | None]:
    """The statement `sql` without its FORMAT, and that; None where it names none."""
    found = _FORMAT.search(sql)
    return (sql, None) if found is None else (sql[: found.start()] + found[2], found[1])


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(query)
