"""`winback tail`: what becomes of events, while it happens."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy import console
from deploy.cli import config, running, tail_lines
from deploy.cli.commands.options import Wait
from deploy.errors import BadInputError
from schemas.topics import CHANNELS

if TYPE_CHECKING:
    from deploy.operate.following.join import Join
    from deploy.operate.following.whom import Whom
    from schemas.settings import Settings

Of = Annotated[str | None, typer.Option("--of", metavar="TYPE:VALUE", help="Only of this customer, by any identifier.")]
Channel = Annotated[str | None, typer.Option("--channel", metavar="NAME", help="Only of this channel.")]
Values = Annotated[bool, typer.Option("--values", help="Show identifiers with their values, which are personal data.")]
For = Annotated[
    float | None, typer.Option("--for", metavar="SECONDS", min=0, help="End by itself after so long; else by Ctrl-C.")
]
Lines = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]


def tail(
    *, of: Of = None, channel: Channel = None, values: Values = False, json: Lines = False, seconds: For = None,
    wait: Wait = 10.0,
) -> None:  # fmt: skip
    """Follow events: accepted, late, repeated or dead, what each did, and decisions with the check that decided."""
    settings = config.load()
    if channel is not None and channel not in CHANNELS:
        raise BadInputError(f"--channel {channel}: one of {', '.join(CHANNELS)} is needed")
    whom = _whom(settings, of, channel)

    def show(line: dict[str, Any]) -> None:
        told = tail_lines.lean(line, values=values)
        console.line(tail_lines.as_json(told) if json else tail_lines.as_text(told))

    running.run(_tail(settings, whom, show, seconds=seconds, wait=wait, known=of is not None))


def _whom(settings: Settings, of: str | None, channel: str | None) -> Whom:
    from deploy.operate.following.whom import Whom
    from deploy.operate.person import identifiers
    from deploy.operate.person.raw_topics import Mention
    from schemas.identifiers import Hasher
    from schemas.record import Record

    hasher = Hasher(settings.secret.get_secret_value())
    if of is None:
        return Whom(hasher, channel=channel, asked=None)
    asked = identifiers.parse(of, settings)
    mention = Mention(settings, [asked.hash], [asked.value])

    def mentions(value: bytes) -> bool:
        return mention(Record("", 0, 0, 0, None, value))

    return Whom(hasher, channel=channel, asked=asked.hash, mentions=mentions)


def _join(settings: Settings) -> Join:
    from deploy.operate.following.join import Join
    from schemas.aliases import shop_file
    from schemas.aliases.effects import Effects
    from schemas.reading import reader_of

    effects = Effects(shop_file.load(settings.aliases))

    def does(value: dict[str, Any]) -> tuple[str, str | None]:
        if value["type"] not in ("track", "page", "screen"):
            return "identity", None
        told = effects.told({"name": value["name"] if value["type"] == "track" else value["type"]})
        return told["does"], told["nearest"]

    return Join(reader_of(settings), settings.partitions, does)


async def _tail(settings: Settings, whom: Whom, show: Any, *, seconds: float | None, wait: float, known: bool) -> None:
    from deploy.operate.following import reading

    await reading.checked(settings, wait=wait)
    if known:
        await reading.known(settings, whom)
    began = asyncio.Event()

    async def follow() -> None:
        async for line in reading.follow(settings, _join(settings), whom, began):
            show(line)

    async def say() -> None:
        await began.wait()
        console.note("following; Ctrl-C ends it")

    saying = asyncio.create_task(say())
    try:
        with suppress(TimeoutError):
            await asyncio.wait_for(follow(), seconds)
    finally:
        saying.cancel()


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(tail)
