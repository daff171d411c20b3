"""The core over a history, in processes of its own: what two campaigns files decide, and what that is about.

`python -m deploy.backtest.core PLACE SINCE UNTIL NEW CURRENT SAID lines FILE...` plays input lines as `replay` does,
`... history FILE` what `stored.write` has written. Two files that differ in caps alone are played in step over lines
(streams/core/lockstep). Else reading and everything up to the moment that time moves is done once; then the process
forks, and each of the two goes on with its campaigns. `... apart FILE` is lines without the first of these. It says how
far it is as `replay_steps` does, `settle new/0` and `settle current/0` apart, and further ones where a file has several
processes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial
from multiprocessing import Pipe
from pathlib import Path
from typing import Final, NamedTuple

import orjson

from deploy.backtest import stored, words
from deploy.backtest.sides import Window
from deploy.errors import OneByOneError
from deploy.stack import child
from deploy.stack.replay_steps import READ, SETTLE, Settled, records
from deploy.stack.spill import Spill
from infra import garbage_collection
from schemas.reading import reader_of
from schemas.record import Record
from schemas.settings import Settings
from schemas.topics import (
    CART_TRANSITIONS,
    DEAD_LETTERS,
    IDENTITY_MERGES,
    RETARGETING_DECISIONS,
    RETARGETING_MESSAGES,
)  # fmt: skip
from streams.campaigns import load
from streams.core.campaigns import Campaigns
from streams.core.lockstep.partition import OutOfStepError, fits
from streams.shares import First, Other
from streams.testing import Topology

MODULE: Final = "deploy.backtest.core"
LINES, APART, HISTORY = "lines", "apart", "history"
NEW, CURRENT = "new", "current"
TOLD: Final = "told-{}.json"
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

    def __init__(self, window: Window, partitions: int) -> None:
        self.dead_letters, self._window, self._partitions = 0, window, partitions
        self._waiting: list[Record] = []
        self._spills: list[Spill] = []

    def open(self, *folders: Path) -> None:
        """Let all go to a folder, what has come so far as well; of two files in step, to the folder of each."""
        self._spills = [Spill(folder) for folder in folders]
        for record in self._waiting:
            self._spills[0].write(record)
        self.forget()

    def forget(self) -> None:
        """What has come so far is of another process."""
        self.dead_letters = self.dead_letters if self._spills else 0
        self._waiting.clear()

    def close(self) -> None:
        """All is written: it goes to the operating system."""
        for spill in self._spills:
            spill.close()

    def __call__(self, record: Record) -> None:
        topic, value = record.topic, record.value
        if value is None:
            return  # An erasure takes rows back; what was decided was decided.
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
        if not self._spills:
            self._waiting.append(record)
        elif record.partition < self._partitions:
            self._spills[0].write(record)
        else:
            self._spills[1].write(record._replace(partition=record.partition - self._partitions))


def told(folder: Path) -> Told:
    """What the processes that have written into a folder say of their input."""
    parts = [Told(**orjson.loads(path.read_bytes())) for path in folder.glob(TOLD.format("*"))]
    return Told(*(sum(numbers) for numbers in zip(*parts, strict=True)))


class _Processes:
    """The processes of one backtest, as each of them sees it: which side it is, and which share of the partitions."""

    def __init__(self, place: Path, window: Window, partitions: int) -> None:
        self._place, self._partitions = place, partitions
        self.side, self.read, self.in_step = NEW, 0, False
        self._kept = _Outputs(window, partitions)
        self.outputs = Settled(self._kept)
        self._forked: list[int] = []

    def report(self, done: int) -> None:
        """So many records have been read."""
        self.read = done
        if self.side == NEW:
            child.say(READ, done)

    def part(self, topology: Topology, current: str) -> None:
        """From here on the campaigns matter: a process for each file, and in each of them one for some partitions."""
        garbage_collection.leave_alone()
        topology.part()
        apart = bool(current) and not self.in_step
        shares = min(self._partitions, _shares(2 if apart else 1))
        for side in (NEW, CURRENT) if current else (NEW,):
            (self._place / side).mkdir()
        if apart and not self._fork():
            self.side = CURRENT
            topology.go_on(loaded(current))
        else:
            topology.go_on()
        self.outputs.stage = f"{SETTLE} {self.side}/0"
        self._share(topology, shares)
        self._open()

    def close(self, share: int = 0) -> None:
        """This process is done. Raises RuntimeError when one that it has begun has failed."""
        self._kept.close()
        said = Told(self.read, self.outputs.count, self._kept.dead_letters)
        for folder in self._folders():
            (folder / TOLD.format(share)).write_bytes(orjson.dumps(said._asdict()))
        for pid in self._forked:
            if status := os.waitpid(pid, 0)[1]:
                raise RuntimeError(f"a process of the backtest ended with {status}")

    def _share(self, topology: Topology, shares: int) -> None:
        others: list[Other] = []
        logs = self._partitions * (2 if self.in_step else 1)
        for share in range(1, shares):
            mine, (ours, theirs) = [p for p in range(logs) if p % self._partitions % shares == share], Pipe()
            if not self._fork():
                for one in (ours, *(other.connection for other in others)):
                    one.close()
                child.main(partial(self._serve, topology, First(theirs, mine, logs), share, mine))
            theirs.close()
            others.append(Other(ours, frozenset(mine)))
        if others:
            topology.share(others)

    def _serve(self, topology: Topology, first: First, share: int, mine: Sequence[int]) -> None:
        self.read, self.outputs.count, self.outputs.stage = 0, 0, f"{SETTLE} {self.side}/{share}"
        self._kept.forget()
        self._open()
        topology.go_on()
        with _one_by_one():
            topology.serve(first, mine)
        self.close(share)

    def _folders(self) -> list[Path]:
        return [self._place / side for side in ((NEW, CURRENT) if self.in_step else (self.side,))]

    def _open(self) -> None:
        self._kept.open(*self._folders())

    def _fork(self) -> int:
        """0 in the new process, of which those begun before are not; else its id."""
        pid = os.fork()
        if pid:
            self._forked.append(pid)
        else:
            self._forked.clear()
        return pid


@lru_cache(maxsize=2)
def loaded(path: str) -> Campaigns:
    """The campaigns of the file at `path`, read once, also for the processes that this one forks. Raises ValueError."""
    return load(Path(path))


@contextmanager
def _one_by_one() -> Iterator[None]:
    try:
        yield
    except OutOfStepError as found:
        raise OneByOneError(str(found)) from None


def _shares(files: int) -> int:
    """Into how many processes the partitions of each file go: none is idle, also where one file asks for more."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return processors if files == 1 or processors == 1 else max(2, processors // files)


