"""How far the clock may go on before anything can move, read off the end of `identity.links`.

The wall clock moves time by the reports that ingest workers put on `identity.links`. While nothing comes in and nothing
is due, a report changes nothing but the clock, and costs a round in every partition. Whoever reports therefore follows
that log and learns from it up to when it may keep silent.

- **News** is any record after which something may move: a report with a new position or version, links, a request.
- An acknowledgement says `at`, the offset of the record of `identity.links` after which its round was issued, and
  `due`, the earliest thing that waits in its partition. Whatever had been sent to a partition before that record was
  on the partition's log before the round, because a report follows what it is about; so `due` knows of it.

The horizon is the least `due` of one round of which every partition has said that it has sent nothing on, and which was
issued after the last news. Without such a round it is unknown.
"""

from __future__ import annotations

from streams.core.protocol import link_log
from streams.core.protocol.link_log import Ack, Report
from streams.core.protocol.order_key import NOTHING, time_of


class Horizon:
    """Fed with the records of `identity.links` from some offset on, without gaps.

    `partitions` is how many journey partitions answer a round.
    """

    def __init__(self, partitions: int) -> None:
        self._partitions = partitions
        self._sources: dict[tuple[str, int], tuple[int, int]] = {}
        self._news = 0
        self._round_at = -1
        self._answers: dict[int, tuple[bool, bytes]] = {}
        self._due: bytes | None = None

    @property
    def due(self) -> int | None:
        """Epoch milliseconds up to which nothing can move unless something comes in; None while that is unknown."""
        return None if self._due is None else time_of(self._due)

    def begin(self, offset: int) -> None:
        """Forget everything: what follows begins at this offset, and what came before it may be news."""
        self._sources.clear()
        self._round_at = -1
        self._answers.clear()
        self._hear(offset - 1)

    def take(self, offset: int, value: bytes | None) -> None:
        """Take in one record: its offset, and its `value`."""
        match said := link_log.read(value):
            case Ack():
                self._acknowledge(said)
            case Report():
                if self._report(said):
                    self._hear(offset)
            case _:
                self._hear(offset)

    def _hear(self, offset: int) -> None:
        self._news, self._due = offset, None

    def _report(self, report: Report) -> bool:
        """Whether a report says more of a source than was known of it."""
        version = report.version
        said = {(topic, partition): (position, version) for topic, partition, _, position in report.sources}
        new = any(self._sources.get(source) != one for source, one in said.items())
        self._sources.update(said)
        return new

    def _acknowledge(self, ack: Ack) -> None:
        # A partition that has started again may repeat older acknowledgements; those of another version have no `at`.
        at = ack.at
        if at is None or at < self._round_at:
            return
        if at > self._round_at:
            self._round_at = at
            self._answers.clear()
        rests = ack.min_in_flight is None and ack.min_forwarded is None
        due = NOTHING if ack.due is None else bytes.fromhex(ack.due)
        self._answers[ack.partition] = rests, due
        if len(self._answers) == self._partitions:
            known = at >= self._news and all(rests for rests, _ in self._answers.values())
            self._due = min(due for _, due in self._answers.values()) if known else None
