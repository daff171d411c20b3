"""journey: one partition of profiles. Events wait until the watermark has passed them, then take effect in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import orjson

from schemas.identifiers import Hasher
from schemas.record import Out, Record
from schemas.topics import partition_of
from streams.core.aggregates.cells import Cells
from streams.core.aggregates.population import Learned, Population
from streams.core.campaigns import Campaigns
from streams.core.handover.router import Handover
from streams.core.products.changes import Catalogue
from streams.core.profile.forwarding import Marks
from streams.core.profile.repository import DueIndex, Profiles
from streams.core.protocol.order_key import END_OF_TIME, KEY_SIZE, NOTHING, START_OF_TIME, time_of
from streams.core.protocol.ports import Emit, Store
from streams.core.protocol.records import BEFORE, EVENT, links_out, notice_to, receipt_out, unpack_before, unpack_event
from streams.core.protocol.sequence_numbers import Heard, Numbered
from streams.core.sealing.apply import Effects, Machines
from streams.core.sealing.campaign_switch import Switch
from streams.core.sealing.sealer import MOST_PENDING, Sealer
from streams.core.watermark.rounds import is_midnight, midnight_after

_CLOCK: Final = b"t"
_SEALED_A_CALL: Final = 2_000
"""How many events one call seals at most, about, so that a worker's heartbeats go on during a long round."""