def play(
    place: str, since: str, until: str, new: str, current: str, said: str, kind: str, *files: str
) -> None:  # fmt: skip
    """Play `files` of a `kind` (LINES, APART or HISTORY), by the settings of the environment, into folders in `place`.

    The campaigns file `new` decides into the folder NEW, and `current`, where it is not empty, into CURRENT. Decisions
    made from `since` up to before `until` are kept (ISO 8601, empty for no bound). `said` is a file with the words of
    operators (`words.dump`), or empty.

    Raises BadInputError for a line that cannot be read, OneByOneError when LINES have to be played as APART,
    RuntimeError when a process that it has begun has failed.
    """
    settings = Settings()
    run = _Processes(Path(place), Window(since or None, until or None), settings.partitions)
    spoken = words.load(Path(said)) if said else []
    if kind == HISTORY:
        hasher = stored.HashedIdentifiers(settings.secret.get_secret_value())
        reader = stored.HistoryReader(settings.phone_region, settings.blocked_values(), hasher)
        topology = Topology(
            settings, loaded(new), outputs=run.outputs, reader=reader, hasher=hasher, lean=True
        )  # fmt: skip
        garbage_collection.relax_for_records()
        clock = words.Clock(topology, spoken, lambda: run.part(topology, current))
        stored.play(topology, Path(files[0]), settings.partitions, run.report, clock)
    else:
        timed = words.TimedReader(reader_of(settings)) if spoken else None
        campaigns, other = loaded(new), loaded(current) if current else None
        # What operators say comes in between, and may move profiles.
        if other is None or kind == APART or spoken or not fits(campaigns, other):
            other = None
        run.in_step = other is not None
        topology = Topology(settings, campaigns, outputs=run.outputs, reader=timed, lean=True, other=other)
        garbage_collection.relax_for_records()
        topology.feed(records(files, settings, run.report))
        times = () if timed is None else timed.times
        with _one_by_one():
            words.Clock(topology, spoken, lambda: run.part(topology, current), times).finish()
    topology.end()
    run.close()


if __name__ == "__main__":
    child.main(play, *sys.argv[1:])
