"""The offset to commit of a partition: every message before it has its outcome in the ledger."""

from __future__ import annotations


class Progress:
    """Offsets that have been begun and not finished; messages finish in any order, offsets are committed in theirs."""

    def __init__(self) -> None:
        self._open: dict[int, int] = {}
        self._next: int | None = None

    def __len__(self) -> int:
        """How many offsets are begun and not finished."""
        return len(self._open)

    def begin(self, offset: int, at: int) -> None:
        """A record has been read; `at` is its time in epoch milliseconds. Offsets come in rising order."""
        self._open[offset] = at
        self._next = offset + 1

    def finish(self, offset: int) -> None:
        """The record at `offset` has its outcome in the ledger, or needs none."""
        self._open.pop(offset, None)

    @property
    def reached(self) -> int | None:
        """The offset to commit: the first that is not finished. None before anything was read."""
        return next(iter(self._open), self._next)

    @property
    def since(self) -> int | None:
        """The time (epoch milliseconds) of the first record that is not finished; None without one."""
        return next(iter(self._open.values()), None)
