"""The core over a history, in processes of its own: what two campaigns files decide, and what that is about.

`python -m deploy.backtest.core PLACE SINCE UNTIL NEW CURRENT lines FILE...` plays input lines as `replay` does, `...
history FILE` what `stored.write` has written. Reading and everything up to the moment that time moves is done once;
then the process forks, and each of the two goes on with its campaigns. It says how far it is as `replay_steps` does,
`settle new` and `settle current` apart.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final, NamedTuple

import orjson

from deploy.backtest import stored
from deploy.backtest.sides import Window
from deploy.stack import child
from deploy.stack.replay_steps import READ, SETTLE, Settled, records
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
NEW, CURRENT = "new", "current"
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
    """Keeps of the output records what the report is made of, those made in a window."""

    def __init__(self, window: Window) -> None:
        self.dead_letters, self._window = 0, window
        self._waiting: list[Record] = []
        self._folder = Path()
        self._spill: Spill | None = None

    def open(self, folder: Path) -> None:
        """Make the folder that all goes to, what has come so far as well."""
        folder.mkdir()
        self._folder, self._spill = folder, Spill(folder)
        for record in self._waiting:
            self._spill.write(record)
        self._waiting.clear()

    def close(self, result: Told) -> None:
        """All is written: it goes to the operating system, and the result beside it."""
        if self._spill is not None:
            self._spill.close()
        (self._folder / TOLD).write_bytes(orjson.dumps(result._asdict()))

    def __call__(self, record: Record) -> None:
        topic, value = record.topic, record.value or b""
        if topic == DEAD_LETTERS:
            self.dead_letters += 1
        elif topic == IDENTITY_MERGES or (topic == CART_TRANSITIONS and _ABANDONED in value):
            self._keep(record)
        elif topic in _DECIDED:
            # A quote within a text is escaped, so this is the field and nothing else.
            at = value.find(_AT) + len(_AT)
            if self._window.holds(value[at : at + _AT_SIZE].decode()):
                self._keep(record)

    def _keep(self, record: Record) -> None:
        if self._spill is None:
            self._waiting.append(record)
        else:
            self._spill.write(record)


def told(folder: Path) -> Told:
    """What the process that has written into a folder says of its input."""
    return Told(**orjson.loads((folder / TOLD).read_bytes()))


def play(place: str, since: str, until: str, new: str, current: str, kind: str, *files: str) -> None:
    """Play `files` of a `kind` (LINES or HISTORY), with the settings of the environment, into folders in `place`.

    The campaigns file `new` decides into the folder NEW, and `current`, where it is not empty, into CURRENT. Decisions
    made from `since` up to before `until` are kept (ISO 8601, empty for no bound).

    Raises BadInputError for a line that cannot be read, RuntimeError when the process of `current` has failed.
    """
    from infra import collector
    from schemas.settings import Settings
    from streams.campaigns import load
    from streams.testing import Topology

    settings, kept, side = Settings(), _Outputs(Window(since or None, until or None)), NEW
    settled, read, other = Settled(kept, f"{SETTLE} {NEW}"), 0, 0

    def report(done: int) -> None:
        nonlocal read
        read = done
        if side == NEW:
            child.say(READ, done)

    def part() -> None:
        """All has been read that can be before time moves: from here on the campaigns matter, a process for each."""
        nonlocal side, other
        if current:
            other = os.fork()
            if not other:
                side, settled.stage = CURRENT, f"{SETTLE} {CURRENT}"
                topology.part(load(Path(current)))
        kept.open(Path(place) / side)

    if kind == HISTORY:
        hasher = stored.HashedIdentifiers(settings.secret.get_secret_value())
        reader = stored.HistoryReader(settings.phone_region, settings.blocked_values(), hasher)
        topology = Topology(settings, load(Path(new)), outputs=settled, reader=reader, hasher=hasher)
        collector.relax_for_records()
        stored.play(topology, Path(files[0]), settings.partitions, report, part)
    else:
        topology = Topology(settings, load(Path(new)), outputs=settled)
        collector.relax_for_records()
        topology.feed(records(files, settings, report))
        part()
    topology.finish()
    kept.close(Told(read, settled.count, kept.dead_letters))
    if other and (status := os.waitpid(other, 0)[1]):
        raise RuntimeError(f"the process of the campaigns in force ended with {status}")


if __name__ == "__main__":
    child.main(play, *sys.argv[1:])
