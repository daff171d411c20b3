"""Dead letters as tables, and what is said before a replay."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from deploy import console
from deploy.letters.replaying import Plan, Refusal

if TYPE_CHECKING:
    from rich.table import Table

    from deploy.letters.reading import Found
    from schemas.events import Event
    from schemas.record import Record


def groups(names: Sequence[str], rows: list[dict[str, Any]]) -> Table:
    """A table of `rows` of `grouping.grouped`, by these `names`."""
    columns = (*names, "letters", "replayed", "first", "last", "latest")
    total = sum(row["letters"] for row in rows)
    return console.table(f"{total:,} dead letters", columns, [[row[name] for name in columns] for row in rows])


def newest(rows: list[dict[str, Any]], of: int) -> Table:
    """A table of the newest letters (`rows`, each `Found.told`), out of so many."""
    title = "No dead letters" if not of else f"The newest {len(rows):,} of {of:,} dead letters"
    columns = ("refused_at", "id", "reason", "detail", "bytes", "replayed_at")
    shown = [[row[name] for name in columns] for row in rows]
    return console.table(title, [name.removesuffix("_at") for name in columns], shown)


def whole(found: Found, trial: Callable[[Record], Event | Refusal]) -> dict[str, Any]:
    """A letter with its bytes, as text where it is text, and whether it would be taken now, as a `trial` says."""
    value = found.letter.value
    result = trial(found.letter.record)
    now = f"refused: {result.reason}: {result.detail}" if isinstance(result, Refusal) else "accepted"
    try:
        content = {"text": value.decode()}
    except UnicodeDecodeError:
        content = {"value_b64": base64.b64encode(value).decode()}
    headers = {name: told.decode(errors="replace") for name, told in found.letter.headers}
    return {**found.told(), "now": now, "headers": headers, **content}


def one(told: dict[str, Any]) -> Table:
    """What `whole` has told of a letter (`told`), as rows of names and values."""
    return console.table("", ("", ""), [(name, str(value)) for name, value in told.items() if value not in (None, {})])


def note(plan: Plan) -> None:
    """Say on standard error what a replay would do."""
    console.note(f"{len(plan.ready):,} would be taken now")
    if plan.old:
        console.note(f"{plan.old:,} of them are a day old or more: they change no quantities in carts")
    for refusal, count in plan.failing.most_common():
        first = plan.refused[refusal]
        console.note(
            f"{count:,} would be refused again: {refusal.reason}: {console.plain(refusal.detail)} (first: {first})"
        )
    if plan.replayed:
        console.note(f"{plan.replayed:,} were replayed before (--again sends them once more)")
    if plan.gone:
        console.note(f"{plan.gone:,} cannot be had any more: their raw topic has let go of them")
