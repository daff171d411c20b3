"""One journey partition on the table: events in, what it emits out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from schemas.events import Event, Reader
from schemas.identifiers import Hasher
from schemas.record import Out, Record
from schemas.topics import PROFILE_EVENTS
from streams.campaigns import load
from streams.core.journey import Journey
from streams.core.protocol.order_key import END_OF_TIME, order_key
from streams.core.protocol.profile_log import Round
from streams.core.protocol.records import encode, pack_event
from streams.core.sealing.sealer import MOST_PENDING
from streams.runtime.state.store import MemoryBase, PartitionStore

SECRET = "table"  # noqa: S105 - of made-up events
START = 1_767_600_000_000


@dataclass
class Table:
    """`feed` an event, let time come with `round`, look at `rows`."""

    outs: list[Out] = field(default_factory=list)
    afters: list[Out] = field(default_factory=list)
    most_pending: int = MOST_PENDING
    events_a_call: int = 2_000

    def __post_init__(self) -> None:
        """One partition of one."""
        self.store = PartitionStore(MemoryBase())
        self.restart()
        self._offset = 0
        self._rounds = 0
        self._reader, self._hasher = Reader(), Hasher(SECRET)

    def restart(self) -> None:
        """The task begins anew on what it has stored."""
        self.journey = Journey(
            self.store, self, partition=0, partitions=1, campaigns=load(None), secret=SECRET,
            most_pending=self.most_pending,
            events_a_call=self.events_a_call,
        )  # fmt: skip
        self.journey.load()

    def send(self, out: Out) -> None:
        """What the task emits."""
        self.outs.append(out)

    def after(self, out: Out) -> None:
        """What it emits behind the rest."""
        self.afters.append(out)

    def feed(self, minute: float, message: dict[str, Any], channel: str = "web") -> None:
        """An event at a minute after START, under the profile of its strongest identifier."""
        time = START + int(minute * 60_000)
        value = orjson.dumps({"timestamp": time, **message})
        record = Record(f"channels.{channel}", 0, self._offset, time, None, value)
        event = self._reader.read(record)
        assert isinstance(event, Event)
        head = bytes.fromhex(self._hasher(*event.identifiers[0]))
        key = order_key(event.time, record.topic, 0, self._offset)
        self._offset += 1
        self._process(pack_event(head, key, head + event.body))

    def round(self, minute: float | None = None, now: int | None = None) -> None:
        """Time comes up to a minute after START, or to its end."""
        reach = END_OF_TIME if minute is None else (START + int(minute * 60_000)).to_bytes(8, "big")
        self._rounds += 1
        self._process(encode(Round(self._rounds, reach.hex(), now)))

    def rows(self, topic: str) -> list[dict[str, Any]]:
        """The values emitted to a topic, in order."""
        return [orjson.loads(out.value or b"") for out in self.outs if out.topic == topic]

    def _process(self, value: bytes) -> None:
        record = Record(PROFILE_EVENTS, 0, 0, START, None, value)
        while not self.journey.process([record]):
            self.journey.flush()
        self.journey.flush()


def track(name: str, user: str = "u1", **properties: Any) -> dict[str, Any]:
    """A track call of a user."""
    return {"type": "track", "event": name, "userId": user, "properties": properties}
