"""`winback replay`: the pure core alone, over some lines."""

from __future__ import annotations

import typer

from deploy import console
from deploy.cli import config
from deploy.cli.commands.options import Files, Json, Out


def replay(files: Files, *, out: Out = None, json: Json = False) -> None:
    """Run the core over the lines without a broker: the outputs of `once --clock event`, in seconds."""
    from deploy.cli import report_tables
    from deploy.stack import lines, memory, outputs

    lines.check(files)
    settings = config.load(clock="event")
    outputs.make_folder(out)
    found = memory.play(files, settings=settings, out=out)
    if json:
        console.data(found)
    else:
        console.show(*report_tables.render(found), width=report_tables.WIDTH)


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(replay)
