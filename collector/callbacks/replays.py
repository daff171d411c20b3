"""Requests that were taken, by what they have again when they are played back: a day of them, so many at most."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

_KEEP_MS: Final = 86_400_000
_MOST: Final = 200_000


class Replays:
    """Knows a taken request again for a day; of more than `most` the latest. Times are epoch milliseconds.

    A process forgets when it ends; what comes again then has the same messageIds, which count once.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._taken: OrderedDict[str, int] = OrderedDict()
        self._most = most

    def __contains__(self, key: str) -> bool:
        return key in self._taken

    def __len__(self) -> int:
        return len(self._taken)

    def remember(self, key: str, now: int) -> None:
        """The request of this `key` was taken `now`."""
        self._taken[key] = now
        self._taken.move_to_end(key)
        while self._taken and (len(self._taken) > self._most or next(iter(self._taken.values())) < now - _KEEP_MS):
            self._taken.popitem(last=False)
