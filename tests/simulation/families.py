"""Which profiles have become part of which, as identity.merges says, and how much of that a decision has known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from tests.oracle.compare import milliseconds

Row = dict[str, Any]
NEVER = float("inf")
Source = tuple[str, int, int]
"""Topic, partition and offset of a raw record."""


class Part(NamedTuple):
    """One that is part of a profile: of its events up to `until`, in ms, those before `known` were known at a decision.

    The others may have been.
    """

    known: float
    until: float


class Step(NamedTuple):
    """A row of identity.merges: who became part of another, and when. `of` as `Part` has it; times in ms."""

    version: int
    one: str
    at: float
    of: Part


class Families:
    """The rows of a run; of a profile that was divided, what the new one has of before.

    `late`: of the events that brought links, whether they were late. `assignments`: the rows of that topic.
    """

    def __init__(self, rows: Iterable[Row], assignments: Iterable[Row], late: Mapping[Source, bool]) -> None:
        self.parts: dict[str, list[Step]] = defaultdict(list)
        self.next: dict[str, str] = {}
        first = {}
        for row in sorted(assignments, key=lambda row: row["version"]):
            first.setdefault(row["profile_id"], (row["linked_at"], row["identifier"]))
        reached = 0
        for row in sorted(rows, key=lambda row: row["version"]):
            one, into, at = row["merged_profile_id"], row["into_profile_id"], milliseconds(row["merged_at"])
            if row.get("refused") is not None or into is None:
                continue
            by, version, when = row.get("source"), row["version"], float(at)
            if by is not None:
                # A late link takes place after decisions of its time.
                in_time = at >= reached and not late.get(source_of(by), True)
                part, reached = Part(NEVER if in_time else 0, NEVER), max(reached, at)
            elif row["reason"] == "split":
                # It takes place where the sources are, its time may be later. Only a new profile gets what was said.
                began, identifier = first.get(into, ("", ""))
                fresh = began == row["merged_at"] and identifier in row["identifiers"] and into not in self.parts
                part, when = Part(reached if fresh else 0, at), 0
            else:
                part, when = Part(0, at if row["reason"] == "split_history" else NEVER), 0
            self.parts[into].append(Step(version, one, when, part))
            if part.until == NEVER:
                self.next[one] = into

    def of(self, profile_id: str, at: int) -> dict[str, Part]:
        """A profile and all that was, or may have been, part of it at a time, in ms."""
        return self._before(profile_id, at, NEVER)

    def certain(self, profile_id: str, at: int) -> set[str]:
        """A profile and all that was part of it at a time, in ms, for certain and as a whole."""
        return {one for one, part in self.of(profile_id, at).items() if part.known == NEVER}

    def _before(self, profile_id: str, at: float, version: float) -> dict[str, Part]:
        """What took place before what is told by the versions: late links join what has joined others since."""
        found = {profile_id: Part(NEVER, NEVER)}
        for step in self.parts[profile_id]:
            if step.version >= version or step.at > at:
                continue
            for other, part in self._before(step.one, NEVER, step.version).items():
                before = found.get(other, Part(0, 0))
                known = min(part.known, step.of.known) if step.at < at else 0
                found[other] = Part(max(before.known, known), max(before.until, min(part.until, step.of.until)))
        return found

    def last(self, profile_id: str) -> str:
        """What it is part of in the end."""
        while profile_id in self.next:
            profile_id = self.next[profile_id]
        return profile_id


def source_of(source: Row) -> Source:
    """Where an event came from, as a row names it."""
    return source["topic"], source["partition"], source["offset"]
