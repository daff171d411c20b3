"""`winback doctor`: whether all that the stack needs is there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploy import console
from deploy.cli import config, running
from deploy.cli.commands.options import Json

Wait = Annotated[float, typer.Option("--wait", metavar="SECONDS", min=0, help="How long to wait for each server.")]


Folder = Annotated[Path, typer.Option("--dir", metavar="D", help="The folder of a stack of `winback up`.")]


def doctor(*, json: Json = False, wait: Wait = 2.0, folder: Folder = Path(".winback")) -> None:
    """Check settings, Kafka, topics, ClickHouse, campaigns, folders and what runs; exit 1 if something is wrong."""
    from deploy.operate import checks

    settings = config.load(unknown=True)
    found = running.run(checks.all_of(settings, folder, wait=wait))
    shown = checks.settings_shown(settings)
    if json:
        console.data({"settings": shown, "checks": [check._asdict() for check in found]})
    else:
        console.show(console.table("Settings", ("variable", "value"), shown.items()))
        rows = [("ok" if check.ok else "PROBLEM", check.what, check.detail) for check in found]
        console.show(console.table("Checks", ("", "what", "detail"), rows))
    raise typer.Exit(0 if all(check.ok for check in found) else 1)


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(doctor)
