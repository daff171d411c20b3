"""`winback split`: cut an identifier off again."""

from __future__ import annotations

import time

import typer

from deploy import console
from deploy.cli import config, running
from deploy.cli.commands.options import Json, Person, Timeout, Wait, Yes
from deploy.errors import UnavailableError


def split(person: Person, *, yes: Yes = False, json: Json = False, timeout: Timeout = 60.0, wait: Wait = 10.0) -> None:
    """Cut an identifier off from its customer, as if it had never been linked with any other identifier."""
    from deploy.operate.person import identifiers, lookup, receipts, requests, splits, tables, waiting

    settings = config.load()
    identifier = identifiers.parse(person, settings)
    console.can_ask(yes=yes)
    with lookup.opened(settings, identifier, wait=wait) as (client, found):
        if not json:
            title = f"To be cut: {identifier.shown} of profile {found.profile_id}, and what came by it"
            console.show(tables.identifier_table(splits.cut(found), title))
        console.sure(f"Cut {identifier.shown} off?", yes=yes)
        deadline, now = waiting.Deadline(timeout), time.time_ns() // 1_000_000
        answers = running.run(requests.ask(settings, requests.SPLIT, identifier, now, seconds=timeout))
        if not answers.identify or not answers.identify.found:
            raise UnavailableError(f"{identifiers.unknown(identifier)}: no event has ever linked it")
        receipt = splits.receipt(found, answers, splits.clusters(client, found, answers, deadline.left))
    if json:
        console.data(receipt)
    else:
        console.show(*receipts.split(receipt))


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(split)
