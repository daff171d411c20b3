"""`winback topics`: make the topics."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from deploy import console
from deploy.cli import config, running
from deploy.cli.commands.options import Json, Wait
from deploy.operate import broker
from schemas.topics import Topic, catalog

if TYPE_CHECKING:
    from schemas.settings import Settings


def topics(*, json: Json = False, wait: Wait = 10.0) -> None:
    """Create the topics that are missing, and check the partition counts of the others."""
    settings = config.load()
    made = running.run(_make(settings, wait))
    if json:
        console.data(
            [{"topic": t.name, "partitions": t.partitions, "key": t.key, "made": t.name in made} for t in _all()]
        )
        return
    rows = [(t.name, t.partitions, t.key, "made" if t.name in made else "there") for t in _all()]
    console.show(console.table(f"Topics at {settings.kafka}", ("topic", "partitions", "key", ""), rows))


def _all() -> tuple[Topic, ...]:
    return catalog(config.load().partitions)


async def _make(settings: Settings, wait: float) -> set[str]:
    async with broker.admin(settings, wait=wait) as client:
        return {t.name for t in await broker.create_topics(client, settings)}


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(topics)
