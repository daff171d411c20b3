"""`winback collect`: the process that takes events, callbacks and webhooks over HTTP."""

from __future__ import annotations

import typer

from deploy.cli import config


def collect() -> None:
    """Take events of SDKs, callbacks of providers and webhooks of shops over HTTP into Kafka, until it is stopped.

    WINBACK_COLLECT says where (127.0.0.1:8090 when unset), WINBACK_COLLECT_KEYS names the file of write keys,
    WINBACK_CALLBACKS that of callbacks.
    """
    settings = config.load()
    from collector.service import run
    from deploy.operate.http_in import asked_for

    raise typer.Exit(run(settings, asked_for(settings)))


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(collect)
