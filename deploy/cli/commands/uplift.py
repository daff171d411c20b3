"""`winback uplift`: what each campaign caused, told from customers who were held out."""

from __future__ import annotations

from datetime import date
from itertools import groupby
from typing import Annotated, Any, Final

import typer

from deploy import console
from deploy.cli import config
from deploy.cli.commands.options import Json, Wait, day
from deploy.errors import BadInputError

FIRST: Final = date(1970, 1, 1)
LAST: Final = date(2149, 6, 6)
"""The days that ClickHouse has."""
NOTE: Final = """\
Each customer counts once a campaign, by the arm drawn at the first decision.
More and less are proven effects. The interval (95 %) holds at every look.
--json has the rest: lift, CUPED, p-values, the least effect to be found.
How to read it, and when to stop: docs/uplift.md"""


def uplift(
    *,
    campaign: Annotated[str, typer.Option("--campaign", metavar="ID", help="This campaign alone.")] = "",
    first: Annotated[str, typer.Option("--from", metavar="DAY", help="First decisions since then, YYYY-MM-DD.")] = "",
    last: Annotated[str, typer.Option("--to", metavar="DAY", help="First decisions until then, included.")] = "",
    json: Json = False,
    wait: Wait = 10.0,
) -> None:
    """Compare customers whom a campaign wrote to with those it left alone by lot: orders, net revenue, margin."""
    from deploy.operate import clickhouse
    from deploy.operate.uplift import uplift as measured

    days = _day(first, "--from", FIRST), _day(last, "--to", LAST)
    if days[0] > days[1]:
        raise BadInputError(f"--from {days[0]} is after --to {days[1]}")
    settings = config.load()
    client = clickhouse.connect(settings, wait=wait)
    try:
        clickhouse.state(client)
        # All campaigns, as the verdict on each allows for the number of them.
        rows = measured(client, *days, settings.timezone)
    finally:
        client.close()
    if campaign:
        known = sorted({row["campaign_id"] for row in rows})
        rows = [row for row in rows if row["campaign_id"] == campaign]
        if not rows:
            raise BadInputError(f"no decision of campaign {campaign!r} on these days; of: {', '.join(known) or 'none'}")
    if json:
        console.data(rows)
    elif not rows:
        console.line("No campaign has decided about anybody on these days.")
    else:
        console.show(*(_shown(name, list(of)) for name, of in groupby(rows, key=lambda row: row["campaign_id"])))
        console.line(NOTE)


def _day(text: str, option: str, default: date) -> date:
    return min(max(day(text, option), FIRST), LAST) if text else default


def _shown(campaign_id: str, rows: list[dict[str, Any]]) -> Any:
    head, ratio = rows[0], rows[0]["sample_ratio"]
    title = f"{campaign_id}: {head['treatment_customers']:,} treated, {head['control_customers']:,} held out"
    if ratio is not None:
        title += f" ({ratio['expected']:,.1f} expected)"
    for name in ("contaminated", "apart"):
        if head[name]:
            title += f", {head[name]:,} {name}"
    if ratio is not None and ratio["alarm"]:
        title += f"\nALARM: chance does not explain the sizes of the arms (p {ratio['p_value']:.1g}); trust none of it"
    columns = ("a customer", "treated", "held out", "difference", "interval", "verdict")
    return console.table(title, columns, [
        (
            f"{row['metric']} {row['currency']}".strip(), _mean(row, "treatment_mean"), _mean(row, "control_mean"),
            row["difference"] and _number(row["difference"]["estimate"], row), _interval(row), row["verdict"],
        )
        for row in rows
    ], right=(1, 2, 3, 4))  # fmt: skip


def _mean(row: dict[str, Any], name: str) -> str | None:
    return None if row[name] is None else _number(row[name], row).removeprefix("+")


def _interval(row: dict[str, Any]) -> str | None:
    found = row["difference"]
    return found and f"{_number(found['always_low'], row)} to {_number(found['always_high'], row)}"


def _number(value: float, row: dict[str, Any]) -> str:
    """Of conversion in points of a hundred customers, of money to the cent."""
    return f"{value * 100:+.1f} %" if row["metric"] == "conversion" else f"{value:+,.2f}"


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(uplift)
