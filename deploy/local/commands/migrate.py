"""`winback migrate`: the tables and views of ClickHouse."""

from __future__ import annotations

import typer

from deploy.local import config, console
from deploy.local.commands.options import Wait


def migrate(*, wait: Wait = 10.0) -> None:
    """Bring ClickHouse's tables and views to this version; running it again changes nothing."""
    from sinks.migrate import migrate as apply

    from deploy.local import clickhouse

    settings = config.load()
    client = clickhouse.connect(settings, wait=wait)
    try:
        apply(client)
    finally:
        client.close()
    console.note(f"ClickHouse at {clickhouse.masked(settings)} is up to date")


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(migrate)
