"""`winback report`: the numbers, without opening ClickHouse."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from deploy import console
from deploy.cli import config
from deploy.cli.commands.options import Json, Wait
from deploy.errors import BadInputError
from infra import files

Html = Annotated[
    Path | None, typer.Option("--html", metavar="FILE", help="Write one page about a month; - is standard output.")
]
Month = Annotated[
    str | None,
    typer.Option(metavar="YYYY-MM", help="The page's month; by default the last that the data go through to its end."),
]


def report(*, html: Html = None, month: Month = None, json: Json = False, wait: Wait = 10.0) -> None:
    """Print what happened: events, profiles, carts, messages, decisions, revenue. Or write a month as a page."""
    if html is not None:
        if json:
            raise BadInputError("--html and --json: give one of them")
        _page(html, month, wait)
        return
    if month is not None:
        raise BadInputError(f"--month {month}: goes with --html FILE")
    from deploy.cli import report_tables
    from deploy.operate import clickhouse

    rows = None if json else report_tables.READ
    found = clickhouse.summary(config.load(), wait=wait, rows=rows, daily=json)
    # How often events came again is a number of one run's input, not of what happened.
    del found["input"]
    if json:
        console.data(found)
    else:
        console.show(*report_tables.render(found), width=report_tables.WIDTH)


def _page(path: Path, month: str | None, wait: float) -> None:
    """Write the page of a month to a file, which is whole or as it was before. Raises BadInputError."""
    from clickhouse_connect.driver.exceptions import DatabaseError

    from deploy.operate import clickhouse
    from deploy.report import months
    from deploy.report.monthly import check_libraries, monthly

    check_libraries()
    asked = None if month is None else months.month(month)
    if path != Path("-") and (path.is_dir() or not os.access(path.parent, os.W_OK)):
        raise BadInputError(f"--html {path}: cannot be written")
    settings = config.load()
    client = clickhouse.connect(settings, wait=wait)
    try:
        page = monthly(client, settings.timezone, asked).encode()
    except DatabaseError as problem:
        raise BadInputError(" ".join(str(problem).split())[:500]) from None
    finally:
        client.close()
    if path == Path("-"):
        console.output().write(page)
        console.output().flush()
        return
    try:
        files.put(path, page)
    except OSError as problem:
        raise BadInputError(f"--html {path}: cannot be written ({problem.strerror})") from None


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(report)
