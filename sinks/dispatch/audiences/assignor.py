"""One member of a group has all partitions: one hash may be of several profiles, whose records are in several of them.

The others stand by, and the next one begins where the first has ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata


class OneHasAll(AbstractPartitionAssignor):  # type: ignore[misc]  # aiokafka has no types
    """The first member by its id."""

    name = "one-has-all"
    version = 0

    @classmethod
    def assign(cls, cluster: Any, members: Mapping[str, Any]) -> dict[str, Any]:
        """What each of the `members` has, by its id; `cluster` knows the partitions."""
        owner = min(members)
        topics = sorted(members[owner].subscription)
        all_of_it = [(topic, sorted(cluster.partitions_for_topic(topic) or ())) for topic in topics]
        return {
            member: ConsumerProtocolMemberAssignment(cls.version, all_of_it if member == owner else [], b"")
            for member in members
        }

    @classmethod
    def metadata(cls, topics: Iterable[str]) -> Any:
        """What a member says when it joins: the `topics` that it reads."""
        return ConsumerProtocolMemberMetadata(cls.version, list(topics), b"")

    @classmethod
    def on_assignment(cls, assignment: Any) -> None:
        """Nothing is kept of an `assignment`."""
