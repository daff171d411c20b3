"""journey: one partition of profiles. Events wait until the watermark has passed them, then take effect in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import orjson

from schemas.identifiers import Hasher
from schemas.record import Out, Record
from schemas.referrers import NoReferrers
from schemas.topics import partition_of
from streams.core.aggregates.cells import Cells, NoCells
from streams.core.aggregates.population import Population, StatsDelta
from streams.core.campaigns import Campaigns
from streams.core.campaigns.series import series
from streams.core.contact.suppressions import Suppressions
from streams.core.handover.in_flight import InFlight
from streams.core.handover.router import Handover
from streams.core.messaging.decide import Decider, DeciderOf
from streams.core.products.changes import Catalogue
from streams.core.profile.forwarding import ForwardingTable
from streams.core.profile.repository import DueIndex, Profiles
from streams.core.protocol import profile_log
from streams.core.protocol.link_log import Ack, Receipt, SwitchCampaigns
from streams.core.protocol.order_key import END_OF_TIME, KEY_SIZE, NOTHING, time_of
from streams.core.protocol.ports import Emit, Store
from streams.core.protocol.profile_log import AddressTold, DayLearned, ProductChanged, ProfileLogRecord, Round
from streams.core.protocol.records import BEFORE, EVENT, links_out, notices_to_all, unpack_before, unpack_event
from streams.core.protocol.sequence_numbers import DuplicateFilter, SequencedEmitter
from streams.core.protocol.state_keys import JOURNEY_CLOCK
from streams.core.sealing.campaign_switch import Switch
from streams.core.sealing.effects import Effects
from streams.core.sealing.profile_logic import ProfileLogic
from streams.core.sealing.sealer import MOST_PENDING, Sealer
from streams.core.watermark.partition_clock import PartitionClock
from streams.core.watermark.rounds import is_midnight, midnight_after

EVENTS_A_CALL: Final = 2_000
"""How many events one call seals at most, about, so that a worker's heartbeats go on during a long round."""


