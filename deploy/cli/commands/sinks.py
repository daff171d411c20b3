"""`winback sinks`: the process that writes to ClickHouse."""

from __future__ import annotations

import typer

from deploy.cli import config


def sinks() -> None:
    """Run the ClickHouse sink until it is stopped; embedded, it serves ClickHouse's HTTP interface too."""
    settings = config.load()
    from sinks.clickhouse.service import run

    raise typer.Exit(run(settings))


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(sinks)
