"""`winback attribution`: what each channel is credited with, under one model."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from deploy import console
from deploy.cli import config
from deploy.cli.commands.options import Json, Wait, day
from deploy.errors import BadInputError


class Model(StrEnum):
    """The models, by name."""

    first = "first"
    last = "last"
    last_non_direct = "last_non_direct"
    linear = "linear"
    time_decay = "time_decay"
    position = "position"
    markov = "markov"
    markov_1 = "markov-1"
    markov_2 = "markov-2"
    markov_3 = "markov-3"
    shapley = "shapley"
    shapley_rate = "shapley-rate"


class By(StrEnum):
    """What shares are of."""

    conversions = "conversions"
    revenue = "revenue"


First = Annotated[str | None, typer.Option("--from", metavar="DAY", help="First day of the orders, as 2026-10-01.")]
Last = Annotated[str | None, typer.Option("--to", metavar="DAY", help="Last day of the orders.")]
Lookback = Annotated[
    int | None,
    typer.Option("--lookback", metavar="DAYS", min=1, max=3650, help="Count touches of so long before an order."),
]
HalfLife = Annotated[
    int | None,
    typer.Option("--half-life", metavar="DAYS", min=1, max=365, help="Of time_decay: a touch counts half after it."),
]
Chosen = Annotated[Model, typer.Option("--model", help="The rule, or the model over all journeys.")]
Shares = Annotated[By, typer.Option("--by", help="What shares and removal effects are of, and the order of rows.")]


def attribution(
    model: Chosen, *, first: First = None, last: Last = None, lookback: Lookback = None, half_life: HalfLife = None,
    by: Shares = By.conversions, json: Json = False, wait: Wait = 10.0,
) -> None:  # fmt: skip
    """Compute what each channel is credited with, show it, and keep it for v_attribution."""
    from deploy.operate.attribution import Question, answer

    if half_life is not None and model is not Model.time_decay:
        raise BadInputError(f"--half-life is of --model time_decay; {model} has none")
    name = Model.markov if model is Model.markov_1 else model
    days = (
        None if first is None else day(first, "--from"),
        None if last is None else day(last, "--to"),
    )
    asked = Question(name, *days, lookback, half_life, by)
    found = answer(config.load(), asked, wait=wait)
    if json:
        console.data(found)
        return
    journeys = found["journeys"]
    title = f"{name}: {journeys['converted']:,} journeys to an order, {journeys['not_converted']:,} to none"
    columns = ("channel", "conversions", "revenue", "currency", f"share of {by}", "removal effect")
    rows = [
        (
            row["channel"], f"{row['conversions']:,.2f}", f"{row['revenue']:,.2f}", row["currency"] or "-",
            _percent(row["share"]), _percent(row["removal_effect"]),
        )
        for row in found["rows"]
    ]  # fmt: skip
    if model.value.startswith("markov"):
        console.show(console.table(title, columns, rows, right=(1, 2, 4, 5)))
    else:
        console.show(console.table(title, columns[:-1], [row[:-1] for row in rows], right=(1, 2, 4)))


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(attribution)
