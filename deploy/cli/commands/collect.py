"""`winback collect`: the process that takes events over HTTP."""

from __future__ import annotations

import typer

from deploy.cli import config


def collect() -> None:
    """Take events of SDKs over HTTP into Kafka, until it is stopped.

    WINBACK_COLLECT says where (127.0.0.1:8090 when unset), WINBACK_COLLECT_KEYS names the file of write keys.
    """
    settings = config.load()
    from collector.service import run

    raise typer.Exit(run(settings))


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(collect)
