"""The core over a history, in a process of its own: what its campaigns decide, and what that is about, to a folder.

`python -m deploy.backtest.core FOLDER SINCE UNTIL lines FILE...` plays input lines as `replay` does, `... history FILE`
what `stored.write` has written. The campaigns are those of the settings; kept are decisions from SINCE up to before
UNTIL (ISO 8601, empty for no bound). It says how far it is as `replay_steps` does.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final, NamedTuple

import orjson

from deploy.backtest import stored
from deploy.backtest.sides import Window
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
_DECIDED: Final = frozenset({RETARGETING_DECISIONS, RETARGETING_MESSAGES})
_AT: Final = b'"decided_at":"'
_AT_SIZE: Final = len("2026-01-01T00:00:00.000Z")


class Told(NamedTuple):
    """What a process has read: records, events that took effect, dead letters."""

    records: int
    stitched: int
    dead_letters: int


class _Outputs:
    """Keeps of the output records what the report is made of."""

    def __init__(self, spill: Spill, window: Window) -> None:
        self.dead_letters, self._spill, self._window = 0, spill, window

    def __call__(self, record: Record) -> None:
        topic, value = record.topic, record.value or b""
        if topic == DEAD_LETTERS:
            self.dead_letters += 1
        elif topic == IDENTITY_MERGES or (topic == CART_TRANSITIONS and _ABANDONED in value):
            self._spill.write(record)
        elif topic in _DECIDED:
            # A quote within a text is escaped, so this is the field and nothing else.
            at = value.find(_AT) + len(_AT)
            if self._window.holds(value[at : at + _AT_SIZE].decode()):
                self._spill.write(record)


def told(folder: Path) -> Told:
    """What the process that has written into a folder says of its input."""
    return Told(**orjson.loads((folder / TOLD).read_bytes()))


def play(folder: str, since: str, until: str, kind: str, *files: str) -> None:
    """Play `files` of a `kind` (LINES or HISTORY), with the settings of the environment, into a folder.

    Decisions made from `since` up to before `until` are kept (ISO 8601, empty for no bound).
    """
    from infra import collector
    from schemas.settings import Settings
    from streams.testing import Topology

    settings, spill = Settings(), Spill(Path(folder))
    kept, read = _Outputs(spill, Window(since or None, until or None)), 0
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
