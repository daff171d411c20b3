"""`winback report`: the numbers, without opening ClickHouse."""

from __future__ import annotations

import typer

from deploy.local import config, console
from deploy.local.commands.options import Json, Wait


def report(*, json: Json = False, wait: Wait = 10.0) -> None:
    """Print what happened: events, profiles, carts, messages, decisions, revenue."""
    from deploy.local import clickhouse
    from deploy.local.reporting import render

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
