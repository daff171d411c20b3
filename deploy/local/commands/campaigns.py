"""`winback campaigns check`: whether a campaigns file is fit to run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploy.local import campaigns, console

app = typer.Typer(help="The campaigns file.")


@app.callback()
def group() -> None:
    """Make `campaigns` a group, so that `check` is a command in it."""


@app.command()
def check(file: Annotated[Path, typer.Argument(metavar="FILE")]) -> None:
    """Check a campaigns file and its templates; exit 2 with what is wrong where."""
    found = campaigns.load(file)
    console.note(f"{file}: {len(found.by_id)} campaigns, {len(found.templates)} templates, all fine")
