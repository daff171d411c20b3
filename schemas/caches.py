"""A bounded memory of what something was read as: one dictionary look-up on the hot path."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Memo(dict[K, V]):
    """`memo[key]` is `compute(key)`, remembered: up to `limit` keys, then it starts anew. No long text is."""

    __slots__ = ("compute", "limit")

    def __init__(self, compute: Callable[[K], V], *, limit: int = 50_000) -> None:
        super().__init__()
        self.compute = compute
        self.limit = limit

    def __missing__(self, key: K) -> V:
        value = self.compute(key)
        if not isinstance(key, str) or len(key) <= LONGEST:
            if len(self) >= self.limit:
                self.clear()
            self[key] = value
        return value


LONGEST = 256
"""A longer text is computed each time, so that a memory is bounded in bytes too."""
