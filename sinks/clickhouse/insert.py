"""One insert of one batch: tried again while ClickHouse is away, cut in halves around a row it cannot parse."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from infra.retry import FIRST_PAUSE, pauses
from sinks.clickhouse import metrics
from sinks.clickhouse.batches import Batch
from sinks.clickhouse.client import first_line
from sinks.clickhouse.erasing import erase
from sinks.clickhouse.errors import CLIENT_ERRORS, SchemaError, Verdict, retry_kind, verdict
from sinks.clickhouse.rows import Table

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
BAD_ROWS: Final = 100
"""More unparsable rows than this in one batch are not bad rows but a schema that does not fit."""


class _BadRowError(Exception):
    """Some row of a batch cannot be parsed."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass
class BadRowBudget:
    """How many more rows of one batch may be skipped."""

    left: int = BAD_ROWS


class StoppedError(Exception):
    """The process was asked to stop while an insert was waiting for ClickHouse; nothing may be committed."""


class Inserter:
    """Inserts batches, one at a time, in the calling thread.

    `stop` ends its waits between tries, the first of which takes `first_pause` seconds.
    """

    def __init__(
        self, client: Client, stop: threading.Event | None = None, *, first_pause: float = FIRST_PAUSE
    ) -> None:
        self.client = client
        self.stop = stop or threading.Event()
        self.first_pause = first_pause

    def insert(self, batch: Batch) -> int:
        """Write the rows, then delete what the batch erases. Returns how many rows went in.

        These are all but unparsable ones, which are logged and counted. Raises SchemaError with the server's message
        when trying again cannot help, StoppedError when told to stop.
        """
        started = time.monotonic()
        rows = self._insert(batch, BadRowBudget())
        table = batch.table.name
        if rows:
            metrics.INSERT_SECONDS.labels(table).observe(time.monotonic() - started)
            metrics.ROWS.labels(table).inc(rows)
        if batch.erased:
            self.retry(f"erasing from {table}", lambda: erase(self.client, table, batch.erased), rows=False)
            metrics.ERASED.labels(table).inc(len(batch.erased))
            log.info("erased from %s: %d ids", table, len(batch.erased))
        return rows

    def _insert(self, batch: Batch, budget: BadRowBudget) -> int:
        if not len(batch):
            return 0
        table, data = batch.table, bytes(batch.data)
        try:
            self.retry(f"insert into {table.name}", lambda: self._send(table, data))
        except _BadRowError as bad:
            return self._halves(batch, bad.error, budget)
        return len(batch)

    def _send(self, table: Table, data: bytes) -> None:
        self.client.raw_insert(table.name, table.columns, data, settings=SETTINGS, fmt=FORMAT)

    def retry(self, doing: str, statement: Callable[[], object], *, rows: bool = True) -> None:
        """Run a `statement` to ClickHouse, anew while it is away; `doing` names it in logs.

        Raises SchemaError, StoppedError.

        `rows`: whether an error about a value is about rows that were sent.
        """
        for pause in pauses(self.first_pause):
            try:
                statement()
            except CLIENT_ERRORS as error:
                match verdict(error):
                    case Verdict.BAD_ROW if rows:
                        raise _BadRowError(error) from error
                    case Verdict.FATAL | Verdict.BAD_ROW:
                        raise SchemaError(f"{doing}: {first_line(error)}") from error
                metrics.RETRIES.labels(retry_kind(error)).inc()
                log.warning("%s: %s; again in %.1f s", doing, first_line(error), pause)
                if self.stop.wait(pause):
                    raise StoppedError from error
            else:
                return

    def _halves(self, batch: Batch, error: Exception, budget: BadRowBudget) -> int:
        if len(batch) > 1:
            return sum(self._insert(half, budget) for half in batch.split())
        if not budget.left:
            told = f"table {batch.table.name} refuses more than {BAD_ROWS} rows of a batch: {first_line(error)}"
            raise SchemaError(told) from error
        budget.left -= 1
        at = batch.origin(0)
        metrics.SKIPPED.labels(at.topic).inc()
        # Not the server's words: they would show the row itself.
        log.error("row skipped, %s cannot parse it [topic=%s partition=%d offset=%d code=%s]",
                  batch.table.name, *at, getattr(error, "code", None))  # fmt: skip
        return 0
