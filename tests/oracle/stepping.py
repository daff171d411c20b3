"""The cores step by step, in the terms of a story: events, time up to a minute, a request, more events, the end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from schemas.identifiers import Hasher, Identifier
from schemas.record import Record
from schemas.settings import Settings
from streams.core.campaigns import Campaigns
from streams.testing import Topology
from tests.oracle.run import SECRET
from tests.oracle.story import MINUTE, START


class Steps:
    """`take` records, let time go `upto` a minute of a story, `ask`, and `end`. Everything written is in `topics`."""

    def __init__(self, campaigns: Campaigns, *, partitions: int = 3) -> None:
        settings = Settings(secret=SECRET, clock="event", partitions=partitions)
        self._topology = Topology(settings, campaigns)
        self._hasher = Hasher(SECRET)

    def take(self, records: Iterable[Record]) -> None:
        """Read raw records."""
        self._topology.feed(records)

    def upto(self, minute: float) -> None:
        """All sources are as far as this minute of the story."""
        self._topology.reach(_at(minute))

    def ask(self, kind: str, identifier: Identifier, minute: float) -> list[dict[str, Any]]:
        """Ask for a `split` or an `erase` when the clock on the wall shows this minute; the receipts."""
        return self._topology.request(kind, identifier.type, self._hasher(*identifier), now=_at(minute))

    def end(self) -> dict[str, list[Record]]:
        """The end of input: time runs out. Returns all that was written, by topic."""
        self._topology.finish()
        return self.topics

    @property
    def topics(self) -> dict[str, list[Record]]:
        """All that was written, by topic, internal ones included."""
        return {
            topic: [record for _, log in sorted(partitions.items()) for record in log]
            for topic, partitions in self._topology.logs.topics.items()
        }

    @property
    def state(self) -> list[tuple[bytes, bytes]]:
        """All that identify and the journeys keep."""
        return [item for store in self._topology.stores for item in store.scan(b"")]


def _at(minute: float) -> int:
    return START + round(minute * MINUTE)
