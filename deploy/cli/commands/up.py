"""`winback up`: the whole stack on this machine."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy import console
from deploy.cli import config, running
from deploy.cli.commands.options import Workers

if TYPE_CHECKING:
    from deploy.stack import applied_campaigns, stack

Kafka = Annotated[
    str | None,
    typer.Option(
        metavar="apache|ADDRESS",
        help="apache: an Apache Kafka in the folder (needs Java 17); else HOST:PORT of a running broker.",
    ),
]
Folder = Annotated[Path, typer.Option("--dir", metavar="D", help="Where its data and logs are kept.")]


def up(
    folder: Folder = Path(".winback"), workers: Workers = 1,
    kafka_port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the broker.")] = 9092,
    http_port: Annotated[int, typer.Option(min=1, max=65535, help="Port of ClickHouse's HTTP interface.")] = 8123,
    metrics_port: Annotated[int, typer.Option(min=1, max=65000, help="First port of the metrics.")] = 9464,
    kafka: Kafka = None,
) -> None:  # fmt: skip
    """Run the whole stack here: broker, workers, sinks, ClickHouse. Ctrl-C stops it; its state stays in the folder."""
    from deploy import ports
    from deploy.operate import campaigns
    from deploy.stack import applied_campaigns, brokers, stack

    brokers.checked(kafka)
    # The children read the same variables: better told here, in one line.
    settings = config.load()
    found = campaigns.load(settings.campaigns)
    metrics = tuple(range(metrics_port, metrics_port + workers + 1 + settings.dispatch))
    if kafka in (None, brokers.APACHE):
        ports.require(kafka_port, "Kafka", "--kafka-port")
    ports.require(http_port, "ClickHouse HTTP", "--http-port")
    for port in metrics:
        ports.require(port, "metrics", "--metrics-port")
    applied = applied_campaigns.AppliedCampaigns(folder.resolve())
    applied.begin(found)
    plan = stack.Plan(
        folder.resolve(), workers, kafka_port, http_port, metrics, kafka=kafka, dispatch=settings.dispatch,
        env={"WINBACK_CAMPAIGNS": str(applied.file)},
    )  # fmt: skip
    try:
        running.run(_up(plan, settings.campaigns, applied))
    except running.StoppedError:
        console.note("stopped; the state stays in " + str(folder))


async def _up(plan: stack.Plan, campaigns: Path | None, applied: applied_campaigns.AppliedCampaigns) -> None:
    from deploy.stack import brokers, campaign_watch, stack

    async with stack.Stack(plan, say=console.note) as running_stack:
        await running_stack.ready()
        for name, address in running_stack.addresses():
            console.line(f"{name:<20}{address}")
        if plan.kafka is None:
            console.note(brokers.FORGETS)
        console.note("running; Ctrl-C stops it")
        watch = campaign_watch.CampaignWatch(campaigns, applied, running_stack.settings, console.note)
        await running_stack.during(asyncio.ensure_future(watch.run()))


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(up)
