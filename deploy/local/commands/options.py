"""Options that several commands share, each defined once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Clock(StrEnum):
    """What moves time."""

    wall = "wall"
    event = "event"


Files = Annotated[
    list[str], typer.Argument(metavar="FILE...", help="Input lines; .gz is unpacked, - is standard input.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else, on standard output.")]
Out = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Write each topic and view to a file here.")]
Wait = Annotated[
    float,
    typer.Option("--wait", metavar="SECONDS", min=0, help="How long to try again while the server does not answer."),
]
Workers = Annotated[int, typer.Option("--workers", metavar="N", min=1, max=32, help="Stream worker processes.")]
