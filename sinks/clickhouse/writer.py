"""Rows and what is kept of them: batches are inserted, then the tables that follow from their rows brought up to date.

Families of profiles are resolved right after the merges they follow from, before any other batch: what is deleted of an
erased person depends on them. All else is brought up to date once, by `finish`, when the rows of a round are in.
Nothing of a round may be committed before that: a round that is left off is read and written again.
"""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

from infra.retry import FIRST_PAUSE
from sinks.clickhouse import metrics
from sinks.clickhouse.batches import Batch
from sinks.clickhouse.insert import Inserter
from sinks.clickhouse.kept import families
from sinks.clickhouse.kept.keeper import KEPT, MERGES

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client


class Writer:
    """Writes batches, one at a time, in the calling thread; each round of them ends with `finish`.

    `stop` ends its waits between tries, the first of which takes `first_pause` seconds.
    """

    def __init__(
        self, client: Client, stop: threading.Event | None = None, *, first_pause: float = FIRST_PAUSE
    ) -> None:
        self.client = client
        self.inserter = Inserter(client, stop, first_pause=first_pause)
        self._touched: dict[str, set[str]] = {}

    def write(self, batch: Batch) -> int:
        """Insert a batch, as `Inserter.insert` does, and resolve families anew if it is about merges.

        Returns how many rows went in. Raises SchemaError, StoppedError.
        """
        rows = self.inserter.insert(batch)
        touched = self._touched.setdefault(batch.table.name, set())
        touched |= batch.touched
        if batch.touched and batch.table.name == MERGES:
            metrics.OPEN_MERGES.set(len(batch.touched))
            self.inserter.retry("resolving profiles", partial(self._resolve, batch.touched, touched), rows=False)
            metrics.OPEN_MERGES.set(0)
        return rows

    def _resolve(self, profiles: set[str], touched: set[str]) -> None:
        touched |= families.refresh(self.client, profiles)

    def finish(self) -> None:
        """Bring what is kept up to date with all that has been written. Raises SchemaError, StoppedError."""
        touched = {table: profiles for table, profiles in self._touched.items() if profiles}
        for kept in KEPT if touched else ():
            self.inserter.retry(f"keeping {kept.name}", partial(kept.refresh, self.client, touched), rows=False)
        self._touched = {}
