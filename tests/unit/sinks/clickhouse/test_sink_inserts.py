"""What becomes of an insert that fails: tried again, cut around a bad row, or given up with the server's words."""

from __future__ import annotations

import logging
import threading
from typing import Any

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError, ProgrammingError
from urllib3.exceptions import ProtocolError

from schemas import topics
from sinks.clickhouse import metrics
from sinks.clickhouse.batches import Batch, Batches
from sinks.clickhouse.errors import SchemaError, Verdict, verdict
from sinks.clickhouse.insert import Inserter, StoppedError
from sinks.clickhouse.rows import BY_TOPIC
from tests.support import sink_rows as make


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OperationalError("Error executing HTTP request"), Verdict.RETRY),
        (DatabaseError("HTTP driver received HTTP status 502"), Verdict.RETRY),
        (ConnectionRefusedError(), Verdict.RETRY),
        (TimeoutError(), Verdict.RETRY),
        (ProtocolError("broken"), Verdict.RETRY),
        (DatabaseError("x", code=241), Verdict.RETRY),
        (DatabaseError("x", code=252), Verdict.RETRY),
        (OperationalError("x", code=202), Verdict.RETRY),
        (DatabaseError("x", code=27), Verdict.BAD_ROW),
        (DatabaseError("x", code=407), Verdict.BAD_ROW),
        (DatabaseError("x", code=60), Verdict.FATAL),
        (DatabaseError("x", code=16), Verdict.FATAL),
        (DatabaseError("x", code=497), Verdict.FATAL),
        (DatabaseError("x", code=62), Verdict.FATAL),
        (ProgrammingError("x"), Verdict.FATAL),
        (KeyError("bug"), Verdict.FATAL),
    ],
)
def test_one_place_decides_what_an_error_asks_for(error: Exception, expected: Verdict) -> None:
    """The way there and a busy server: again. A value: that row. Anything else: stop."""
    assert verdict(error) is expected


class Failing:
    """A client whose first inserts fail with the given errors, and which remembers the rest."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.inserted: list[bytes] = []

    def raw_insert(self, table: str, columns: Any, data: bytes, **_: Any) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.inserted.append(data)


def batch(*records: Any) -> Batch:
    """A batch of events."""
    batches = Batches()
    batches.add(topics.STITCHED_EVENTS, 3, ((r.offset, r) for r in records), 0.0)
    return batches.take()[0]


def test_retries_until_it_works(caplog: pytest.LogCaptureFixture) -> None:
    """Transport errors are tried again, counted by kind, and each says how long it waits; the rows go in once."""
    client = Failing(OperationalError("no route"), DatabaseError("Code: 252", code=252))
    before = metrics.RETRIES.labels("transport")._value.get()
    assert Inserter(client, first_pause=0.001).insert(batch(make.event("a", "X"))) == 1
    assert len(client.inserted) == 1
    assert metrics.RETRIES.labels("transport")._value.get() == before + 1
    assert metrics.RETRIES.labels("too_many_parts")._value.get() >= 1
    assert "no route; again in" in caplog.text


def test_a_schema_error_fails_at_once_with_the_servers_words() -> None:
    """A missing column is not tried again."""
    client = Failing(DatabaseError("Code: 16. DB::Exception: No such column nope", code=16))
    with pytest.raises(SchemaError, match=r"insert into events: Code: 16.*nope"):
        Inserter(client).insert(batch(make.event("a", "X")))
    assert client.inserted == []


def test_a_stop_ends_the_waiting() -> None:
    """A sink that is told to stop while ClickHouse is away does so at once, without pretending to have written."""
    stop = threading.Event()
    stop.set()
    with pytest.raises(StoppedError):
        Inserter(Failing(OperationalError("away")), stop, first_pause=3600).insert(batch(make.event("a", "X")))


def test_a_row_clickhouse_cannot_parse_is_left_out(client: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Every other row of the batch goes in; the log names the record, not its content."""
    good = [make.event("a", "X", make.NOON + at) for at in range(9)]
    poisoned = batch(*good[:4], make.event("a", "X", identifiers="secret"), *good[4:])  # type: ignore[arg-type]
    with caplog.at_level(logging.ERROR):
        assert Inserter(client).insert(poisoned) == 9
    assert client.command("SELECT count() FROM events") == 9
    assert f"topic=stitched.events partition=3 offset={poisoned.offsets[4]}" in caplog.text
    assert "secret" not in caplog.text


def test_too_many_bad_rows_are_a_schema_that_does_not_fit(client: Any) -> None:
    """A table none of whose rows fit stops the sink instead of losing everything quietly."""
    bad = [make.event("a", "X", identifiers="?") for _ in range(300)]  # type: ignore[arg-type]
    with pytest.raises(SchemaError, match="refuses more than 100 rows"):
        Inserter(client).insert(batch(*bad))


def test_a_missing_table_is_a_schema_error(client: Any) -> None:
    """The real server's answer for a table that is not there is fatal."""
    table = BY_TOPIC[topics.IDENTITY_MERGES]
    rows = Batch(type(table)("nowhere", table.topic, table.columns, table.build))
    rows.data += b'["a","b","link","","2026-01-01T00:00:00.000Z",1]\n'
    rows.partitions.append(0)
    rows.offsets.append(0)
    with pytest.raises(SchemaError, match="nowhere"):
        Inserter(client).insert(rows)
