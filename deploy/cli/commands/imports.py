"""`winback import`: an order history as events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy import console
from deploy.cli import config
from deploy.cli.commands.options import Json, Wait
from deploy.cli.commands.publish import published
from deploy.errors import BadInputError

Map = Annotated[Path, typer.Option("--map", metavar="MAP.yaml", help="Which column is what.")]
Print = Annotated[bool, typer.Option("--print", help="Print the input lines instead of publishing them.")]


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="The order history; .gz is unpacked.")], *,
    map_: Map, print_: Print = False, json: Json = False, wait: Wait = 10.0,
) -> None:  # fmt: skip
    """Publish each invoice of an order history as one Order Completed or Order Refunded event."""
    from deploy.imports.orders import import_lines

    for path in (file, map_):
        if not path.is_file():
            raise BadInputError(f"{path}: no such file")
    settings = config.load(clock="event")
    tally = Tally()
    try:
        made = tally.over(import_lines(file, map_))
    except ValueError as problem:
        raise BadInputError(str(problem)) from None
    if print_:
        _print(made)
    else:
        from deploy.stack import lines

        published(settings, lines.of_objects(made, settings.partitions), rate=0, wait=wait)
    if json and not print_:
        console.data(tally.numbers())
    else:
        console.note(str(tally))


class Tally:
    """Counts of an import: invoices by kind, customers, invoices without a customer."""

    def __init__(self) -> None:
        self.kinds, self.customers, self.nameless = Counter[str](), set[str](), 0

    def over(self, made: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """The lines `made`, counted as they go by."""
        for line in made:
            properties = line["value"]["properties"]
            self.kinds[properties["kind"]] += 1
            if line["key"] == properties["order_id"]:
                self.nameless += 1
            else:
                self.customers.add(line["key"])
            yield line

    def numbers(self) -> dict[str, Any]:
        """The counts as JSON values."""
        return {
            "invoices": self.kinds.total(),
            "by_kind": dict(self.kinds),
            "customers": len(self.customers),
            "without_customer": self.nameless,
        }

    def __str__(self) -> str:
        kinds = ", ".join(f"{count:,} {kind}s" for kind, count in self.kinds.most_common())
        who = f"{len(self.customers):,} customers, {self.nameless:,} invoices without one"
        return f"{self.kinds.total():,} invoices ({kinds}); {who}"


def _print(lines: Iterable[dict[str, Any]]) -> None:
    import orjson

    out = console.output()
    with console.progress() as shown:
        printing = shown.add_task("print", total=None)
        for line in lines:
            out.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
            shown.advance(printing)
    out.flush()


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("import")(import_)