class Journey:
    """The task of one partition of `profile.events`."""

    def __init__(
        self, store: Store, emit: Emit, *, partition: int, partitions: int, campaigns: Campaigns, secret: str,
        most_pending: int = MOST_PENDING,
    ) -> None:  # fmt: skip
        self._store = store
        self._emit = emit
        self._partition = partition
        self._partitions = partitions
        self._profiles = Profiles(store)
        self._due = DueIndex()
        self._marks = Marks(store)
        self._cells = Cells(store, emit, partition)
        self._catalogue = Catalogue(store, self._profiles)
        self._sealer = Sealer(
            emit, self._profiles, self._due, self._marks, Machines(campaigns, secret), self._catalogue,
            partition, partitions, most_pending,
        )  # fmt: skip
        self._switch = Switch(store, self._profiles, self._sealer, secret)
        self._heard = Heard()
        self._forward = Numbered(emit, partition)
        self._handover = Handover(
            store, emit, self._forward, self._profiles, self._due, self._marks, self._sealer, self._catalogue,
            Hasher(secret), partitions,
        )  # fmt: skip
        self._population, self._learned = Population(store), Learned(store)
        self._effects = Effects(self._cells, known=self._population, learned=self._learned)

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
        self._switch.load()
        held = self._sealer.held_due
        subs = set()
        for profile_id, timer, is_sub in self._profiles.load():
            if is_sub:
                subs.add(profile_id)
            (held if is_sub else self._due).set(profile_id, timer)
        for profile_id, key in self._profiles.pending.load():
            (held if profile_id in subs else self._due).sooner(profile_id, key)
        self._marks.load()
        for profile_id in subs:
            self._wake_holder(profile_id)
        self._population.load()
        self._learned.days.load()
        clock = self._store.get(_CLOCK)
        if clock is not None:
            reached, closed, low, self._sealer.wall, heard, forward = orjson.loads(clock)
            self._heard.restore(heard)
            self._forward.restore(forward)
            self._handover.reached, self._handover.closed = bytes.fromhex(reached), bytes.fromhex(closed)
            # What was sent on since the last acknowledgement may be in flight still: one round of patience.
            self._handover.low = min(bytes.fromhex(low), self._handover.reached)
            self._handover.moved = START_OF_TIME
        self._learned.since = time_of(self._handover.reached)
        self._catalogue.load(self._handover.reached, self._handover.closed)
        for profile_id in subs:
            profile = self._profiles.get(profile_id)
            missed = None if profile is None else self._catalogue.missed(profile)
            if missed is not None:
                held.sooner(profile_id, missed)

    def process(self, records: Sequence[Record]) -> int:
        """Events, hand-overs and rounds, in log order."""
        handover, effects = self._handover, self._effects
        if not self._finish_switch():
            return 0
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
            elif not self._notice(orjson.loads(value)):
                self._emit_rows()
                return i
        self._emit_rows()
        return len(records)

    def flush(self) -> None:
        """Profiles back to the store, cells out, and how far time has come."""
        self._profiles.flush()
        self._cells.flush()
        self._learned.days.flush()
        handover = self._handover
        bounds = (handover.reached.hex(), handover.closed.hex(), handover.low.hex())
        clock = (*bounds, self._sealer.wall, self._heard.dump(), self._forward.dump())
        self._store.put(_CLOCK, orjson.dumps(clock))

    def _notice(self, notice: dict[str, Any]) -> bool:
        """What is not an event; False when there is more to do than one call takes."""
        match notice["k"]:
            case "round":
                return self._round(notice)
            case "product":
                self._catalogue.arrive(notice)
            case "learned":
                self._population.hear(notice["part"])
            case "campaigns":
                self._switch.begin(notice)
                return self._finish_switch()
            case _:
                # What was decided before comes before: an erasure takes back all rows that are written by then.
                self._emit_rows()
                self._handover.notice(notice, self._effects)
        return True

    def _finish_switch(self) -> bool:
        """Go on with a switch of campaigns, if there is one; False when there is more to do than one call takes."""
        if self._switch.request is None:
            return True
        if not self._switch.go_on(_SEALED_A_CALL):
            return False
        self._emit.after(receipt_out({"agent": "journey", "partition": self._partition, **self._switch.end()}))
        return True

    def _round(self, notice: dict[str, Any]) -> bool:
        """Seal up to the round's bound; False when there is more to seal than one call takes.

        `rests`: all of before the bound is where it takes effect, so that profiles that wait in others go on as well.
        `closed`: the last bound of which that was so everywhere.
        """
        handover, sealer, effects = self._handover, self._sealer, self._effects
        reached = max(handover.reached, bytes.fromhex(notice["bound"]))
        handover.closed = max(handover.closed, bytes.fromhex(notice.get("closed", "")))
        if notice["now"] is not None:
            sealer.wall = max(notice["now"], sealer.wall or 0)
        held = self._profiles.held
        for profile_id, key in self._catalogue.open(reached):
            (sealer.held_due if profile_id in held else self._due).sooner(profile_id, key)
        enough = sealer.sealed + _SEALED_A_CALL
        visits = _SEALED_A_CALL
        while (due := self._due.pop(reached)) is not None:
            sealer.seal(due, reached, effects)
            visits -= 1
            if sealer.sealed >= enough or not visits:
                return False
        while notice.get("rests") and (due := sealer.held_due.pop(reached)) is not None:
            sealer.rest(due, reached, effects)
            visits -= 1
            if sealer.sealed >= enough or visits <= 0:
                return False
        handover.reached = reached
        self._catalogue.sealed(reached, handover.closed)
        self._marks.prune(time_of(reached))
        self._emit_rows()
        if reached == END_OF_TIME:
            # Whoever waits for the end reads the totals then.
            self._cells.flush()
        self._tell(reached)
        self._acknowledge(notice)
        return True

    def _tell(self, reached: bytes) -> None:
        """At a midnight, what has been learned goes to every partition, this one too, for the next day's decisions."""
        if self._learned and is_midnight(reached):
            for told in self._learned.tell():
                part = orjson.Fragment(orjson.dumps(told))
                for partition in range(self._partitions):
                    self._forward.send(notice_to(partition, {"k": "learned", "part": part}))
        self._learned.since = time_of(reached)
        self._population.fold(reached)

    def _acknowledge(self, notice: dict[str, Any]) -> None:
        handover = self._handover
        due = waits = min(self._due.earliest, self._sealer.held_due.earliest, self._catalogue.earliest)
        if self._learned:
            # It is to be told before anything behind the next midnight is decided.
            waits = min(waits, handover.reached + b"\0")
            due = min(due, midnight_after(handover.reached))
        said = {"low": handover.low, "moved": handover.moved, "next": waits, "due": due}
        handover.low = handover.moved = NOTHING
        told = {name: None if key == NOTHING else key.hex() for name, key in said.items()}
        answers = {"round": notice["round"], "at": notice.get("at")}
        self._emit.after(links_out({"k": "ack", "partition": self._partition, **answers, **told}))

    def _emit_rows(self) -> None:
        rows, partitions = self._effects.rows, self._partitions
        for topic, profile_id, row in rows:
            partition = partition_of(profile_id, partitions)
            self._emit.send(Out(topic, partition, profile_id.encode(), orjson.dumps(row)))
        rows.clear()

    def _wake_holder(self, profile_id: bytes) -> None:
        """A sub-profile makes its holder due at the time of its merge."""
        sub = self._profiles.get(profile_id)
        if sub is None or sub.merging_into is None:
            return
        holder, key = sub.merging_into
        self._profiles.holders.add(bytes.fromhex(holder))
        self._profiles.held.add(profile_id)
        parent = self._profiles.get(bytes.fromhex(holder))
        if parent is not None:
            index = self._due if parent.merging_into is None else self._sealer.held_due
            index.sooner(bytes.fromhex(holder), bytes.fromhex(key)[:KEY_SIZE])
