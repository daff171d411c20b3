"""Names of events that look like one that acts, so that a misspelt purchase is noticed.

A name resembles another when it has it at its head or end, or when most of its letters are the same, in order.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final

from schemas.aliases.table import PAGE, SCREEN, Table, squash

LIKE: Final = 0.82
"""How much of two names has to be the same (difflib's ratio)."""
MOST_LOOKS: Final = 2_000
"""So many names are compared by one process: a producer that makes names up costs no more."""
LONGEST: Final = 80
"""A longer name resembles nothing."""
_SHORTEST: Final = 8
"""A shorter name says too little to be looked for within another."""


class Resembling:
    """Finds the nearest known name of one that is not known."""

    def __init__(self, table: Table) -> None:
        """`table` has the known names."""
        self._table = table
        self._acting = {key: _shown(table, key) for key in table.acting()}
        self._long = sorted((key for key in self._acting if len(key) >= _SHORTEST), key=len, reverse=True)
        self._looks = 0

    def nearest(self, name: str) -> str | None:
        """The canonical name, `page` or `screen` that an unknown `name` resembles; None if it resembles none."""
        key = squash(name)
        if not key or len(key) > LONGEST or key in self._table.never:
            return None
        if key in self._table.meanings:
            return self._table.meanings[key][0].name
        if self._looks >= MOST_LOOKS:
            return None
        self._looks += 1
        close = get_close_matches(key, self._acting, n=1, cutoff=LIKE)
        if close:
            return self._acting[close[0]]
        return next((self._acting[one] for one in self._long if key.startswith(one) or key.endswith(one)), None)


def _shown(table: Table, key: str) -> str:
    return next((alias.name for alias in table.meanings[key] if not alias.when), PAGE if key == PAGE else SCREEN)
