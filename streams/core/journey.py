"""journey: one partition of profiles. Events wait until the watermark has passed them, then take effect in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import orjson

from schemas.identifiers import Hasher
from schemas.record import Out, Record
from schemas.topics import partition_of
from streams.core.apply import Effects, Machines
from streams.core.campaigns import Campaigns
from streams.core.handover import Handover
from streams.core.kpis import Cells
from streams.core.marks import Marks
from streams.core.order import END_OF_TIME, KEY_SIZE, NOTHING, time_of
from streams.core.profiles import PENDING, DueIndex, Profiles
from streams.core.repeats import Heard, Numbered
from streams.core.seal import Sealer
from streams.core.task import Emit, Store
from streams.core.wire import BEFORE, EVENT, links_out, unpack_before, unpack_event

_CLOCK: Final = b"t"
_SEALED_A_CALL: Final = 2_000
"""How many events one call seals at most, about, so that a worker's heartbeats go on during a long round."""


class Journey:
    """The task of one partition of `profile.events`."""

    def __init__(
        self, store: Store, emit: Emit, *, partition: int, partitions: int, campaigns: Campaigns, secret: str
    ) -> None:
        self._store = store
        self._emit = emit
        self._partition = partition
        self._partitions = partitions
        self._profiles = Profiles(store)
        self._due = DueIndex()
        self._marks = Marks(store)
        self._cells = Cells(store, emit, partition)
        machines = Machines(campaigns, secret)
        self._sealer = Sealer(store, emit, self._profiles, self._due, self._marks, machines, partition, partitions)
        self._heard = Heard()
        self._forward = Numbered(emit, partition)
        self._handover = Handover(
            store, emit, self._forward, self._profiles, self._due, self._marks, self._sealer, machines, Hasher(secret),
            partitions,
        )  # fmt: skip
        self._effects = Effects(self._cells)

    @property
    def counts(self) -> Counter[tuple[str, ...]]:
        """What has happened, by metric and labels."""
        return self._effects.counts

    @property
    def observed(self) -> list[tuple[tuple[str, ...], float]]:
        """Seconds that Prometheus is to put in histograms, by metric."""
        return self._effects.observed

    @property
    def gauges(self) -> dict[tuple[str, ...], float]:
        """What Prometheus is shown of the present."""
        carts = self._profiles.carts
        return {
            ("winback_state_keys", "journey"): self._profiles.count,
            ("winback_carts", "open"): carts["open"],
            ("winback_carts", "abandoned"): carts["abandoned"],
        }

    @property
    def watermark(self) -> int:
        """Event time up to which everything has taken effect, in epoch milliseconds; 0 before the first round."""
        return time_of(self._handover.reached)

    def load(self) -> None:
        """Rebuild the due index and the marks from the store."""
        subs = set()
        for profile_id, timer, is_sub in self._profiles.load():
            if is_sub:
                subs.add(profile_id)
            else:
                self._due.set(profile_id, timer)
        for name, _ in self._store.scan(PENDING):
            if name[1:17] not in subs:
                self._due.sooner(name[1:17], name[17:])
        self._marks.load()
        for profile_id in subs:
            self._wake_holder(profile_id)
        clock = self._store.get(_CLOCK)
        if clock is not None:
            reached, low, self._sealer.wall, heard, forward = orjson.loads(clock)
            self._heard.restore(heard)
            self._forward.restore(forward)
            self._handover.reached = bytes.fromhex(reached)
            # What was sent on since the last acknowledgement may be in flight still: one round of patience.
            self._handover.low = min(bytes.fromhex(low), self._handover.reached)

    def process(self, records: Sequence[Record]) -> int:
        """Events, hand-overs and rounds, in log order."""
        handover, effects = self._handover, self._effects
        for i, record in enumerate(records):
            value = record.value
            if not value or (record.headers and self._heard.is_repeat(record)):
                continue
            self._forward.at(record.offset)
            if value[0] == EVENT:
                profile_id, key, rest = unpack_event(value)
                handover.event(profile_id, key, rest, effects)
            elif value[0] == BEFORE:
                holder, path, key, rest = unpack_before(value)
                handover.before(holder, path, key, rest, effects)
            else:
                notice = orjson.loads(value)
                if notice["k"] == "round":
                    if not self._round(notice):
                        self._emit_rows()
                        return i
                else:
                    # What was decided before comes before: an erasure takes back all rows that are written by then.
                    self._emit_rows()
                    handover.notice(notice, effects)
        self._emit_rows()
        return len(records)

    def flush(self) -> None:
        """Profiles back to the store, cells out, and how far time has come."""
        self._profiles.flush()
        self._cells.flush()
        reached, low = self._handover.reached.hex(), self._handover.low.hex()
        clock = (reached, low, self._sealer.wall, self._heard.dump(), self._forward.dump())
        self._store.put(_CLOCK, orjson.dumps(clock))

    def _round(self, notice: dict[str, Any]) -> bool:
        """Seal up to the round's bound; False when there is more to seal than one call takes."""
        reached = max(self._handover.reached, bytes.fromhex(notice["bound"]))
        if notice["now"] is not None:
            self._sealer.wall = max(notice["now"], self._sealer.wall or 0)
        enough = self._sealer.sealed + _SEALED_A_CALL
        visits = _SEALED_A_CALL
        while (profile_id := self._due.pop(reached)) is not None:
            self._sealer.seal(profile_id, reached, self._effects)
            visits -= 1
            if self._sealer.sealed >= enough or not visits:
                return False
        self._handover.reached = reached
        self._marks.prune(time_of(reached))
        self._emit_rows()
        if reached == END_OF_TIME:
            # Whoever waits for the end reads the totals then.
            self._cells.flush()
        low, self._handover.low = self._handover.low, NOTHING
        moved = None if low == NOTHING else low.hex()
        ack = {"k": "ack", "partition": self._partition, "round": notice["round"], "low": moved}
        self._emit.after(links_out(ack))
        return True

    def _emit_rows(self) -> None:
        rows, partitions = self._effects.rows, self._partitions
        for topic, profile_id, row in rows:
            partition = partition_of(profile_id, partitions)
            self._emit.send(Out(topic, partition, profile_id.encode(), orjson.dumps(row)))
        rows.clear()

    def _wake_holder(self, profile_id: bytes) -> None:
        """A sub-profile makes its holder due at the time of its merge."""
        sub = self._profiles.get(profile_id)
        if sub is None or sub.under is None:
            return
        holder, key = sub.under
        self._profiles.holders.add(bytes.fromhex(holder))
        self._profiles.held.add(profile_id)
        parent = self._profiles.get(bytes.fromhex(holder))
        if parent is not None and parent.under is None:
            self._due.sooner(bytes.fromhex(holder), bytes.fromhex(key)[:KEY_SIZE])
