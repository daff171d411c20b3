"""`replay`: the core alone over some lines, without a broker."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy import console
from deploy.operate import clickhouse
from deploy.stack import outputs, replay_steps, spill
from schemas.topics import DEAD_LETTERS

if TYPE_CHECKING:
    from schemas.settings import Settings


def play(files: Sequence[str], *, settings: Settings, out: Path | None) -> dict[str, Any]:
    """The report over the lines; with `out`, topics and views are files there. Raises BadInputError.

    What the core writes waits on disk, about as many bytes as `out` takes, in a temporary folder.
    """
    count = 0
    with console.progress() as shown, tempfile.TemporaryDirectory(prefix="winback-") as place:
        reading = shown.add_task("read", total=None)
        settling = shown.add_task("settle", total=None)
        folder = Path(place)

        def report(_: int, stage: str, done: int) -> None:
            nonlocal count
            if stage == replay_steps.READ:
                count = done
                shown.update(reading, completed=done)
            else:
                shown.update(settling, completed=done, total=count)

        replay_steps.core(files, folder, settings, report)
        for task in (reading, settling):
            shown.update(task, completed=count, total=count)
        loading = shown.add_task("load", total=1)
        if out is not None:
            outputs.write_spilled(out, folder)
        replay_steps.load(folder, folder / "clickhouse", settings)
        numbers = clickhouse.loaded(settings, folder / "clickhouse", out)
        shown.update(loading, completed=1)
        return outputs.accounted(count, spill.read(folder, DEAD_LETTERS), numbers)