class Journey:
    """The task of one partition of `profile.events`, of `partitions` that there are.

    The secret is that of the settings: draws for customers are keyed with it. `no_referrers` are the hosts that send
    nobody, those that ship if not given; `unsubscribe` is where links to unsubscribe lead. Without
    `totals` nothing is added up for `aggregates`. `decider` makes what decides. One call seals about `events_a_call`
    events at most, and a profile has `most_pending` events waiting at most: what is more takes effect before its time.
    """

    def __init__(
        self, store: Store, emit: Emit, *, partition: int, partitions: int, campaigns: Campaigns, secret: str,
        no_referrers: NoReferrers | None = None, events_a_call: int = EVENTS_A_CALL, most_pending: int = MOST_PENDING,
        totals: bool = True, unsubscribe: str = "", decider: DeciderOf = Decider,
    ) -> None:  # fmt: skip
        self._store = store
        self._emit = emit
        self._partition = partition
        self._partitions = partitions
        self._events_a_call = events_a_call
        self._clock = clock = PartitionClock()
        self._in_flight = InFlight()
        self._profiles = Profiles(store)
        self._due = DueIndex()
        self._forwarding = ForwardingTable(store)
        self._cells = (Cells if totals else NoCells)(store, emit, partition)
        self._catalogue = Catalogue(store, self._profiles, clock)
        self._suppressions = Suppressions(
            store, emit, self._profiles, clock, Hasher(secret), partition=partition, partitions=partitions
        )
        hosts = no_referrers or NoReferrers()
        logic = ProfileLogic(campaigns, secret, hosts, unsubscribe, decider)
        self._sealer = Sealer(
            emit, self._profiles, self._due, self._forwarding, logic, self._catalogue,
            clock, partition, partitions, most_pending,
        )  # fmt: skip
        self._switch = Switch(store, self._profiles, self._sealer, secret, hosts, unsubscribe)
        self._duplicates = DuplicateFilter()
        self._forward = SequencedEmitter(emit, partition)
        self._handover = Handover(
            store, emit, self._forward, clock=clock, in_flight=self._in_flight, profiles=self._profiles, due=self._due,
            forwarding=self._forwarding, sealer=self._sealer, catalogue=self._catalogue, hasher=Hasher(secret),
            partitions=partitions,
        )  # fmt: skip
        self._population, self._learned = Population(store), StatsDelta(store, clock)
        self._effects = Effects(
            self._cells, known=self._population, learned=self._learned, addresses=self._suppressions
        )

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
        return time_of(self._clock.reached)

    def load(self) -> None:
        """Rebuild the due index and the forwarding table from the store."""
        self._switch.load()
        held = self._sealer.held_due
        subs = set()
        for profile_id, timer, is_sub in self._profiles.load():
            if is_sub:
                subs.add(profile_id)
            (held if is_sub else self._due).set(profile_id, timer)
        for profile_id, key in self._profiles.pending.load():
            (held if profile_id in subs else self._due).sooner(profile_id, key)
        self._forwarding.load()
        for profile_id in subs:
            self._wake_holder(profile_id)
        self._population.load()
        self._learned.days.load()
        clock = self._store.get(JOURNEY_CLOCK)
        if clock is not None:
            reached, closed, low, switched, self._clock.wall, heard, forward = orjson.loads(clock)
            self._clock.switched = bytes.fromhex(switched)
            self._duplicates.restore(heard)
            self._forward.restore(forward)
            self._clock.reached, self._clock.barrier_closed = bytes.fromhex(reached), bytes.fromhex(closed)
            self._in_flight.restore(bytes.fromhex(low), self._clock.reached)
            self._population.roll_up(self._clock.reached)
        self._catalogue.load()
        self._suppressions.load()
        self._handover.copies.load()
        for profile_id in subs:
            profile = self._profiles.get(profile_id)
            missed = None if profile is None else self._catalogue.missed(profile)
            if missed is not None:
                held.sooner(profile_id, missed)
        self._show_campaigns()

    def begin_with(self, campaigns: Campaigns) -> None:
        """These campaigns decide instead of those that it was made with. Nothing may have taken effect yet."""
        self._switch.take(campaigns)
        self._show_campaigns()

    def process(self, records: Sequence[Record]) -> int:
        """How many of the `records` are done: events, hand-overs and rounds, in log order.

        A round that one call does not finish is passed again, first, in the next call.
        """
        handover, effects = self._handover, self._effects
        if not self._finish_switch():
            return 0
        event, begin = handover.event, self._forward.at
        for i, record in enumerate(records):
            _, _, offset, _, _, value, headers = record
            if not value or (headers and self._duplicates.is_repeat(headers)):
                continue
            begin(offset)
            if value[0] == EVENT:
                profile_id, key, rest = unpack_event(value)
                event(profile_id, key, rest, effects)
            elif value[0] == BEFORE:
                holder, path, key, rest = unpack_before(value)
                handover.before(holder, path, key, rest, effects)
            elif not self._notice(record, value):
                self._tell_of_addresses()
                self._emit_rows()
                return i
            if effects.told:
                self._tell_of_addresses()
        self._emit_rows()
        return len(records)

    def flush(self) -> None:
        """Profiles back to the store, cells out, and how far time has come."""
        self._profiles.flush()
        self._cells.flush()
        self._learned.days.flush()
        clock = self._clock
        bounds = (clock.reached, clock.barrier_closed, self._in_flight.min_in_flight, clock.switched)
        kept = (*(key.hex() for key in bounds), clock.wall, self._duplicates.dump(), self._forward.dump())
        self._store.put(JOURNEY_CLOCK, orjson.dumps(kept))

    def _notice(self, record: Record, value: bytes) -> bool:
        """Take a record that is no event; returns False when there is more to do than one call takes."""
        return self._take(record, profile_log.read(value))

    def _take(self, record: Record, notice: ProfileLogRecord | None) -> bool:
        match notice:
            case Round():
                return self._round(notice)
            case ProductChanged():
                self._catalogue.arrive(notice)
            case AddressTold():
                self._suppressions.arrive(notice)
            case DayLearned():
                self._population.hear(notice.part)
            case SwitchCampaigns():
                self._switch.begin(notice.request, notice.content)
                return self._finish_switch()
            case None:
                self._effects.counts["winback_unreadable_records_total", record.topic] += 1
            case _:
                # What was decided before comes before: an erasure takes back all rows that are written by then.
                self._emit_rows()
                self._handover.notice(notice, self._effects)
        return True

    def _finish_switch(self) -> bool:
        """Go on with a switch of campaigns, if there is one; False when there is more to do than one call takes."""
        if self._switch.request is None:
            return True
        if not self._switch.go_on(self._events_a_call, self.watermark, self._effects):
            self._emit_rows()
            return False
        request, refused = self._switch.end()
        if not refused:
            self._clock.switched = self._clock.reached
            self._show_campaigns()
        self._emit.after(links_out(Receipt(request, "journey", partition=self._partition, refused=refused)))
        return True

    def _show_campaigns(self) -> None:
        for key in series(self._sealer.logic.campaigns):
            self._effects.counts[key] += 0

    def _round(self, round_: Round) -> bool:
        """Seal up to the round's bound; False when there is more to seal than one call takes."""
        clock, sealer = self._clock, self._sealer
        reached = max(clock.reached, bytes.fromhex(round_.bound))
        clock.barrier_closed = max(clock.barrier_closed, bytes.fromhex(round_.barrier_closed))
        if round_.now is not None:
            clock.wall = max(round_.now, clock.wall or 0)
        held = self._profiles.held
        self._suppressions.open(reached)
        for profile_id, key in self._catalogue.open(reached):
            (sealer.held_due if profile_id in held else self._due).sooner(profile_id, key)
        enough = sealer.sealed + self._events_a_call
        visits = self._events_a_call
        goes_on = reached > clock.switched
        while goes_on and (due := self._due.pop(reached)) is not None:
            self._seal(due, reached)
            visits -= 1
            if sealer.sealed >= enough or not visits:
                return False
        while goes_on and round_.quiescent and (due := sealer.held_due.pop(reached)) is not None:
            self._rest(due, reached)
            visits -= 1
            if sealer.sealed >= enough or visits <= 0:
                return False
        clock.reached = reached
        self._catalogue.sealed()
        self._forwarding.prune(time_of(reached))
        self._emit_rows()
        if reached == END_OF_TIME:
            # Whoever waits for the end reads the totals then.
            self._cells.flush()
        self._tell(reached)
        self._tell_of_addresses()
        self._acknowledge(round_)
        return True

    def _seal(self, profile_id: bytes, upto: bytes) -> None:
        self._sealer.seal(profile_id, upto, self._effects)

    def _rest(self, profile_id: bytes, upto: bytes) -> None:
        self._sealer.rest(profile_id, upto, self._effects)

    def _tell(self, reached: bytes) -> None:
        """At a midnight, what has been learned goes to every partition, this one too, for the next day's decisions."""
        if self._learned and is_midnight(reached):
            for part in self._learned.tell():
                for out in notices_to_all(DayLearned(part), self._partitions):
                    self._forward.send(out)
        self._population.roll_up(reached)

    def _tell_of_addresses(self) -> None:
        """What profiles have to say of their addresses goes to every partition, this one too, before time goes on."""
        for key, upto, given, reason, addresses in self._effects.told:
            hashed = tuple((c, topic, self._suppressions.hashed(c, topic, value)) for c, topic, value in addresses)
            notice = AddressTold(key.hex(), upto.hex(), given, reason, hashed)
            for out in notices_to_all(notice, self._partitions):
                self._forward.send(out)
            self._in_flight.moves(key)
        self._effects.told.clear()

    def _acknowledge(self, round_: Round) -> None:
        self._emit.after(links_out(self._ack(round_)))

    def _ack(self, round_: Round) -> Ack:
        due = waits = min(
            self._due.earliest, self._sealer.held_due.earliest, self._catalogue.earliest, self._suppressions.earliest
        )
        if self._learned:
            # It is to be told before anything behind the next midnight is decided.
            waits = min(waits, self._clock.reached + b"\0")
            due = min(due, midnight_after(self._clock.reached))
        moved = self._in_flight
        ack = Ack(
            self._partition, round_.number, _hex(moved.min_in_flight), _hex(moved.min_forwarded), _hex(waits),
            _hex(due), round_.at,
        )  # fmt: skip
        moved.acknowledged()
        return ack

    def _emit_rows(self) -> None:
        rows, partitions, send = self._effects.rows, self._partitions, self._emit.send
        for topic, key, row in rows:
            value = None if row is None else orjson.dumps(row)
            send(Out(topic, partition_of(key, partitions), key.encode(), value))
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


def _hex(key: bytes) -> str | None:
    return None if key == NOTHING else key.hex()
