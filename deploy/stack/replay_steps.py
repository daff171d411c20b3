"""The two steps of `replay` that take memory, each in a process of its own (deploy/stack/child.py).

`python -m deploy.stack.replay_steps core FOLDER FILE...` runs the core over the lines and writes every output record
into the folder (deploy/stack/spill.py); `... load FOLDER DIRECTORY` takes what is there into a ClickHouse in an empty
directory. `core` says how many lines it has read (`read`), and how many events have taken effect (`settle`).
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final

from deploy import console
from deploy.stack import child, lines
from deploy.stack.spill import Spill, read
from schemas.record import Record
from schemas.topics import OUTPUT_TOPICS, STITCHED_EVENTS

if TYPE_CHECKING:
    from schemas.settings import Settings

READ, SETTLE = "read", "settle"
"""What `core` is at: lines are read; events take effect."""
SAID_EVERY: Final = 1_000
_HERE: Final = "deploy.stack.replay_steps"


def core(files: Sequence[str], folder: Path, settings: Settings, report: child.Report) -> None:
    """Run the core over the lines of `files`, its outputs going into a folder; `report` takes how far it is.

    Raises BadInputError with file and line, ValueError when the campaigns file is not valid, RuntimeError when the
    process has ended otherwise.
    """
    child.run([child.Step(_HERE, ("core", str(folder), *files), settings)], report)


def load(folder: Path, directory: Path, settings: Settings) -> None:
    """Take the output records in a folder into an embedded ClickHouse in an empty directory.

    Raises UnavailableError when there is none to be had, RuntimeError when the process has ended otherwise.
    """
    child.run([child.Step(_HERE, ("load", str(folder), str(directory)), settings)])


def records(files: Sequence[str], settings: Settings, report: console.Report) -> Iterator[Record]:
    """The lines of `files` as the records they would be in Kafka: partitions and offsets as `publish` gives them."""
    offsets: dict[tuple[str, int], int] = defaultdict(int)
    count = 0
    for chunk in lines.read(files, settings.partitions, event_clock=True):
        for line in chunk:
            place = (line.topic, line.partition)
            yield Record(line.topic, line.partition, offsets[place], line.timestamp, line.key, line.value)
            offsets[place] += 1
        count += len(chunk)
        report(count)


class Settled:
    """Counts the events that have taken effect, by the output records that it is given, and says so now and then.

    `then` takes the records. It is said as the count of a `stage`.
    """

    def __init__(self, then: Callable[[Record], None], stage: str = SETTLE) -> None:
        self.count, self.stage, self._then = 0, stage, then

    def __call__(self, record: Record) -> None:
        """An output record was written."""
        if record.topic == STITCHED_EVENTS:
            self.count += 1
            if self.count % SAID_EVERY == 0:
                child.say(self.stage, self.count)
        self._then(record)


def _core(folder: str, *files: str) -> None:
    from infra import garbage_collection
    from schemas.settings import Settings
    from streams.testing import Topology

    settings = Settings()
    spill = Spill(Path(folder))
    topology = Topology(settings, outputs=Settled(spill.write))
    garbage_collection.relax_for_records()
    topology.feed(records(files, settings, lambda done: child.say(READ, done)))
    topology.finish()
    spill.close()


def _load(folder: str, directory: str) -> None:
    from deploy.operate import clickhouse
    from schemas.settings import Settings

    found = chain.from_iterable(read(Path(folder), topic) for topic in OUTPUT_TOPICS)
    clickhouse.load(Settings(), found, Path(directory))


_STEPS: Final[dict[str, Callable[..., None]]] = {"core": _core, "load": _load}


if __name__ == "__main__":
    child.main(_STEPS[sys.argv[1]], *sys.argv[2:])
