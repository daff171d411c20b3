"""Sealing: what waits in a profile takes effect, in one order, up to the watermark (ARCHITECTURE.md).

At one instant the order is: timers that are due, merges, the event, changes of products. Each of these sees what the
one before has left, so a decision never depends on the order of arrival.

A sub-profile waits in another profile for its merge. It is sealed up to the time of that merge when the other one is
sealed, or before that at a barrier (streams/core/watermark/rounds.py), when all that comes before the barrier has
arrived.
"""

from __future__ import annotations

from bisect import insort
from typing import Any, Final

import orjson

from schemas.dead_letters import dead_letter_headers
from schemas.reasons import DeadLetterReason
from schemas.record import Out
from schemas.topics import DEAD_LETTERS, STITCHED_EVENTS, partition_of
from streams.core.products.changes import Catalogue
from streams.core.profile.event import open_body
from streams.core.profile.forwarding import ForwardingTable
from streams.core.profile.merge_duplicates import MergeDuplicates
from streams.core.profile.repository import DueIndex, Profiles
from streams.core.profile.state import Profile
from streams.core.protocol.order_key import KEY_SIZE, NOTHING, source_of, time_of
from streams.core.protocol.ports import Emit
from streams.core.protocol.records import HEAD_SIZE
from streams.core.sealing.effects import Effects
from streams.core.sealing.profile_logic import ProfileLogic
from streams.core.watermark.partition_clock import PartitionClock

LATE: Final = b"\x01"
MOST_PENDING: Final = 100_000
"""Events one profile may have waiting: a source that lags for hours must not let one customer fill the disk."""
IN_TIME: Final = b"\x00"
_LATE: Final = LATE[0]
_MERGE, _EVENT, _CHANGE = 0, 1, 2
_BODY: Final = 1 + HEAD_SIZE
# A NamedTuple's own constructor is a Python function; this is what it calls.
_tuple: Final[Any] = tuple.__new__
Item = tuple[bytes, int, bytes, bytes]
"""What takes effect: order key, kind, and of a merge its key and the sub-profile's id, of an event what is kept."""
Kept = list[tuple[bytes, bytes]]
"""Events that wait: order key, and what is kept of each."""


