"""What people see: progress and notes go to standard error, tables and data to standard output."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress
    from rich.table import Table

Report = Callable[[int], None]
"""Takes how much of some long work is done."""


def note(text: str) -> None:
    """One line on standard error."""
    print(text, file=sys.stderr, flush=True)


def data(value: Any) -> None:
    """One JSON value on standard output, indented, and nothing else."""
    import orjson

    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS
    sys.stdout.buffer.write(orjson.dumps(value, option=options, default=_plain))
    sys.stdout.buffer.flush()


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else str(value)


@contextmanager
def progress() -> Iterator[Progress]:
    """A rich progress display on standard error; gone when done, and silent without a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        yield shown


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, right: Sequence[int] = ()) -> Table:
    """A rich table; numbers, and the columns named by `right`, to the right."""
    from rich import box
    from rich.table import Table

    rows = [tuple(row) for row in rows]
    shown = Table(
        title=title or None, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False,
        show_header=any(columns), min_width=len(title),
    )  # fmt: skip
    for at, name in enumerate(columns):
        numeric = at in right or (bool(rows) and all(isinstance(row[at], int | float | None) for row in rows))
        shown.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(text(cell) for cell in row))
    return shown


def show(*renderables: Any) -> None:
    """Tables and text on standard output."""
    from rich.console import Console

    console = Console(highlight=False) if sys.stdout.isatty() else Console(highlight=False, width=120)
    for renderable in renderables:
        console.print(renderable)


def text(cell: Any) -> str:
    """A cell as a person reads it: thousands apart, money to the cent, None as a dash."""
    if cell is None:
        return "-"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return f"{cell:,}"
    if isinstance(cell, float | Decimal):
        return f"{cell:,.2f}" if abs(cell) >= 1 else f"{cell:,.4f}".rstrip("0").rstrip(".") or "0"
    return str(cell)
