"""`winback report`: the numbers, without opening ClickHouse."""

from __future__ import annotations

import typer

from deploy import console
from deploy.cli import config
from deploy.cli.commands.options import Json, Wait


def report(*, json: Json = False, wait: Wait = 10.0) -> None:
    """Print what happened: events, profiles, carts, messages, decisions, revenue."""
    from deploy.cli.report_tables import render
    from deploy.operate import clickhouse

    found = clickhouse.summary(config.load(), None, wait=wait)
    # How often events came again is a number of one run's input, not of what happened.
    del found["input"]
    if json:
        console.data(found)
    else:
        console.show(*render(found))


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(report)