class Sealer:
    """Lets take effect what waits in the profiles of one partition, of `partitions` that there are.

    Of a pending event is kept: late or not (1 byte), hash of its strongest identifier (16), body; the latter two are
    its `head_and_body`. `key` is its order key (19 bytes), `upto` a bound, a profile id 16 bytes. `most_pending` is how
    many events a profile may have waiting.
    """

    def __init__(
        self,
        emit: Emit,
        profiles: Profiles,
        due: DueIndex,
        forwarding: ForwardingTable,
        logic: ProfileLogic,
        catalogue: Catalogue,
        clock: PartitionClock,
        partition: int,
        partitions: int,
        most_pending: int = MOST_PENDING,
    ) -> None:
        self._emit = emit
        self._profiles = profiles
        self._pending = profiles.pending
        self._due = due
        self.held_due = DueIndex()
        """The same for profiles that wait in others."""
        self._forwarding = forwarding
        self.logic = logic
        self._catalogue = catalogue
        self._duplicates = MergeDuplicates(profiles)
        self._partition = partition
        self._partitions = partitions
        self._clock = clock
        self.sealed = 0
        self._most_pending = most_pending

    def wait(self, profile_id: bytes, key: bytes, head_and_body: bytes, late: bytes = IN_TIME) -> None:
        """Keep an event until its time; the same event again replaces itself, also where it waits in a relative.

        `late` is `LATE` or `IN_TIME`.
        """
        if self._duplicates.takes(profile_id, key):
            self._pending.put(profile_id, key, late + head_and_body)

    def relieve(self, profile_id: bytes, effects: Effects) -> None:
        """Seal the earlier half of what a profile has waiting, before its time, if there is too much of it."""
        if self._pending.count(profile_id) <= self._most_pending:
            return
        keys = self._pending.keys(profile_id)
        half = len(keys) // 2
        effects.counts["winback_sealed_early_total",] += half
        self.seal(profile_id, keys[half], effects)

    def seal(self, profile_id: bytes, upto: bytes, effects: Effects) -> None:
        """Let everything of the profile before `upto` take effect, and its timers up to it."""
        profile = self._profiles.ensure(profile_id)
        if profile.merging:
            self._run(profile, profile_id, upto, upto, effects)
            timer = self.logic.due_at(profile)
        else:
            timer = self._run_alone(profile, profile_id, upto, effects)
        self._settle(profile, profile_id, timer)

    def rest(self, profile_id: bytes, upto: bytes, effects: Effects) -> None:
        """Seal a profile that waits in another, of which all before `upto` has come; nothing for one that has left.

        A profile whose merge comes before the bound takes effect with the one that it merges into.
        """
        profile = self._profiles.get(profile_id) if profile_id in self._profiles.held else None
        while (
            profile is not None
            and profile.merging_into is not None
            and bytes.fromhex(profile.merging_into[1])[:KEY_SIZE] < upto
        ):
            profile = self._profiles.get(bytes.fromhex(profile.merging_into[0]))
        if profile is not None:
            self.seal(bytes.fromhex(profile.id), upto, effects)

    def refresh(self, profile: Profile) -> None:
        """Something but sealing has changed the profile: its timer or a merge may be due before what the index knows.

        What it has pending the index knows already, so that is not looked up.
        """
        profile_id, index = bytes.fromhex(profile.id), self._index(profile)
        timer = self.logic.due_at(profile)
        self._profiles.touch(profile_id, profile, timer)
        self._catalogue.notice(profile_id, profile)
        if timer is not None:
            index.sooner(profile_id, timer.to_bytes(8, "big"))
        for _, key in profile.merging:
            index.sooner(profile_id, bytes.fromhex(key)[:KEY_SIZE])

    def forget(self, profile_id: bytes) -> None:
        """The profile has left, or has become part of another."""
        self._profiles.drop(profile_id)
        self._catalogue.gone(profile_id)
        self._due.set(profile_id, None)
        self.held_due.set(profile_id, None)

    def due_anew(self, profile_id: bytes, at: int, effects: Effects) -> None:
        """The rules have changed at `at` (epoch ms): segments may be others, and the profile's timer another."""
        profile = self._profiles.peek(profile_id)
        if profile is not None and (self.logic.has_segments or profile.segments is not None):
            profile = self._profiles.ensure(profile_id)
            self.logic.on_switch(profile, at, effects)
            self._settle(profile, profile_id, self.logic.due_at(profile))
        elif profile is not None and self.logic.due_at(profile) != self._profiles.timer(profile_id):
            profile = self._profiles.ensure(profile_id)
            self._settle(profile, profile_id, self.logic.due_at(profile))

    def _index(self, profile: Profile) -> DueIndex:
        return self._due if profile.merging_into is None else self.held_due

    def _settle(self, profile: Profile, profile_id: bytes, timer: int | None) -> None:
        self._profiles.touch(profile_id, profile, timer)
        self._catalogue.notice(profile_id, profile)
        due = NOTHING if timer is None else timer.to_bytes(8, "big")
        earliest = self._pending.first(profile_id)
        if earliest is not None and earliest < due:
            due = earliest
        for _, key in profile.merging:
            due = min(due, bytes.fromhex(key)[:KEY_SIZE])
        self._index(profile).set(profile_id, None if due == NOTHING else due)

    def _run_alone(self, profile: Profile, profile_id: bytes, upto: bytes, effects: Effects) -> int | None:
        """`_run` for a profile that nothing waits in; returns its next timer. Most profiles are, most of the time."""
        logic, wall = self.logic, self._clock.wall
        has_news = self._catalogue.has_news
        if has_news(profile_id, profile):
            self._run(profile, profile_id, upto, upto, effects)
            return logic.due_at(profile)
        # A timer may give the profile a code that is spent before the next one: those are looked for in between.
        codes_spent = self._catalogue.codes_spent
        timer, since = logic.due_at(profile), b""
        events = self._pending.take_before(profile_id, upto)
        for nth, (key, value) in enumerate(events):
            time = time_of(key)
            if timer is not None and timer <= time:
                if codes_spent:
                    return self._take_rest(profile, profile_id, since, events[nth:], upto, effects)
                logic.on_time(profile, time, wall, effects)
            self._event(profile, key, value, upto, effects)
            since = key
            if has_news(profile_id, profile):
                return self._take_rest(profile, profile_id, since, events[nth + 1 :], upto, effects)
            timer = logic.due_at(profile)
        if timer is not None and timer <= (time := time_of(upto)):
            if codes_spent:
                return self._take_rest(profile, profile_id, since, [], upto, effects)
            timer = logic.on_time(profile, time, wall, effects)
        return timer

    def _take_rest(
        self, profile: Profile, profile_id: bytes, since: bytes, events: Kept, upto: bytes, effects: Effects
    ) -> int | None:
        """Take these events, and what happens to products from `since` on; returns the profile's next timer."""
        self._take(profile, profile_id, since, [(key, _EVENT, b"", value) for key, value in events], upto, effects)
        return self.logic.due_at(profile)

    def _run(self, profile: Profile, profile_id: bytes, upto: bytes, merges: bytes, effects: Effects) -> None:
        """Take events and timers up to `upto`, merges up to `merges`."""
        items = [(key, _EVENT, b"", value) for key, value in self._pending.take_before(profile_id, upto)]
        for sub_id, merged in profile.merging:
            key = bytes.fromhex(merged)
            if key < merges:
                items.append((key[:KEY_SIZE], _MERGE, key, bytes.fromhex(sub_id)))
        items.sort()
        self._take(profile, profile_id, b"", items, upto, effects)

    def _take(
        self, profile: Profile, profile_id: bytes, since: bytes, items: list[Item], upto: bytes, effects: Effects
    ) -> None:
        """Take these in their order, and between them what has happened to products from `since` on."""
        logic, wall = self.logic, self._clock.wall
        following = self._catalogue.follow(profile_id, upto)
        # Most campaigns files ask for no change: the profile has had those that there were, without a look at each.
        asked = logic.takes_products or bool(profile.offers) or bool(profile.enrollments)
        taken = following is not None and asked
        if following is not None:
            changes = following.more(profile, since)
            if taken:
                items = sorted([*items, *((key, _CHANGE, b"", b"") for key in changes)])
        timer = logic.due_at(profile)
        # What takes effect may make the profile interested in something that changes later on: the list may grow.
        nth = 0
        while True:
            time = time_of(items[nth][0] if nth < len(items) else upto)
            if timer is not None and timer <= time:
                if not taken or following is None:
                    timer = logic.on_time(profile, time, wall, effects)
                else:
                    fired, timer = timer.to_bytes(8, "big"), logic.on_time(profile, timer, wall, effects)
                    # What was before the event that has set the timer was before the timer.
                    for later in following.more(profile, max(fired, items[nth - 1][0] if nth else since)):
                        insort(items, (later, _CHANGE, b"", b""), lo=nth)
                    continue
            if nth == len(items):
                break
            key, kind, merged, value = items[nth]
            nth += 1
            if kind == _EVENT:
                self._event(profile, key, value, upto, effects)
            elif kind == _MERGE:
                self._absorb(profile, value, merged, effects)
            else:
                logic.on_product(profile, self._catalogue.change(key), effects)
            timer = logic.due_at(profile)
            if following is not None and (kind != _CHANGE or profile.enrollments) and (taken or not following):
                changes = following.more(profile, key)
                if taken:
                    for later in changes:
                        insort(items, (later, _CHANGE, b"", b""), lo=nth)
        if following:
            self._catalogue.have_had(profile_id, following.upto)

    def _event(self, profile: Profile, key: bytes, value: bytes, upto: bytes, effects: Effects) -> None:
        self.sealed += 1
        body, late = value[_BODY:], value[0] == _LATE
        watermark = time_of(upto) if late else None
        try:
            event = open_body(key, body, watermark, value[1:_BODY])
            event.wall = self._clock.wall
            if event.copy:
                self.logic.on_copy(profile, event, effects)
                return
            relatives = profile.merging_into is not None or profile.merging
            if relatives and self._duplicates.has_had(profile, event.known_by, event.time, late=late):
                self.logic.on_repeat(event, effects)
                return
            taken = self.logic.on_event(profile, event, effects)
        except Exception as error:  # noqa: BLE001 - whatever a record does to the core, it must not stop the stream
            effects.counts["winback_dead_letters_total", DeadLetterReason.INTERNAL_ERROR] += 1
            self._emit.send(self._dead_letter(key, body, error))
            return
        if taken:
            profile_id = profile.id.encode()
            head = b'{"profile_id":"%b","late":%b,' % (profile_id, b"true" if late else b"false")
            if event.touch is not None:
                head += b'"touch":%b,' % orjson.dumps(event.touch)
            # A profile that waits here for its merge keeps its own place on the topic, behind what it wrote at home.
            home = self._partition if profile.merging_into is None else partition_of(profile.id, self._partitions)
            self._emit.send(_tuple(Out, (STITCHED_EVENTS, home, profile_id, head + body[1:], (), None)))

    def _absorb(self, winner: Profile, sub_id: bytes, merged: bytes, effects: Effects) -> None:
        sub = self._profiles.get(sub_id)
        winner.merging = [s for s in winner.merging if s[0] != sub_id.hex()]
        if sub is None:
            return
        # One link may merge a profile into the sub-profile and that into its winner: an earlier pair comes first.
        self._run(sub, sub_id, merged[:KEY_SIZE], merged, effects)
        for side in (winner, sub):
            self.logic.before_merge(side, merged, effects)
        self.logic.absorb(winner, sub, time_of(merged), effects)
        # What came under its name from its merge on, or waited on in it for a later merge, is the winner's.
        for key, value in self._pending.all(sub_id):
            self._pending.put(bytes.fromhex(winner.id), key, value)
            self._pending.drop(sub_id, key)
        for inner_id, inner_key in sub.merging:
            inner = self._profiles.get(bytes.fromhex(inner_id))
            if inner is not None:
                inner.merging_into = [winner.id, inner_key]
                self._profiles.touch(bytes.fromhex(inner_id), inner, self.logic.due_at(inner))
                winner.merging.append([inner_id, inner_key])
        self.forget(sub_id)
        self._forwarding.absorb(sub_id, merged)

    def _dead_letter(self, key: bytes, body: bytes, error: Exception) -> Out:
        topic, partition, offset = source_of(key)
        detail = f"journey could not take the event: {type(error).__name__}"
        reason = DeadLetterReason.INTERNAL_ERROR
        headers = dead_letter_headers(reason, detail, topic, partition, offset, time_of(key))
        return Out(DEAD_LETTERS, self._partition, None, body, headers)
