"""`winback once`: the whole stack in a temporary place, for as long as some lines take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from deploy import console
from deploy.cli import config, running
from deploy.cli.commands.options import Clock, Files, Json, Out, Workers

Folder = Annotated[Path | None, typer.Option("--dir", metavar="D", help="Keep the stack's data and logs here.")]
Kafka = Annotated[str | None, typer.Option(metavar="ADDRESS", help="Use this broker; it must hold no events.")]


def once(
    files: Files, *,
    clock: Annotated[
        Clock | None, typer.Option(help="wall: time passes; event: the events' own times alone count.")
    ] = None,
    out: Out = None, json: Json = False, workers: Workers = 1,
    folder: Folder = None, kafka: Kafka = None,
) -> None:  # fmt: skip
    """Run the whole stack over input lines: start, publish, wait until all is processed, write outputs, report."""
    from deploy.cli import report_tables
    from deploy.stack import lines, outputs, session

    lines.check(files)
    given: dict[str, Any] = {} if clock is None else {"clock": clock.value}
    settings = config.load(**given)
    outputs.make_folder(out)
    found = running.run(session.play(files, settings=settings, workers=workers, out=out, folder=folder, kafka=kafka))
    if json:
        console.data(found)
    else:
        console.show(*report_tables.render(found), width=report_tables.WIDTH)


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(once)
