"""A bounded memory of what a text was read as: one dictionary look-up on the hot path."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Memo(dict[str, T]):
    """`memo[text]` is `compute(text)`, remembered. Emptied when `limit` texts are held; a text over `longest` is never held."""

    __slots__ = ("compute", "limit", "longest")

    def __init__(self, compute: Callable[[str], T], *, limit: int = 50_000, longest: int = 256) -> None:
        super().__init__()
        self.compute = compute
        self.limit = limit
        self.longest = longest

    def __missing__(self, text: str) -> T:
        result = self.compute(text)
        if len(text) <= self.longest:
            if len(self) >= self.limit:
                self.clear()
            self[text] = result
        return result
