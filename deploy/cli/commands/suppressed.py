"""`winback suppressed`: addresses that nobody is to be written to at, whoever has them."""

from __future__ import annotations

import csv
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy import console
from deploy.cli import config, running
from deploy.cli.commands.options import Json, Timeout
from deploy.errors import BadInputError

if TYPE_CHECKING:
    from schemas.settings import Settings

_FIELDS = ("address_hash", "channel", "topic", "suppressed", "reason", "since")


def suppressed(
    what: Annotated[
        str,
        typer.Argument(
            metavar="TYPE:VALUE|import|export",
            help="An address, such as email:anna@example.com or phone:+49...; or import FILE.csv; or export.",
        ),
    ],
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE.csv", help="A list with the columns channel,address,reason,since."),
    ] = None,
    *, lift: Annotated[bool, typer.Option("--lift", help="The address may be written to again, from now on.")] = False,
    json: Json = False, timeout: Timeout = 60.0,
) -> None:  # fmt: skip
    """Show what is said of an address, whoever has it; lift it; take a list of addresses in, or write all out."""
    settings = config.load()
    if (what == "import") != (file is not None) or (lift and what in ("import", "export")):
        raise BadInputError("one of TYPE:VALUE [--lift], import FILE.csv, or export is needed")
    if file is not None:
        _take_in(settings, file, timeout)
    elif what == "export":
        _write_out(settings)
    else:
        _show(settings, what, lift=lift, json=json, timeout=timeout)


def _take_in(settings: Settings, file: Path, timeout: float) -> None:
    from deploy.operate import suppressions

    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            entries = suppressions.read(lines, file.name, settings, time.time_ns() // 1_000_000)
    except (UnicodeDecodeError, csv.Error) as problem:
        raise BadInputError(f"{file.name} is no CSV file in UTF-8: {problem}") from None
    count = running.run(suppressions.take_in(settings, entries, seconds=timeout))
    console.note(f"{count} addresses are suppressed")


def _write_out(settings: Settings) -> None:
    from deploy.operate import suppressions

    rows = running.run(suppressions.everything(settings))
    out = csv.DictWriter(sys.stdout, _FIELDS, extrasaction="ignore", lineterminator="\n")
    out.writeheader()
    out.writerows(rows)


def _show(settings: Settings, what: str, *, lift: bool, json: bool, timeout: float) -> None:
    from deploy.operate import suppressions

    address = suppressions.parse(what, settings)
    rows = running.run(suppressions.of(settings, address))
    if json:
        console.data({"address": what.partition(":")[0] + ":***", "said": rows})
    else:
        console.show(
            console.table(_title(rows), _FIELDS[1:], [[_shown(row[name]) for name in _FIELDS[1:]] for row in rows])
        )
    if lift:
        now = time.time_ns() // 1_000_000
        count = running.run(suppressions.lift(settings, rows, now, seconds=timeout))
        console.note(f"{count} lifted" if count else "there is nothing to lift")


def _title(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return "Nothing is said of this address"
    return "Suppressed" if any(row["suppressed"] for row in rows) else "Lifted: it may be written to"


def _shown(value: Any) -> Any:
    return "" if value is None else "yes" if value is True else "no" if value is False else value


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(suppressed)
