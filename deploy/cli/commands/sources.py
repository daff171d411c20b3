"""`winback sources`: which source holds time, and which ones time does not wait for."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from deploy import console
from deploy.cli import config, running
from deploy.cli.commands.options import Json, Timeout

Source = Annotated[
    str,
    typer.Argument(metavar="TOPIC[:PARTITION]", help="Such as channels.store, or channels.store:3 for one partition."),
]

app = typer.Typer(help="Sources of events: how far each is, which one holds time; declare one dead, or live again.")


@app.callback(invoke_without_command=True)
def listed(context: typer.Context, *, json: Json = False, timeout: Timeout = 30.0) -> None:
    """List the sources: how far each is, whether it holds time, whether time waits for it at all."""
    from deploy.operate import sources

    if context.invoked_subcommand is None:
        _show(running.run(sources.ask(config.load(), seconds=timeout)), json=json)


@app.command()
def dead(source: Source, *, json: Json = False, timeout: Timeout = 30.0) -> None:
    """Let time go on without this source. Events that it still brings are late, and cancel what is pending."""
    _change(source, "dead", json=json, timeout=timeout)


@app.command()
def live(source: Source, *, json: Json = False, timeout: Timeout = 30.0) -> None:
    """Let time wait for this source again, from the time that it has reached by now."""
    _change(source, "live", json=json, timeout=timeout)


def _change(source: str, state: Literal["dead", "live"], *, json: bool, timeout: float) -> None:
    from deploy.operate import sources

    settings = config.load()
    named = sources.parse(source, settings)
    found = running.run(sources.change(settings, named, state, seconds=timeout))
    console.note(f"{named} is {state}")
    _show(found, json=json)


def _show(found: dict[str, Any], *, json: bool) -> None:
    from deploy.operate.sources import span

    if json:
        console.data(found)
        return
    rows = [
        (f"{one['topic']}:{one['partition']}", one["state"], one["watermark"], span(one["delay_seconds"]),
         one["position"], "holds time" if one["holds"] else "")
        for one in found["sources"]
    ]  # fmt: skip
    title = f"Time has reached {found['reached'] or 'nothing yet'}"
    columns = ("source", "state", "watermark", "behind", "next offset", "")
    console.show(console.table(title, columns, rows, right=(3, 4)))


def add_to(parent: typer.Typer) -> None:
    """Register the commands."""
    parent.add_typer(app, name="sources")
