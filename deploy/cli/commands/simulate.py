"""`winback simulate`: a made-up shop's events."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from deploy import console
from deploy.errors import BadInputError

EVERY = 1000
"""Lines between looks at the progress display."""


def simulate(
    *,
    customers: Annotated[int, typer.Option(min=1, max=1_000_000, help="Customers of the shop.")] = 200,
    days: Annotated[int, typer.Option(min=1, max=3650, help="Days of traffic.")] = 1,
    seed: Annotated[int, typer.Option(help="The same seed gives the same lines.")] = 1,
    truth: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write the ground truth here: who is who, which carts were abandoned."),
    ] = None,
    reaction: Annotated[
        float, typer.Option(min=0, max=1, help="Share of customers who order once more for a message of --messages.")
    ] = 0,
    messages: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="retargeting.messages.jsonl of a replay of the same shop without reaction."),
    ] = None,
    campaign: Annotated[str, typer.Option(metavar="ID", help="React to messages of this campaign alone.")] = "",
) -> None:
    """Print the events of a made-up but consistent shop across all channels, as input lines."""
    from heapq import merge

    import orjson

    from deploy.shop import simulate as make
    from deploy.shop.reaction import reactions

    if bool(reaction) != (messages is not None):
        raise BadInputError("--reaction and --messages FILE go together: to what is reacted, and by how many")
    sent = _sent(messages, campaign) if messages is not None else []
    if truth is not None:
        try:
            truth.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise BadInputError(f"--truth {truth}: cannot be written ({problem.strerror})") from None
    out = console.output()
    with console.progress() as shown:
        task = shown.add_task("events", total=None)
        count = 0
        lines = merge(
            make(customers, days, seed, truth), reactions(sent, reaction, seed), key=lambda line: int(line["timestamp"])
        )
        for count, line in enumerate(lines, 1):
            out.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
            if count % EVERY == 0:
                shown.update(task, completed=count)
        out.flush()
        shown.update(task, completed=count)


def _sent(file: Path, campaign: str) -> list[dict[str, Any]]:
    """The messages of a file, of one campaign if it is named."""
    import orjson

    try:
        made = [orjson.loads(line) for line in file.read_bytes().splitlines() if line]
        found = [one for one in made if campaign in ("", one["campaign_id"])]
    except OSError as problem:
        raise BadInputError(f"--messages {file}: cannot be read ({problem.strerror})") from None
    except (ValueError, KeyError, TypeError):
        raise BadInputError(f"--messages {file}: not a retargeting.messages.jsonl of `winback replay --out`") from None
    if campaign and not found:
        known = ", ".join(sorted({one["campaign_id"] for one in made}))
        raise BadInputError(f"--campaign {campaign}: none of the messages is of it; of: {known or 'none'}")
    return found


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(simulate)
