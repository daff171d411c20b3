"""Records from memory into ClickHouse, through the same rows and inserts as those from Kafka."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from schemas.record import Record
from schemas.settings import Settings
from sinks.clickhouse.batches import DEFAULT_LIMITS, Batches, Limits
from sinks.clickhouse.rows import BY_TOPIC
from sinks.clickhouse.writer import Writer

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client


def load(
    client: Client, records: Iterable[Record], settings: Settings | None = None, limits: Limits = DEFAULT_LIMITS
) -> dict[str, int]:
    """Insert what the output topics hold. Returns rows by table.

    Records of other topics are passed over.

    `limits`: how much of it is in memory at a time. `settings`: whose secret names identifiers; those of the
    environment by default. Raises SchemaError when ClickHouse refuses a table; waits, and tries again, while it does
    not answer.
    """
    batches, writer = Batches(limits, settings), Writer(client)
    counts = dict.fromkeys((t.name for t in BY_TOPIC.values()), 0)

    def write() -> None:
        for batch in batches.take():
            counts[batch.table.name] += writer.write(batch)

    for record in records:
        if record.topic in BY_TOPIC:
            batches.add(record.topic, record.partition, ((record.offset, record),), time.monotonic())
            if batches.full:
                write()
    write()
    return counts
