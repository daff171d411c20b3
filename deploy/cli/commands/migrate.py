"""`winback migrate`: the tables and views of ClickHouse."""

from __future__ import annotations

import typer

from deploy import console
from deploy.cli import config
from deploy.cli.commands.options import Wait
from deploy.errors import UnavailableError


def migrate(*, wait: Wait = 10.0) -> None:
    """Bring ClickHouse's tables and views to this version; running it again changes nothing."""
    from deploy.operate import clickhouse
    from sinks.clickhouse.errors import SchemaError
    from sinks.clickhouse.migrate import migrate as apply

    settings = config.load()
    client = clickhouse.connect(settings, wait=wait, writes=True)
    try:
        applied = apply(client, settings)
    except SchemaError as problem:
        raise UnavailableError(str(problem)) from None
    finally:
        client.close()
    console.note(
        f"ClickHouse at {clickhouse.shown(settings)} is up to date; applied: {', '.join(applied) or 'nothing new'}"
    )


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(migrate)
