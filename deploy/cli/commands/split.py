"""`winback split`: cut an identifier off again."""

from __future__ import annotations

import time

import typer

from deploy import console
from deploy.cli import config, running
from deploy.cli.commands.options import Json, Person, Timeout, Wait, Yes
from deploy.errors import UnavailableError


def split(person: Person, *, yes: Yes = False, json: Json = False, timeout: Timeout = 60.0, wait: Wait = 10.0) -> None:
    """Cut an identifier off: the customers are then those that there would be had nothing ever been linked with it."""
    from deploy.operate.person import asking, lookup, naming, patient, receipts, showing, splitting

    settings = config.load()
    named = naming.named(person, settings)
    console.can_ask(yes=yes)
    with lookup.opened(settings, named, wait=wait) as (client, found):
        if not json:
            title = f"To be cut: {named.shown} of profile {found.profile_id}, and what came by it"
            console.show(showing.identifier_table(splitting.cut(found), title))
        console.sure(f"Cut {named.shown} off?", yes=yes)
        deadline, now = patient.Deadline(timeout), time.time_ns() // 1_000_000
        answers = running.run(asking.ask(settings, asking.SPLIT, named, now, seconds=timeout))
        if not answers.identify or not answers.identify.found:
            raise UnavailableError(f"{naming.unknown(named)}: no event has ever linked it")
        receipt = splitting.receipt(found, answers, splitting.clusters(client, found, answers, deadline.left))
    if json:
        console.data(receipt)
    else:
        console.show(*receipts.split(receipt))


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(split)
