"""The words of operators in a history, and how time goes on to where each was said.

They are splits, erasures, and lists of addresses.

They are read from values of `identity.merges` and `contact.suppressions` (docs/contract.md, section 2). A split names
the identifier that was cut off. Of a person who was erased there is nothing but the ids that stand for nobody since:
who comes under their identifiers later is somebody else. What is said of an address, and by no event of the history, is
of a list that was imported, or of somebody who was erased since.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import orjson

from deploy.errors import BadInputError
from schemas import times
from schemas.events import DeadLetter, Event, Reader
from schemas.record import Record
from schemas.topics import CONTACT_SUPPRESSIONS, IDENTITY_MERGES

if TYPE_CHECKING:
    from streams.core.protocol.link_log import Suppressed
    from streams.testing import Topology

SPLIT: Final = "split"
ERASE: Final = "erase"
SUPPRESS: Final = "suppress"
REQUESTS: Final = 2_000
"""Addresses in one request."""


class Word(NamedTuple):
    """What was said when time had come to `reached`, at `at` by the clock of who said it (epoch milliseconds).

    `id` is what it is about: of a split the hash of an identifier, of an erasure a profile id, else the hash of an
    address, of which `said` is a record of `contact.suppressions`.
    """

    reached: int
    at: int
    kind: Literal["split", "erase", "suppress"]
    id: str
    said: Mapping[str, Any] = {}


class Said(NamedTuple):
    """The words that are known, and how many rows tell of a split without what was cut off."""

    words: Sequence[Word]
    unknown: int

    def counts(self) -> dict[str, int]:
        """How many there are of each kind."""
        kinds = Counter(word.kind for word in self.words)
        return {
            "splits": kinds["split"], "erased_profiles": kinds["erase"], "addresses": kinds["suppress"],
            "unknown_splits": self.unknown,
        }  # fmt: skip


def words(merges: Iterable[Mapping[str, Any]], suppressions: Iterable[Mapping[str, Any]], lateness: int) -> list[Word]:
    """The words in these records of `merges` and `suppressions`, in their order.

    `lateness` is how far time is behind the clock, in milliseconds. A split of which nobody knows what was cut off is
    left out. Raises KeyError or TypeError for what is no record.
    """
    found: dict[tuple[int, str, str], Word] = {}
    for row in sorted(merges, key=lambda row: row["version"]):
        at = times.parse(row["merged_at"]) or 0
        if row["reason"] == "split" and row.get("identifier"):
            found[at, SPLIT, row["identifier"]] = Word(max(0, at - lateness), at, SPLIT, row["identifier"])
        elif row["reason"] == "erased":
            found[at, ERASE, row["merged_profile_id"]] = Word(
                max(0, at - lateness), at, ERASE, row["merged_profile_id"]
            )
    listed = list(found.values())
    for row in sorted(suppressions, key=lambda row: row["address_hash"]):
        at = times.parse(row.get("known_at") or row["since"]) or 0
        listed.append(Word(at, at, SUPPRESS, row["address_hash"], row))
    return sorted(listed, key=lambda word: word.reached)


def of_folder(folder: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Returns merges and suppressions of a folder that `--out` of another command, or an export, has filled.

    Raises BadInputError when it has neither, or one that cannot be read.
    """
    found = [(topic, folder / f"{topic}.jsonl") for topic in (IDENTITY_MERGES, CONTACT_SUPPRESSIONS)]
    if not any(path.is_file() for _, path in found):
        raise BadInputError(f"--operators {folder}: neither {found[0][1].name} nor {found[1][1].name} is there")
    merges, suppressions = (_rows(path) if path.is_file() else [] for _, path in found)
    try:
        words(merges, suppressions, 0)
    except (KeyError, TypeError, AttributeError):
        raise BadInputError(f"--operators {folder}: what is there are no records of these topics") from None
    return merges, suppressions


def _rows(path: Path) -> list[dict[str, Any]]:
    rows = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            row = orjson.loads(line)
        except ValueError:
            raise BadInputError(f"{path}:{number}: bad JSON") from None
        if row is not None:
            rows.append(row)
    return rows


def dump(path: Path, said: Sequence[Word]) -> str:
    """Write words to a file, for another process; returns its name, empty where nothing was said."""
    path.write_bytes(b"\n".join(orjson.dumps(tuple(word)) for word in said))
    return str(path) if said else ""


def load(path: Path) -> list[Word]:
    """What `dump` has written."""
    return [Word(*orjson.loads(line)) for line in path.read_bytes().splitlines()]


class TimedReader(Reader):
    """A reader that notes the times of all events: what is said of an address at such a time, an event has said."""

    __slots__ = ("_reader", "times")

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self._reader = reader
        self.times: set[int] = set()

    def read(self, record: Record) -> Event | DeadLetter:
        """The event of a record."""
        event = self._reader.read(record)
        if isinstance(event, Event):
            self.times.add(event.time)
        return event


class Clock:
    """Moves the time of a topology, and has operators say what they said when it had come there.

    `part` is called once, before time moves first. `spoken` are times (epoch milliseconds) of events that say something
    of addresses: words of these times are theirs.
    """

    def __init__(
        self, topology: Topology, said: Sequence[Word], part: Callable[[], None], spoken: Collection[int] = ()
    ) -> None:
        self._topology = topology
        self._part: Callable[[], None] | None = part
        self._left = [word for word in said if word.kind != SUPPRESS or times.parse(word.said["since"]) not in spoken]
        self._left.reverse()

    @property
    def next(self) -> int | None:
        """Where time has to be for the next word (epoch milliseconds); None without one."""
        return self._left[-1].reached if self._left else None

    def reach(self, at: int) -> None:
        """Time has come to `at` (epoch milliseconds)."""
        part, self._part = self._part, None
        self._topology.reach(at, before=part)

    def speak(self) -> None:
        """Let time come to the next word, and all be said that was said there."""
        at = self._left[-1].reached
        self.reach(at)
        entries: list[Suppressed] = []
        while self._left and self._left[-1].reached == at:
            word = self._left.pop()
            if word.kind == SUPPRESS:
                row = word.said
                since = times.parse(row["since"]) or 0
                entries.append(
                    (row["channel"], row.get("topic") or None, word.id, not row["suppressed"], row["reason"], since)
                )  # fmt: skip
            elif word.kind == SPLIT or not self._topology.knows(word.id):
                # An erased id that is somebody's by now is a device that had changed hands before.
                self._topology.request(word.kind, "", word.id, now=word.at)
        for start in range(0, len(entries), REQUESTS):
            self._topology.suppress(entries[start : start + REQUESTS])

    def finish(self) -> None:
        """No more input comes: what is left to say is said, and time runs out."""
        while self._left:
            self.speak()
        part, self._part = self._part, None
        self._topology.finish(part)
