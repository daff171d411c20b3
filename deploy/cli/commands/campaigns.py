"""`winback campaigns`: checks a campaigns file, and applies it to running workers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploy import console
from deploy.cli import config, running
from deploy.cli.commands.options import Json, Timeout
from deploy.operate import campaigns

app = typer.Typer(help="The campaigns file: check it, apply it to the running workers.")

File = Annotated[
    Path | None, typer.Argument(metavar="[FILE]", help="The campaigns file; WINBACK_CAMPAIGNS, else the built-in one.")
]


@app.callback()
def group() -> None:
    """Make `campaigns` a group, so that its commands are in it."""


@app.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The campaigns file.")], *, json: Json = False
) -> None:
    """Check a campaigns file and show every message it can write; exit 2 with what is wrong where."""
    from deploy.cli import previews

    try:
        found, samples = campaigns.checked(file)
    except campaigns.RefusedError as refused:
        if not json:
            raise
        console.data({"file": str(file), "faults": refused.faults})
        raise typer.Exit(refused.code) from None
    if json:
        console.data(previews.described(file, found, samples))
    else:
        console.show(*previews.render(found, samples))
        console.note(f"{file}: {len(found.by_id)} campaigns, {len(found.templates)} templates, all fine")


@app.command()
def apply(file: File = None, *, json: Json = False, timeout: Timeout = 60.0) -> None:
    """Apply a campaigns file to all running workers, from one moment of the stream on, without a restart."""
    from deploy.operate import campaign_switch

    settings = config.load()
    path = file or settings.campaigns
    found, _ = campaigns.checked(path)
    receipts = running.run(campaign_switch.apply(settings, found, seconds=timeout))
    shown = str(path) if path else "the built-in campaigns"
    if json:
        console.data({
            "file": str(path) if path else None, "version": found.version, "request": receipts.request,
            "at": receipts.at, "campaigns": list(found.by_id), "partitions": sorted(receipts.switched),
        })  # fmt: skip
    else:
        console.note(
            f"{shown}: {len(found.by_id)} campaigns, version {found.version}, in force in all {receipts.partitions} "
            f"partitions since {receipts.at}"
        )
