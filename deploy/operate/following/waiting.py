"""Raw events that have been read and have not shown yet what they do, until it is sure that they do nothing.

An event is decided once it has been ingested and a round whose bound is behind it has been acknowledged by all of
journey: what it does has been written by then. One whose profile moves meanwhile may need a round more, so it takes
two. What has shown nothing then is a repeat, or its person was erased.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final, NamedTuple

from streams.core.protocol.link_log import Ack, Report
from streams.core.protocol.profile_log import Round

ROUNDS: Final = 2
MOST_ROUNDS: Final = 1_000
MOST_EVENTS: Final = 50_000
"""Events of one source that are waited for; where no worker runs, none of them is ever decided."""

Place = tuple[str, int, int]
"""Topic, partition and offset of a raw record."""


class Came(NamedTuple):
    """A raw event as it was read: its place, order key, channel, names, messageId and profile, if that is known."""

    place: Place
    key: bytes
    channel: str
    name: str
    message_id: str
    event_time: str


@dataclass
class _Held:
    came: Came
    covered: int | None = None
    """Offset on the link log of the first report that says that it has been ingested."""
    rounds: int = 0


class Waiting:
    """Events by their place; `partitions` is how many of journey acknowledge a round."""

    def __init__(self, partitions: int) -> None:
        self._partitions = partitions
        self._sources: dict[tuple[str, int], dict[int, _Held]] = defaultdict(dict)
        self._rounds: dict[int, Round] = {}
        self._acked: dict[int, set[int]] = {}
        self.passed: list[Round] = []
        """Rounds that all have acknowledged, since `over` was last asked."""

    def __len__(self) -> int:
        return sum(len(held) for held in self._sources.values())

    def add(self, came: Came) -> None:
        """Wait for this event."""
        topic, partition, offset = came.place
        held = self._sources[topic, partition]
        held[offset] = _Held(came)
        if len(held) > MOST_EVENTS:
            del held[next(iter(held))]

    def done(self, place: Place) -> Came | None:
        """The event at this place, which has shown what it does; None if it was not waited for."""
        topic, partition, offset = place
        held = self._sources[topic, partition].pop(offset, None)
        return None if held is None else held.came

    def reported(self, report: Report, offset: int) -> None:
        """An ingest worker has come so far; the report stands at this offset of the link log."""
        for topic, partition, _, position in report.sources:
            for at, held in self._sources.get((topic, partition), {}).items():
                if held.covered is None and at < position:
                    held.covered = offset

    def round(self, told: Round) -> None:
        """A round was told to a partition of journey."""
        self._rounds[told.number] = told
        self._complete(told.number)
        if len(self._rounds) > MOST_ROUNDS:
            oldest = min(self._rounds)
            del self._rounds[oldest]
            self._acked.pop(oldest, None)

    def acknowledged(self, ack: Ack) -> None:
        """A partition has applied a round."""
        if len(self._acked) < MOST_ROUNDS:
            self._acked.setdefault(ack.number, set()).add(ack.partition)
            self._complete(ack.number)

    def _complete(self, number: int) -> None:
        if number in self._rounds and len(self._acked.get(number, ())) == self._partitions:
            self.passed.append(self._rounds.pop(number))
            del self._acked[number]

    def over(self) -> list[Came]:
        """The events that have had their rounds by now, and have shown nothing; they are waited for no more."""
        rounds, self.passed = self.passed, []
        return [came for told in rounds for came in self._passed(bytes.fromhex(told.bound), told.at)]

    def _passed(self, bound: bytes, at: int | None) -> list[Came]:
        over = []
        for held in self._sources.values():
            for one in list(held.values()):
                if one.covered is None or one.came.key >= bound or (at is not None and at < one.covered):
                    continue
                one.rounds += 1
                if one.rounds >= ROUNDS:
                    over.append(held.pop(one.came.place[2]).came)
        return over
