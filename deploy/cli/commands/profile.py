"""`winback profile`: everything known of one customer."""

from __future__ import annotations

from typing import Annotated

import typer

from deploy import console
from deploy.cli import config
from deploy.cli.commands.options import Json, Person, Wait
from deploy.errors import UnavailableError

Limit = Annotated[int, typer.Option("--limit", metavar="N", min=1, help="Entries of the timeline, the newest ones.")]


def profile(person: Person, *, json: Json = False, limit: Limit = 50, wait: Wait = 10.0) -> None:
    """Print a customer's identifiers, merges and refused links, and the timeline with each decision explained."""
    from deploy.operate.person import explanations, identifiers, lookup, tables, timeline

    settings = config.load()
    identifier = identifiers.parse(person, settings)
    with lookup.opened(settings, identifier, wait=wait) as (client, found):
        if not found.known:
            raise UnavailableError(identifiers.unknown(identifier))
        entries = explanations.explained(timeline.timeline(client, found, limit), explanations.sent_to(client, found))
        shown = tables.described(found, entries)
    if json:
        console.data(shown)
    else:
        console.show(*tables.render(shown))


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(profile)
