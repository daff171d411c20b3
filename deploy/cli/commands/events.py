"""`winback events`: the names of events that came in, and what each does."""

from __future__ import annotations

from typing import Annotated

import typer

from deploy import console
from deploy.cli import config
from deploy.cli.commands.options import Json, Wait


def events(
    *,
    unknown: Annotated[bool, typer.Option("--unknown", help="Only names that look like one that acts.")] = False,
    json: Json = False,
    wait: Wait = 10.0,
) -> None:
    """List the names of events: how often and when they came, what they do, and the nearest name of what is unknown."""
    from deploy.operate import clickhouse, event_names

    settings = config.load()
    client = clickhouse.connect(settings, wait=wait)
    try:
        found = event_names.of(client, settings)
    finally:
        client.close()
    if unknown:
        found = event_names.unknown(found)
    if json:
        console.data(found)
        return
    rows = [
        (row["name"], row["original_name"], f"{row['events']:,}", row["first_seen"], row["last_seen"], row["does"],
         row["nearest"] and row["nearest"] + (" (with its source)" if row["needs_source"] else ""))
        for row in found
    ]  # fmt: skip
    columns = ("name", "called", "events", "first seen", "last seen", "does", "resembles")
    console.show(console.table(f"{len(found):,} names of events", columns, rows, right=(2,)))


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(events)
