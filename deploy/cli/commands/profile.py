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
    from deploy.operate.person import explaining, lookup, naming, showing, timeline

    settings = config.load()
    named = naming.named(person, settings)
    with lookup.opened(settings, named, wait=wait) as (client, found):
        if not found.known:
            raise UnavailableError(naming.unknown(named))
        entries = explaining.explained(timeline.timeline(client, found, limit), explaining.sent_to(client, found))
        shown = showing.described(found, entries)
    if json:
        console.data(shown)
    else:
        console.show(*showing.render(shown))


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(profile)
