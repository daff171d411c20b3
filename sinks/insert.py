"""One insert of one batch: tried again while ClickHouse is away, cut in halves around a row it cannot parse."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from sinks import metrics
from sinks.batches import Batch
from sinks.client import first_line
from sinks.errors import CLIENT_ERRORS, SchemaError, Verdict, retry_kind, verdict

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

log = logging.getLogger("winback.sinks")

FORMAT: Final = "JSONCompactEachRow"
SETTINGS: Final[dict[str, Any]] = {
    # Batches are made here, and an insert must have happened when it returns.
    "async_insert": 0,
    "wait_end_of_query": 1,
    "date_time_input_format": "best_effort",
    "input_format_json_read_objects_as_strings": 1,
    "input_format_json_read_arrays_as_strings": 1,
    "input_format_json_read_numbers_as_strings": 1,
    "input_format_json_read_bools_as_strings": 1,
    "input_format_json_ignore_unknown_keys_in_named_tuple": 1,
    "input_format_null_as_default": 1,
    # Both cost more than they bring: one thread is enough for a batch a second, and every view reads FINAL anyway.
    "input_format_parallel_parsing": 0,
    "optimize_on_insert": 0,
    # One import may span more months than a block may have partitions by default.
    "max_partitions_per_insert_block": 0,
}
FIRST_PAUSE: Final = 0.25
LONGEST_PAUSE: Final = 30.0
BAD_ROWS: Final = 100
"""More unparsable rows than this in one batch are not bad rows but a schema that does not fit."""


class StoppedError(Exception):
    """The process was asked to stop while an insert was waiting for ClickHouse; nothing may be committed."""


class Inserter:
    """Inserts batches, one at a time, in the calling thread. `stop` ends its waits between tries."""

    def __init__(
        self, client: Client, stop: threading.Event | None = None, *, first_pause: float = FIRST_PAUSE
    ) -> None:
        self.client = client
        self.stop = stop or threading.Event()
        self.first_pause = first_pause

    def insert(self, batch: Batch) -> int:
        """Returns how many rows went in: all but unparsable ones, which are logged and counted.

        Raises SchemaError with the server's message when trying again cannot help, StoppedError when told to stop.
        """
        started = time.monotonic()
        rows = self._insert(batch, [BAD_ROWS])
        metrics.INSERT_SECONDS.labels(batch.table.name).observe(time.monotonic() - started)
        metrics.ROWS.labels(batch.table.name).inc(rows)
        return rows

    def _insert(self, batch: Batch, patience: list[int]) -> int:
        pause = self.first_pause
        while len(batch):
            try:
                self.client.raw_insert(
                    batch.table.name, batch.table.columns, bytes(batch.data), settings=SETTINGS, fmt=FORMAT
                )
            except CLIENT_ERRORS as error:
                match verdict(error):
                    case Verdict.BAD_ROW:
                        return self._halves(batch, error, patience)
                    case Verdict.FATAL:
                        raise SchemaError(f"table {batch.table.name}: {first_line(error)}") from error
                metrics.RETRIES.labels(retry_kind(error)).inc()
                log.warning("insert into %s: %s; again in %.1f s", batch.table.name, first_line(error), pause)
                if self.stop.wait(pause):
                    raise StoppedError from error
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                break
        return len(batch)

    def _halves(self, batch: Batch, error: Exception, patience: list[int]) -> int:
        if len(batch) > 1:
            return sum(self._insert(half, patience) for half in batch.split())
        if not patience[0]:
            told = f"table {batch.table.name} refuses more than {BAD_ROWS} rows of a batch: {first_line(error)}"
            raise SchemaError(told) from error
        patience[0] -= 1
        at = batch.origin(0)
        metrics.SKIPPED.labels(at.topic).inc()
        # Not the server's words: they would show the row itself.
        log.error("row skipped, %s cannot parse it [topic=%s partition=%d offset=%d code=%s]",
                  batch.table.name, *at, getattr(error, "code", None))  # fmt: skip
        return 0
