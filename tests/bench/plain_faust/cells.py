"""Aggregates: a table of totals, and a timer that sends those that have changed."""

from __future__ import annotations

from faust import current_event

from schemas.times import iso
from tests.bench.plain_faust.app import aggregates, app, cells
from tests.bench.plain_faust.models import Cell

HOUR_MS = 3_600_000
_changed: set[str] = set()


def count(name: str, at: int, dimensions: dict[str, str], **amounts: float) -> None:
    """Add to the totals of the hour. The key names the partition: each keeps totals of its own."""
    event = current_event()
    partition = event.message.partition if event is not None else 0
    window = at - at % HOUR_MS
    key = f"{name}|{window}|{'|'.join(dimensions.values())}|{partition}"
    cell = cells.get(key) or Cell(
        cell={"name": name, "window_start": iso(window), "dimensions": dimensions},
        values={},
        partition=partition,
        version=0,
    )
    for what, amount in amounts.items():
        cell.values[what] = round(cell.values.get(what, 0) + amount, 6)
    cell.version += 1
    cells[key] = cell
    _changed.add(key)


@app.timer(interval=1.0)
async def send_changed() -> None:
    """Send what has changed in the last second."""
    changed = list(_changed)
    _changed.clear()
    for key in changed:
        cell = cells[key]
        await aggregates.send(key=key, value=cell, partition=cell.partition)
