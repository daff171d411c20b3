"""`winback offer`: looks up a code that a customer names."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from deploy import console
from deploy.cli import config
from deploy.cli.commands.options import Json, Wait
from deploy.errors import BadInputError, UnavailableError


def offer(
    code: Annotated[str, typer.Argument(metavar="CODE", help="The offer code, in upper or lower case.")],
    *, json: Json = False, wait: Wait = 10.0,
) -> None:  # fmt: skip
    """Print the customer and the campaign of an offer code, until when it is valid, and which order has used it."""
    from collector.api.offers import code_of
    from deploy.operate import clickhouse, offers

    named = code_of(code)
    if not named:
        raise BadInputError("the code is empty")
    client = clickhouse.connect(config.load(), wait=wait)
    try:
        clickhouse.state(client)
        row = offers.find(client, named)
    finally:
        client.close()
    if row is None:
        raise UnavailableError(f"no message has carried the code {named}")
    found = _described(row)
    if json:
        console.data(found)
    else:
        told = {name.replace("_", " "): console.text(value or None) for name, value in found.items()}
        console.show(console.table(f"Offer {named}", ("", ""), told.items()))


def _described(row: dict[str, Any]) -> dict[str, Any]:
    """As JSON values; `state` is what the till needs to know: valid, expired or redeemed."""
    from collector.api.offers import state_of
    from deploy.operate.person.timeline import moment

    state = state_of(row, datetime.now(UTC))
    found = {name: moment(value) if isinstance(value, datetime) else value for name, value in row.items()}
    found["redeemed"] = bool(found["redeemed"])
    return {"code": found.pop("code"), "state": state, **found}


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(offer)
