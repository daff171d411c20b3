"""`winback backtest`: other campaigns over real history, before a customer gets a message of theirs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploy import console
from deploy.cli import config
from deploy.cli.commands.options import Json, day
from deploy.errors import BadInputError

Files = Annotated[
    list[str] | None, typer.Argument(metavar="FILE...", help="Input lines; .gz is unpacked, - is standard input.")
]
Campaigns = Annotated[Path, typer.Option("--campaigns", metavar="NEW.yaml", help="The campaigns file to test.")]
Against = Annotated[
    Path | None,
    typer.Option("--against", metavar="CURRENT.yaml", help="The one in force; WINBACK_CAMPAIGNS, else the built-in."),
]
Stored = Annotated[
    tuple[str, str] | None,
    typer.Option(
        "--from-clickhouse",
        metavar="SINCE UNTIL",
        help="The events of ClickHouse; decisions of these days of the shop.",
    ),
]
History = Annotated[
    int | None,
    typer.Option("--history", metavar="DAYS", min=0, help="Days before SINCE that are read as well; all by default."),
]
Operators = Annotated[
    Path | None,
    typer.Option(
        "--operators",
        metavar="DIR",
        help="What operators did meanwhile: identity.merges.jsonl, contact.suppressions.jsonl.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Write the decisions, messages and changes, row by row, to files here."),
]


def backtest(
    files: Files = None, *, campaigns: Campaigns, against: Against = None, from_clickhouse: Stored = None,
    history: History = None, operators: Operators = None, out: Out = None, json: Json = False,
) -> None:  # fmt: skip
    """Say what other campaigns would have decided over real history, and what that changes."""
    if bool(files) == (from_clickhouse is not None):
        raise BadInputError("name input files, or --from-clickhouse SINCE UNTIL" + (", not both" if files else ""))
    if history is not None and from_clickhouse is None:
        raise BadInputError("--history goes with --from-clickhouse")
    if operators is not None and from_clickhouse is not None:
        raise BadInputError("--operators goes with files: ClickHouse holds what operators did")
    from deploy.backtest import running
    from deploy.cli.backtest_tables import render
    from deploy.stack import outputs

    settings = config.load(clock="event")
    asked = running.Asked(campaigns, against or settings.campaigns)
    running.checked(asked)
    outputs.make_folder(out)
    if from_clickhouse is not None:
        since, until = from_clickhouse
        days = running.Days(day(since, "SINCE"), day(until, "UNTIL"), history)
        found = running.history(asked, days, settings, out)
    else:
        found = running.files(asked, files or (), settings, out, operators)
    if json:
        console.data(found)
    else:
        console.show(*render(found))


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(backtest)
