"""Which profiles have become part of which, as identity.merges says, and how much of that a decision has known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import orjson

from schemas.record import Record
from streams.core.protocol.order_key import time_of
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

    `late`: of the events that brought links, whether they were late. `made`: see `made_by_splits`.
    """

    def __init__(self, rows: Iterable[Row], late: Mapping[Source, bool], made: Mapping[tuple[str, str], int]) -> None:
        self.parts: dict[str, list[Step]] = defaultdict(list)
        self.next: dict[str, str] = {}
        self.divided = 0
        """How often a profile was divided."""
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
                # It takes place where the journeys are, its time may be later.
                part, when = Part(made.get((one, into), 0), at), 0
            else:
                part, when = Part(0, at if row["reason"] == "split_history" else NEVER), 0
            self.divided += row["reason"].startswith("split")
            self.parts[into].append(Step(version, one, when, part))
            if part.until == NEVER:
                self.next[one] = into

    def of(self, profile_id: str, at: int) -> dict[str, Part]:
        """A profile and all that was, or may have been, part of it at a time, in ms."""
        return self._before(profile_id, NEVER, at=at, known=at)

    def certain(self, profile_id: str, at: int) -> set[str]:
        """A profile and all that was part of it at a time, in ms, for certain and as a whole."""
        return {one for one, part in self.of(profile_id, at).items() if part.known == NEVER}

    def _before(self, profile_id: str, version: float, *, at: float, known: float) -> dict[str, Part]:
        """What took place before what is told by the versions: late links join what has joined others since.

        What took place from `known` on need not be known.
        """
        found = {profile_id: Part(NEVER, NEVER)}
        for step in self.parts[profile_id]:
            if step.version >= version or step.at > at:
                continue
            for other, part in self._before(step.one, step.version, at=NEVER, known=step.of.known).items():
                before = found.get(other, Part(0, 0))
                sure = min(part.known, step.of.known) if step.at < known else 0
                found[other] = Part(max(before.known, sure), max(before.until, min(part.until, step.of.until)))
        return found

    def last(self, profile_id: str) -> str:
        """What it is part of in the end."""
        while profile_id in self.next:
            profile_id = self.next[profile_id]
        return profile_id


def made_by_splits(log: Iterable[Record]) -> dict[tuple[str, str], int]:
    """Of each profile that a split has made of another, up to when that had sealed its events by then, in ms.

    `log`: profile.events, where rounds and splits are told in the order in which they take place in a partition. A
    profile that was there already gets nothing.
    """
    reached: dict[int, int] = defaultdict(int)
    made: dict[tuple[str, str], int] = {}
    for record in log:
        if not (record.value or b"").startswith(b"{"):
            continue
        notice = orjson.loads(record.value or b"")
        if notice["k"] == "round":
            reached[record.partition] = max(reached[record.partition], time_of(bytes.fromhex(notice["bound"])))
        elif notice["k"] == "divide" and notice["state"]:
            made.setdefault((notice["from"], notice["to"]), reached[record.partition])
    return made


def source_of(source: Row) -> Source:
    """Where an event came from, as a row names it."""
    return source["topic"], source["partition"], source["offset"]
