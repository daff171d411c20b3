"""What identify announces: whose an identifier is, rows of identity.merges, notices to the partitions of profiles."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

import orjson

from schemas.identifiers import BEARING_TYPES
from schemas.record import Out
from schemas.times import iso
from schemas.topics import IDENTITY_ASSIGNMENTS, IDENTITY_MERGES, partition_of
from streams.core.identity.cutoffs import Cutoffs
from streams.core.identity.graph import Change, Graph, Merge, Move, Refused
from streams.core.protocol import profile_log
from streams.core.protocol.order_key import KEY_SIZE
from streams.core.protocol.ports import Emit, Store
from streams.core.protocol.profile_log import ProfileLogRecord
from streams.core.protocol.records import notice_out, notices_to_all
from streams.core.protocol.sequence_numbers import SequencedEmitter
from streams.core.protocol.state_keys import FIRST_SEEN, MERGED_INTO, OWNER
from streams.core.watermark.rounds import Rounds


class Announcer:
    """Writes what the graph says by now, each with the next version; links and requests both tell through it.

    `partitions` is how many partitions the topics by profile have; a profile id is 32 hex digits.
    """

    def __init__(
        self, store: Store, emit: Emit, notices: SequencedEmitter, *, graph: Graph, cutoffs: Cutoffs, rounds: Rounds,
        partitions: int,
    ) -> None:  # fmt: skip
        self._store = store
        self._emit = emit
        self._notices = notices
        self._graph = graph
        self._cutoffs = cutoffs
        self._rounds = rounds
        self._partitions = partitions
        self._version = 0
        self._assigned = 0
        """The version of the latest assignment: rows of identity.merges count on, too."""
        self._largest = 0
        """Identifiers of the largest profile; 0 while that has to be looked up."""

    def assign(self, type_: str, hashed: str, linked_at: str, more: Mapping[str, Any] | None = None) -> None:
        """Write down on identity.assignments whose an identifier is now; an erased identifier has no profile.

        An identifier is its type and `hashed`, 32 hex digits; `linked_at` is ISO 8601, `more` holds further fields of
        the record: `linked_to` and `source` of a link, `next_profile_id` of an erasure.
        """
        self._version += 1
        self._assigned = self._version
        graph = self._graph
        owner = graph.owner.get(hashed)
        if owner is not None:
            size = len(graph.members[owner])
            if 0 < self._largest < size:
                self._largest = size
            travelled = "travelled" if hashed in graph.travelled else ""
            self._store.put(OWNER + bytes.fromhex(hashed), f"{type_}|{owner}|{travelled}".encode())
        value = {"identifier_type": type_, "profile_id": owner, "version": self._version, "linked_at": linked_at}
        if more is not None:
            value.update(more)
        if (erased := self._cutoffs.erased.get(hashed)) is not None:
            value["erased_at"] = iso(erased)
        self._emit.send(Out(IDENTITY_ASSIGNMENTS, 0, hashed.encode(), orjson.dumps(value)))

    def row(self, key_profile: str, row: dict[str, Any], at: str) -> None:
        """Write a `row` of identity.merges under a profile id, `key_profile`; `at` is ISO 8601."""
        # Rows count on too, so that two pairs of one link refused by one rule are not taken for a repeat.
        self._version += 1
        row |= {"merged_at": at, "version": self._version}
        partition = partition_of(key_profile, self._partitions)
        self._emit.send(Out(IDENTITY_MERGES, partition, key_profile.encode(), orjson.dumps(row)))

    def tell(self, profile_id: str, notice: ProfileLogRecord) -> None:
        """Tell the partition of the profile `profile_id`."""
        self._notices.send(notice_out(profile_id, notice, self._partitions))

    def tell_all(self, notice: ProfileLogRecord) -> None:
        """Tell every partition."""
        for out in notices_to_all(notice, self._partitions):
            self._notices.send(out)

    def change(self, change: Change, key: bytes, at: str, source: dict[str, Any], fresh: AbstractSet[str]) -> str:
        """Tell whom it concerns of a `change` at a merge `key`; returns what it came to, for the counter of links.

        `at` is ISO 8601, `source` the topic, partition and offset of the event that brought it. `fresh` are the hashes
        that belong to a profile by this very link for the first time.
        """
        loser, winner = change.loser, change.winner
        row: dict[str, Any] = {"merged_profile_id": loser, "into_profile_id": winner}
        match change:
            case Merge(reason=reason, moved=moved):
                row["reason"] = reason
                for _, hashed in moved:
                    # One that once left the winner is back with it: its events must not be sent after it any more.
                    if hashed in self._graph.travelled or hashed in self._cutoffs.of:
                        self.tell(winner, profile_log.Arrive(winner, hashed, key.hex()))
                outcome = "merged"
                self._store.put(MERGED_INTO + bytes.fromhex(loser), winner.encode())
                if any(hashed not in fresh for _, hashed in moved):
                    # A profile that has begun with the link itself was never kept.
                    self._store.delete(FIRST_SEEN + bytes.fromhex(loser))
                self.tell(loser, profile_log.Merge(loser, winner, key.hex()))
            case Move(identifier=(_, hashed), reason=reason, rule=rule):
                row |= {"reason": reason, "refused": rule}
                outcome = reason
                self.shrank(len(self._graph.members.get(loser, ())) + 1)
                self.tell(winner, profile_log.Arrive(winner, hashed, key.hex()))
                self.tell(loser, profile_log.Leave(loser, winner, hashed, key.hex()))
            case Refused(rule=rule, reason=reason):
                row |= {"reason": reason, "refused": rule}
                outcome = reason
        if not isinstance(change, Refused):
            self.changed(key[:KEY_SIZE])
        self.row(loser, {**row, "identifiers": list(change.pair), "source": source}, at)
        return outcome

    def whose(self, change: Change, kind: str, key: str) -> None:
        """Tell profiles which addresses are not theirs from the merge `key` (hex) on, and which are again.

        `kind` is the type of the pair's other identifier.
        """
        graph, tell = self._graph, self.tell
        match change:
            case Move(identifier=(moved, hashed), loser=loser, winner=winner) if moved in BEARING_TYPES:
                tell(loser, profile_log.Belongs(loser, hashed, key, theirs=False))
                tell(winner, profile_log.Belongs(winner, hashed, key, theirs=True))
            case Refused(winner=winner, pair=(_, hashed)) if kind in BEARING_TYPES:
                tell(winner, profile_log.Belongs(winner, hashed, key, theirs=False))
            case Merge(winner=winner):
                for hashed, held in graph.members.get(winner, {}).items():
                    if held in BEARING_TYPES and (
                        hashed in graph.disputed or hashed in graph.travelled or hashed in self._cutoffs.of
                    ):
                        tell(winner, profile_log.Belongs(winner, hashed, key, theirs=True))

    def changed(self, key: bytes, rounds: int = 1) -> None:
        """The assignments so far hold the watermark at the key until all know them, and `rounds` rounds longer."""
        self._rounds.change(key, self._assigned, rounds)

    # -- the largest profile

    @property
    def largest(self) -> int:
        """How many identifiers the largest profile has."""
        if not self._largest:
            self._largest = max(map(len, self._graph.members.values()), default=0)
        return self._largest

    def shrank(self, count: int | None = None) -> None:
        """A profile that had `count` identifiers has fewer now; None: nobody has counted them."""
        if count is None or count >= self._largest:
            self._largest = 0

    # -- kept over restarts

    def dump(self) -> tuple[int, int]:
        """(version, version of the latest assignment)."""
        return self._version, self._assigned

    def restore(self, version: int, assigned: int) -> None:
        """The inverse of `dump`: the latest `version`, and that of the latest assignment, `assigned`."""
        self._version, self._assigned = version, assigned
