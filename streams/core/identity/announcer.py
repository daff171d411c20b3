"""What identify announces: whose an identifier is, rows of identity.merges, notices to the partitions of profiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from schemas.record import Out
from schemas.times import iso
from schemas.topics import IDENTITY_ASSIGNMENTS, IDENTITY_MERGES, partition_of
from streams.core.identity.cutoffs import Cutoffs
from streams.core.identity.graph import Graph
from streams.core.protocol.ports import Emit, Store
from streams.core.protocol.profile_log import ProfileLogRecord
from streams.core.protocol.records import notice_out, notices_to_all
from streams.core.protocol.sequence_numbers import SequencedEmitter
from streams.core.protocol.state_keys import OWNER
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
