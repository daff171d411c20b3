"""What may go wrong in a worker, said so that its operator can act on it."""

from __future__ import annotations

from infra.errors import PublicError


class WorkerError(PublicError):
    """Something a worker cannot go on after. Its message says what, where and what to do."""


class StalledError(WorkerError):
    """A partition has records waiting and has not moved for the stall timeout."""


class LostMembershipError(WorkerError):
    """The group coordinator has not heard from this worker for a session: its partitions may be another's by now."""


class CommitFailedError(WorkerError):
    """The group coordinator refused an offset commit for good."""


class GroupMovedError(WorkerError):
    """The group is in another generation: what is at hand is not committed, the partitions are about to be taken back.

    No reason to end the worker: it is told of the rebalance next, and restores from the last whole unit.
    """


class ChangelogError(WorkerError):
    """A changelog holds what this software did not write, or not where it should be."""


class CorruptStateError(WorkerError):
    """Local state is damaged. It is in the changelog as a whole, so it can be rebuilt."""


class UnfitStateError(WorkerError):
    """The state that is there is not for this worker as it is set: it cannot start, and starting again cannot help."""


class SecretError(UnfitStateError):
    """State was made with another secret than the one that is set."""


class StateFormatError(UnfitStateError):
    """State was written by an earlier version, in a form that this one cannot read."""


class TopicError(WorkerError):
    """A topic is missing, has another partition count, or does not hold the offsets the state speaks of."""
