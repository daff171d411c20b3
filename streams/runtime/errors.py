"""What may go wrong in a worker, said so that one can act on it, and how an error is shown without anyone's data."""

from __future__ import annotations

import traceback

from aiokafka.errors import KafkaError


class WorkerError(Exception):
    """Something a worker cannot go on after. Its message says what, where and what to do, and holds nobody's data."""


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


class TopicError(WorkerError):
    """A topic is missing, has another partition count, or does not hold the offsets the state speaks of."""


def describe(error: BaseException) -> str:
    """The kind of an error and where it arose. Foreign errors' messages are left out: they may quote a customer."""
    name = type(error).__name__
    if isinstance(error, WorkerError | KafkaError | OSError):
        name = f"{name}: {error}"
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    where = " < ".join(f"{_short(f.filename)}:{f.lineno} {f.name}" for f in reversed(frames))
    cause = error.__cause__ or error.__context__
    behind = f"; caused by {describe(cause)}" if cause is not None and cause is not error else ""
    return f"{name} at {where or 'an unknown place'}{behind}"


def _short(path: str) -> str:
    """The last two parts of a file's path."""
    return "/".join(path.split("/")[-2:])
