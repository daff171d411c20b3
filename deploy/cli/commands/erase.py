"""`winback erase`: erases a customer everywhere."""

from __future__ import annotations

from typing import Annotated

import typer

from deploy import console
from deploy.cli import config, running
from deploy.cli.commands.options import Json, Person, Timeout, Wait, Yes

Truncate = Annotated[
    bool,
    typer.Option(
        "--truncate-raw",
        help="Also delete ALL raw records that the workers have read, and all dead letters, of every customer.",
    ),
]
Count = Annotated[
    bool, typer.Option("--count/--no-count", help="Read all raw topics to count what still mentions the customer.")
]


def erase(
    person: Person, *, yes: Yes = False, json: Json = False, truncate_raw: Truncate = False, count: Count = True,
    timeout: Timeout = 120.0, wait: Wait = 10.0,
) -> None:  # fmt: skip
    """Erase a customer from state, identity, topics and ClickHouse; print what was removed, and what stays."""
    from deploy.operate.person import erasures, identifiers, lookup, receipts, tables, waiting

    settings = config.load()
    identifier = identifiers.parse(person, settings)
    console.can_ask(yes=yes)
    with lookup.opened(settings, identifier, wait=wait) as (client, found):
        before = erasures.rows(client, found.ids, found.hashes, found.events)
        if not yes:
            console.show(tables.identifier_table(tables.identifiers(found), "The person"))
            everybody = " and ALL raw records that were read, of every customer" if truncate_raw else ""
            console.sure(
                f"Erase profile {found.profile_id}, {len(found.former)} former ids, {sum(before.values()):,} rows"
                f"{everybody}? This cannot be undone", yes=yes,
            )  # fmt: skip
        deadline = waiting.Deadline(timeout)
        with console.progress() as shown:
            task = shown.add_task("raw records read", total=None)
            done = running.run(
                erasures.in_streams(
                    settings, found, truncate=truncate_raw, count=count, seconds=timeout,
                    report=lambda n: shown.update(task, completed=n),
                )
            )  # fmt: skip
        ids = list(dict.fromkeys([*found.ids, *done.answers.profiles]))
        erasures.gone(client, ids, found.hashes, deadline.left)
        receipt = erasures.receipt(found, before, done, lookup.mentions(client, found))
    if json:
        console.data(receipt)
    else:
        console.show(*receipts.erasure(receipt))
    if done.refusal:
        raise typer.Exit(1)


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(erase)
