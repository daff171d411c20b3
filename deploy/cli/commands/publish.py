"""`winback publish`: lines to Kafka."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy import console
from deploy.cli import config, running
from deploy.cli.commands.options import Clock, Files, Json, Wait
from deploy.errors import BadInputError, UnavailableError
from deploy.operate import broker
from schemas.topics import CHANNEL_TOPICS, MAX_RECORD_BYTES, catalog

if TYPE_CHECKING:
    from deploy.stack.lines import Line
    from deploy.stack.publishing import Done
    from schemas.settings import Settings

Rate = Annotated[
    float, typer.Option("--rate", metavar="N", min=0, help="Lines a second at most; 0 is as fast as it goes.")
]

Clocked = Annotated[
    Clock | None,
    typer.Option("--clock", help="event: a line without a timestamp gets the time in its value, not the present."),
]


def publish(
    files: Files, *, rate: Rate = 0, clock: Clocked = None,
    json: Json = False, wait: Wait = 10.0,
) -> None:  # fmt: skip
    """Publish input lines to Kafka."""
    from deploy.stack import lines

    given: dict[str, Any] = {} if clock is None else {"clock": clock.value}
    settings = config.load(**given)
    lines.check(files)
    chunks = lines.read(files, settings.partitions, event_clock=settings.clock == "event", most=MAX_RECORD_BYTES)
    records, size = published(settings, chunks, rate=rate, wait=wait)
    if json:
        console.data({"records": records, "bytes": size})
    else:
        console.note(f"published {records:,} records ({size / 1e6:,.1f} MB) to {settings.kafka}")


def published(settings: Settings, chunks: Iterator[list[Line]], *, rate: float, wait: float) -> tuple[int, int]:
    """Publish lines, `rate` a second at most (0: no limit), to a broker that is waited for `wait` seconds.

    Returns records and bytes. An error that ends it early says how many records were acknowledged.
    """
    from deploy.stack.publishing import Done

    done = Done()
    try:
        return running.run(_publish(settings, chunks, done, rate=rate, wait=wait))
    except (BadInputError, UnavailableError, running.StoppedError) as problem:
        problem.args = (f"{problem}; {done}",)
        raise


async def _publish(
    settings: Settings, chunks: Iterator[list[Line]], done: Done, *, rate: float, wait: float
) -> tuple[int, int]:
    """Publish lines with progress shown, to a broker whose topics have been checked."""
    from deploy.stack import publishing

    async with broker.admin(settings, wait=wait) as client:
        have = await broker.partition_counts(client)
    broker.complain(have, [t for t in catalog(settings.partitions) if t.name in CHANNEL_TOPICS])
    with console.progress() as shown:
        task = shown.add_task("publish", total=None)

        def report(count: int) -> None:
            shown.update(task, completed=count)

        return await publishing.publish(settings, chunks, rate=rate, report=report, done=done)


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(publish)
