"""`replay`: the core alone over some lines, in this process."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy import console
from deploy.operate import clickhouse
from deploy.stack import lines, outputs
from schemas.record import Record
from schemas.topics import DEAD_LETTERS, OUTPUT_TOPICS

if TYPE_CHECKING:
    from schemas.settings import Settings


def play(files: Sequence[str], *, settings: Settings, out: Path | None) -> dict[str, Any]:
    """The report over the lines; with `out`, topics and views are files there. Raises BadInputError."""
    from streams.testing import replay

    count = 0

    with console.progress() as shown:
        reading = shown.add_task("replay", total=None)

        def report(done: int) -> None:
            nonlocal count
            count = done
            shown.update(reading, completed=done)

        found = replay(records(files, settings, report), settings)
        loading = shown.add_task("load", total=1)
        if out is not None:
            outputs.write_topics(out, found)
        numbers = clickhouse.loaded(settings, chain.from_iterable(found.get(topic, ()) for topic in OUTPUT_TOPICS), out)
        shown.update(loading, completed=1)
    return outputs.accounted(count, found.get(DEAD_LETTERS, ()), numbers)


def records(files: Sequence[str], settings: Settings, report: console.Report) -> Iterator[Record]:
    """The lines as the records they would be in Kafka: partitions and offsets as `publish` gives them."""
    offsets: dict[tuple[str, int], int] = defaultdict(int)
    count = 0
    for chunk in lines.read(files, settings.partitions, event_clock=True):
        for line in chunk:
            place = (line.topic, line.partition)
            yield Record(line.topic, line.partition, offsets[place], line.timestamp, line.key, line.value)
            offsets[place] += 1
        count += len(chunk)
        report(count)
