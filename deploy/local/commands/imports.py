"""`winback import`: an order history as events."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.local import config, console, running
from deploy.local.commands.options import Json, Wait
from deploy.local.commands.publish import publish_all
from deploy.local.errors import BadInputError

Map = Annotated[Path, typer.Option("--map", metavar="MAP.yaml", help="Which column is what.")]
Print = Annotated[bool, typer.Option("--print", help="Print the input lines instead of publishing them.")]


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="The order history; .gz is unpacked.")], *,
    map_: Map, print_: Print = False, json: Json = False, wait: Wait = 10.0,
) -> None:  # fmt: skip
    """Publish each invoice of an order history as one Order Completed or Order Refunded event."""
    from deploy.local.orders import import_lines

    for path in (file, map_):
        if not path.is_file():
            raise BadInputError(f"{path}: no such file")
    settings = config.load(clock="event")
    counted = Counter[str]()
    made = _counting(import_lines(file, map_), counted)
    if print_:
        _print(made)
    else:
        from deploy.local import lines

        running.run(publish_all(settings, lines.of_objects(made, settings.partitions), rate=0, wait=wait))
    if json and not print_:
        console.data({"events": counted.total(), "by_event": counted})
    else:
        kinds = ", ".join(f"{count:,} {name}" for name, count in sorted(counted.items()))
        console.note(f"{counted.total():,} events: {kinds}")


def _counting(made: Iterable[dict[str, Any]], counted: Counter[str]) -> Iterator[dict[str, Any]]:
    for line in made:
        counted[line["value"]["event"]] += 1
        yield line


def _print(lines: Iterable[dict[str, Any]]) -> None:
    import orjson

    for line in lines:
        sys.stdout.buffer.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
    sys.stdout.buffer.flush()


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("import")(import_)
