"""`winback publish`: lines to Kafka."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from deploy import console
from deploy.cli import config, running
from deploy.cli.commands.options import Clock, Files, Json, Wait
from deploy.operate import broker
from schemas.topics import CHANNEL_TOPICS

if TYPE_CHECKING:
    from deploy.stack.lines import Line
    from schemas.settings import Settings

Rate = Annotated[
    float, typer.Option("--rate", metavar="N", min=0, help="Lines a second at most; 0 is as fast as it goes.")
]

Clocked = Annotated[Clock | None, typer.Option("--clock", help="event: a line without timestamp takes its value's.")]


def publish(
    files: Files, *, rate: Rate = 0, clock: Clocked = None,
    json: Json = False, wait: Wait = 10.0,
) -> None:  # fmt: skip
    """Publish input lines to Kafka."""
    from deploy.stack import lines

    settings = config.load(**({} if clock is None else {"clock": clock.value}))
    lines.check(files)
    chunks = lines.read(files, settings.partitions, event_clock=settings.clock == "event")
    records, size = running.run(publish_all(settings, chunks, rate=rate, wait=wait))
    if json:
        console.data({"records": records, "bytes": size})
    else:
        console.note(f"published {records:,} records ({size / 1e6:,.1f} MB) to {settings.kafka}")


async def publish_all(settings: Settings, chunks: Iterator[list[Line]], *, rate: float, wait: float) -> tuple[int, int]:
    """Publish lines with progress shown, to a broker whose topics have been checked. Returns records and bytes."""
    from deploy.stack import publishing

    async with broker.admin(settings, wait=wait) as client:
        have = await broker.partition_counts(client)
    broker.complain(have, [t for t in broker.catalog(settings.partitions) if t.name in CHANNEL_TOPICS])
    with console.progress() as shown:
        task = shown.add_task("publish", total=None)
        return await publishing.publish(settings, chunks, rate=rate, report=lambda n: shown.update(task, completed=n))


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(publish)
