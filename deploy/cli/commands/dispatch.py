"""`winback dispatch`: the process that delivers messages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploy.cli import config

Channels = Annotated[
    list[str] | None,
    typer.Option(
        "--channel",
        metavar="CHANNEL",
        help="Only this channel, or audiences; may be repeated. Default: all with an address.",
    ),
]
DryRun = Annotated[
    Path | None,
    typer.Option("--dry-run", metavar="DIR", help="Write messages to files here; send and record nothing."),
]


def dispatch(channel: Channels = None, dry_run: DryRun = None) -> None:
    """Deliver messages by SMTP and webhooks, and tell ad platforms of audiences, until it is stopped.

    WINBACK_DISPATCH_* name the servers.
    """
    settings = config.load()
    from sinks.dispatch.service import run

    raise typer.Exit(run(settings, chosen=tuple(channel or ()), folder=dry_run))


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(dispatch)
