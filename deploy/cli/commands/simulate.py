"""`winback simulate`: a made-up shop's events."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploy import console
from deploy.errors import BadInputError

EVERY = 1000
"""Lines between looks at the progress display."""


def simulate(
    *,
    customers: Annotated[int, typer.Option(min=1, max=1_000_000, help="Customers of the shop.")] = 200,
    days: Annotated[int, typer.Option(min=1, max=3650, help="Days of traffic.")] = 1,
    seed: Annotated[int, typer.Option(help="The same seed gives the same lines.")] = 1,
    truth: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write the ground truth here: who is who, which carts were abandoned."),
    ] = None,
) -> None:
    """Print the events of a made-up but consistent shop across all channels, as input lines."""
    import orjson

    from deploy.shop import simulate as make

    if truth is not None:
        try:
            truth.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise BadInputError(f"--truth {truth}: cannot be written ({problem.strerror})") from None
    out = console.output()
    with console.progress() as shown:
        task = shown.add_task("events", total=None)
        count = 0
        for count, line in enumerate(make(customers, days, seed, truth), 1):
            out.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
            if count % EVERY == 0:
                shown.update(task, completed=count)
        out.flush()
        shown.update(task, completed=count)


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(simulate)
