"""What people see: progress and notes go to standard error, tables and data to standard output."""

from __future__ import annotations

import errno
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from decimal import Decimal
from threading import Event, Thread
from typing import IO, TYPE_CHECKING, Any, Final

from deploy.errors import BadInputError

if TYPE_CHECKING:
    from rich.progress import Progress
    from rich.table import Table

_CONTROLS: Final = dict.fromkeys((*range(9), *range(11, 32), *range(127, 160)), "\ufffd")

LINE_SECONDS: Final = 60.0
"""Where there is no terminal, progress is told so often, and work that takes less says nothing."""

BLOCKS: Final = " \u258f\u258e\u258d\u258c\u258b\u258a\u2589\u2588"
"""Bars of no to eight eighths of a column."""

Report = Callable[[int], None]
"""Takes how much of some long work is done."""


def note(text: str) -> None:
    """Write `text` as one line to standard error; it is lost when the terminal is closed, as stopping must go on."""
    _line(text, sys.stderr)


def line(text: str) -> None:
    """Write `text` as one line to standard output; it is lost when the terminal is closed."""
    _line(text, sys.stdout)


def _line(text: str, where: IO[str] | None) -> None:
    if where is not None:  # closed from the start: print would take standard output instead
        with suppress(OSError):
            print(text, file=where, flush=True)


def output() -> IO[bytes]:
    """Standard output, for bytes. Raises OSError when the command was started without."""
    if sys.stdout is None:
        raise OSError(errno.EBADF, "standard output is closed")
    return sys.stdout.buffer


def data(value: Any) -> None:
    """Write one JSON value to standard output, indented, and nothing else."""
    import orjson

    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS
    out = output()
    out.write(orjson.dumps(value, option=options, default=_plain))
    out.flush()


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else str(value)


@contextmanager
def progress() -> Iterator[Progress]:
    """Progress of long work on standard error: bars that are gone when it is done; without a terminal, a line at times.

    Raises OSError at its end when the terminal was closed meanwhile.
    """
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
        if console.is_terminal:
            yield shown
            return
        done = Event()
        lines = Thread(target=_say_at_times, args=(shown, done), daemon=True)
        lines.start()
        try:
            yield shown
        finally:
            done.set()
            lines.join()


def _say_at_times(shown: Progress, done: Event) -> None:
    """A line of what is under way every `LINE_SECONDS`, until it is done: logs stay short, and nobody wonders."""
    started = time.monotonic()
    while not done.wait(LINE_SECONDS):
        under_way = [task for task in shown.tasks if not task.finished]
        told = ", ".join(_told(task.description, task.completed, task.total) for task in under_way)
        note(f"winback: {time.monotonic() - started:,.0f} s: {told or 'nearly done'}")


def _told(what: str, completed: float, total: float | None) -> str:
    if not completed:
        return what
    return f"{what} {completed:,.0f}" + (f" of {total:,.0f}" if total is not None and total > completed else "")


def table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, right: Sequence[int] = (), widest: int = 0
) -> Table:
    """A rich table of `rows` under a title; numbers, and the columns at the places `right`, are aligned right.

    With `widest`, a column has room for its longest word and at most so many characters: no word is broken.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    rows = [tuple(row) for row in rows]
    shown = Table(
        title=title or None, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False,
        show_header=any(columns), min_width=len(title),
    )  # fmt: skip
    for at, name in enumerate(columns):
        numeric = at in right or (bool(rows) and all(isinstance(row[at], int | float | None) for row in rows))
        width = room([text(row[at]) for row in rows], name, widest) if widest else None
        shown.add_column(name, justify="right" if numeric else "left", overflow="fold", width=width)
    for row in rows:
        # Text, not str: what customers write is no markup, and no code for the terminal.
        shown.add_row(*(Text(plain(text(cell))) for cell in row))
    return shown


def room(cells: Sequence[str], name: str, widest: int) -> int:
    """Returns columns for the longest word of cells and the column's name, or for a whole cell of at most `widest`."""
    longest = max((len(word) for told in (*cells, name) for word in told.split()), default=1)
    return max(longest, min(widest, max((len(line) for told in cells for line in told.splitlines()), default=1)))


def plain(text: str) -> str:
    """The text without characters that a terminal would take for a command."""
    return text.translate(_CONTROLS)


def show(*renderables: Any, width: int | None = None) -> None:
    """Print tables and text to standard output, in so many columns (`width`); else in those of the terminal, or 120."""
    from rich.console import Console

    console = Console(highlight=False, width=width or (None if sys.stdout.isatty() else 120))
    for renderable in renderables:
        console.print(renderable)


def sure(question: str, *, yes: bool) -> None:
    """Returns when the user says yes to `question`, or has with `yes` (--yes). Asks on standard error.

    Raises typer.Abort when the answer is no.
    """
    import typer

    if not yes:
        typer.confirm(question, abort=True, err=True)


def can_ask(*, yes: bool) -> None:
    """Raises BadInputError when there is no terminal to ask on and `yes` (--yes) was not given."""
    if not yes and not sys.stdin.isatty():
        raise BadInputError("there is no terminal to ask on: add --yes if it is to be done without asking")


def text(cell: Any) -> str:
    """A cell as a person reads it: thousands apart, money to the cent, None as a dash."""
    if cell is None:
        return "-"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return f"{cell:,}"
    if isinstance(cell, float | Decimal):
        return f"{cell:,.2f}" if not -1 < cell < 1 else f"{cell:,.4f}".rstrip("0").rstrip(".") or "0"
    return str(cell)
