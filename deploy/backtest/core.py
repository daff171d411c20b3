"""The core over a history, in a process of its own: what its campaigns decide, and what that is about, to a folder.

`python -m deploy.backtest.core FOLDER lines FILE...` plays input lines as `replay` does, `... FOLDER history FILE` what
`stored.write` has written. The campaigns are those of the settings. It says how far it is as `replay_steps` does.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final, NamedTuple

import orjson

from deploy.backtest import stored
from deploy.stack import child
from deploy.stack.replay_steps import READ, Settled, records
from deploy.stack.spill import Spill
from schemas.record import Record
from schemas.topics import (
    CART_TRANSITIONS,
    DEAD_LETTERS,
    IDENTITY_MERGES,
    RETARGETING_DECISIONS,
    RETARGETING_MESSAGES,
)  # fmt: skip

MODULE: Final = "deploy.backtest.core"
LINES, HISTORY = "lines", "history"
TOLD: Final = "told.json"
_ABANDONED: Final = b'"to":"abandoned"'
_KEPT: Final = frozenset({RETARGETING_DECISIONS, RETARGETING_MESSAGES, IDENTITY_MERGES})


class Told(NamedTuple):
    """What a process has read: records, events that took effect, dead letters."""

    records: int
    stitched: int
    dead_letters: int


class _Outputs:
    """Keeps of the output records what the report is made of."""

    def __init__(self, spill: Spill) -> None:
        self.dead_letters, self._spill = 0, spill

    def __call__(self, record: Record) -> None:
        if record.topic in _KEPT or (record.topic == CART_TRANSITIONS and _ABANDONED in (record.value or b"")):
            self._spill.write(record)
        elif record.topic == DEAD_LETTERS:
            self.dead_letters += 1


def told(folder: Path) -> Told:
    """What the process that has written into a folder says of its input."""
    return Told(**orjson.loads((folder / TOLD).read_bytes()))


def play(folder: str, kind: str, *files: str) -> None:
    """Play `files` of a `kind` (LINES or HISTORY), with the settings of the environment, into a folder."""
    from infra import collector
    from schemas.settings import Settings
    from streams.testing import Topology

    settings, spill = Settings(), Spill(Path(folder))
    kept, read = _Outputs(spill), 0
    settled = Settled(kept)

    def report(done: int) -> None:
        nonlocal read
        read = done
        child.say(READ, done)

    if kind == HISTORY:
        hasher = stored.HashedIdentifiers(settings.secret.get_secret_value())
        reader = stored.HistoryReader(settings.phone_region, settings.blocked_values(), hasher)
        topology = Topology(settings, outputs=settled, reader=reader, hasher=hasher)
        collector.relax_for_records()
        stored.play(topology, Path(files[0]), settings.partitions, report)
    else:
        topology = Topology(settings, outputs=settled)
        collector.relax_for_records()
        topology.feed(records(files, settings, report))
    topology.finish()
    spill.close()
    result = Told(read, settled.count, kept.dead_letters)
    (Path(folder) / TOLD).write_bytes(orjson.dumps(result._asdict()))


if __name__ == "__main__":
    child.main(play, *sys.argv[1:])
