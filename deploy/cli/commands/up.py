"""`winback up`: the whole stack on this machine."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy import console
from deploy.cli import config, running
from deploy.cli.commands.options import Workers
from deploy.errors import BadInputError

if TYPE_CHECKING:
    from deploy.stack import applied_campaigns, stack
    from schemas.settings import Settings

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
    kafka_port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port of the broker; 9092.")] = None,
    http_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port of ClickHouse's HTTP interface; that of WINBACK_HTTP.")
    ] = None,
    metrics_port: Annotated[
        int | None, typer.Option(min=1, max=65000, help="First port of the metrics; that of WINBACK_METRICS.")
    ] = None,
    kafka: Kafka = None,
    collect: Annotated[
        bool, typer.Option("--collect", help="Take events over HTTP as well, at WINBACK_COLLECT (127.0.0.1:8090).")
    ] = False,
) -> None:  # fmt: skip
    """Run the whole stack here: broker, workers, sinks, ClickHouse, page. Ctrl-C stops it; the folder keeps all."""
    from deploy import ports
    from deploy.operate import campaigns
    from deploy.stack import applied_campaigns, brokers, listening, stack
    from sinks.clickhouse.embedded import checked

    brokers.checked(kafka)
    # The children read the same variables: better told here, in one line.
    settings = config.load()
    found = campaigns.load(settings.campaigns)
    at = listening.where(settings, kafka=kafka, kafka_port=kafka_port, http_port=http_port, metrics_port=metrics_port)
    try:
        checked(settings)
    except ValueError as wrong:
        raise BadInputError(str(wrong)) from None
    taking = _collector(settings, asked=collect)
    processes = workers + 1 + settings.dispatch + bool(taking)
    metrics = () if at.metrics is None else tuple(at.metrics[1] + n for n in range(processes))
    if at.kafka in (None, brokers.APACHE):
        ports.require(at.kafka_port, "Kafka", "--kafka-port, or use the broker there with --kafka HOST:PORT")
    ports.require(at.http[1], "ClickHouse HTTP", "--http-port", host=at.http[0])
    for port in metrics:
        ports.require(port, "metrics", "--metrics-port", host=at.metrics[0] if at.metrics else ports.HOST)
    page = _page(settings)
    applied = applied_campaigns.AppliedCampaigns(folder.resolve())
    applied.begin(found)
    plan = stack.Plan(
        folder.resolve(), workers, at.kafka_port, at.http[1], metrics, kafka=at.kafka, dispatch=settings.dispatch,
        env={"WINBACK_CAMPAIGNS": str(applied.file)}, http_host=at.http[0],
        metrics_host=at.metrics[0] if at.metrics else ports.HOST, page=page, collect=taking,
    )  # fmt: skip
    try:
        running.run(_up(plan, settings.campaigns, applied))
    except running.StoppedError:
        console.note("stopped; the state stays in " + str(folder))


def _page(settings: Settings) -> str:
    """The address of the live page, as WINBACK_PAGE says; empty for none. Raises BadInputError, UnavailableError.

    Where nobody has chosen it and it is taken, as by another stack, a free port is.
    """
    from deploy import ports
    from deploy.errors import BadInputError
    from deploy.page import access

    if not settings.page:
        return ""
    try:
        host, port = access.checked(settings)
    except ValueError as wrong:
        raise BadInputError(str(wrong)) from None
    if "page" not in settings.model_fields_set and ports.answers(port):
        return f"{host}:{ports.free(1)[0]}"
    if host == ports.HOST:
        ports.require(port, "the live page", "WINBACK_PAGE")
    return settings.page


def _collector(settings: Settings, *, asked: bool) -> str:
    """host:port of the collector to run, empty for none. Raises BadInputError: better told here, in one line."""
    from deploy import ports
    from deploy.errors import BadInputError

    if not (asked or settings.collect):
        return ""
    from collector import service
    from deploy.operate import http_in

    try:
        host, port, _ = service.checked(settings, http_in.asked_for(settings))
    except ValueError as wrong:
        raise BadInputError(str(wrong)) from None
    ports.require(port, "the collector", "WINBACK_COLLECT")
    return f"{host}:{port}"


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
