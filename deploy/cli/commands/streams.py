"""`winback streams`: one stream worker."""

from __future__ import annotations

import typer

from deploy.cli import config


def streams() -> None:
    """Run one stream worker (ingest, identify, journey) until it is stopped."""
    settings = config.load()
    from streams.worker import run

    raise typer.Exit(run(settings))


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(streams)
