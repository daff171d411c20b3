"""Rows, and whose they are today: batches are inserted, and families of profiles resolved right after their merges.

That comes before any other batch, as what is deleted of an erased person depends on it, and before anything is
committed: what is left off in between is read and written again.
"""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

from infra.retry import FIRST_PAUSE
from sinks.clickhouse import metrics
from sinks.clickhouse.batches import Batch
from sinks.clickhouse.insert import Inserter
from sinks.clickhouse.resolved import families

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client


class Writer:
    """Writes batches, one at a time, in the calling thread.

    `stop` ends its waits between tries, the first of which takes `first_pause` seconds.
    """

    def __init__(
        self, client: Client, stop: threading.Event | None = None, *, first_pause: float = FIRST_PAUSE
    ) -> None:
        self.client = client
        self.inserter = Inserter(client, stop, first_pause=first_pause)

    def write(self, batch: Batch) -> int:
        """Insert a batch, as `Inserter.insert` does, and resolve families anew if it is about merges.

        Returns how many rows went in. Raises SchemaError, StoppedError.
        """
        rows = self.inserter.insert(batch)
        if batch.joined:
            metrics.OPEN_MERGES.set(len(batch.joined))
            self.inserter.retry("resolving profiles", partial(families.refresh, self.client, batch.joined), rows=False)
            metrics.OPEN_MERGES.set(0)
        return rows
