"""Options that several commands share, each defined once."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from deploy.errors import BadInputError


class Clock(StrEnum):
    """What moves time."""

    wall = "wall"
    event = "event"


Files = Annotated[
    list[str], typer.Argument(metavar="FILE...", help="Input lines; .gz is unpacked, - is standard input.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else, on standard output.")]
Out = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Write each topic and view to a file here.")]
Person = Annotated[
    str,
    typer.Argument(metavar="TYPE:VALUE", help="Any identifier, as events give it, such as email:anna@example.com."),
]
Timeout = Annotated[
    float, typer.Option("--timeout", metavar="SECONDS", min=1, help="How long to wait for the answers of the workers.")
]
Wait = Annotated[
    float,
    typer.Option("--wait", metavar="SECONDS", min=0, help="How long to try again while the server does not answer."),
]
Workers = Annotated[int, typer.Option("--workers", metavar="N", min=1, max=32, help="Stream worker processes.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]


def day(text: str, option: str) -> date:
    """The day that a `text` given for an `option` names, as YYYY-MM-DD. Raises BadInputError."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInputError(f"{option} {text!r} is no day such as 2026-10-01") from None
