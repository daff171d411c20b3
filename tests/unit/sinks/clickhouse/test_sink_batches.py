"""When rows are due, and what happens to records no row can be made of."""

from __future__ import annotations

import logging

import pytest

from schemas import topics
from schemas.record import Record
from sinks.clickhouse.batches import Batches, Limits
from tests.support import sink_rows as make

EVENTS = topics.STITCHED_EVENTS


def add(batches: Batches, *records: Record, now: float = 0.0) -> None:
    """Records of one partition, at a time."""
    for record in records:
        batches.add(record.topic, 1, [(record.offset, record)], now)


def test_due_by_rows() -> None:
    """Full, and so due, at the row limit, counted over all tables."""
    batches = Batches(Limits(rows=2, size=10**9, age=10**9))
    add(batches, make.event("a", "X"))
    assert not batches.full
    assert not batches.due(10**6)
    add(batches, make.merge("a", "b"))
    assert batches.full
    assert batches.due(0.0)


def test_due_by_size() -> None:
    """Full at the size limit, in bytes of what will be sent."""
    batches = Batches(Limits(rows=10**9, size=2000, age=10**9))
    add(batches, make.event("a", "X"))
    assert not batches.full
    add(batches, make.event("a", "X", note="x" * 2000))
    assert batches.full
    assert sum(len(batch.data) for batch in batches.take()) > 2000


def test_due_by_age_of_the_oldest_row() -> None:
    """Age counts from the first row of a batch, and not at all while there is none."""
    batches = Batches(Limits(age=1.0))
    assert not batches.due(10**6)
    add(batches, make.event("a", "X"), now=5.0)
    add(batches, make.event("a", "X"), now=5.9)
    assert not batches.due(5.99)
    assert batches.due(6.0)


def test_take_empties() -> None:
    """What was taken is gone, one batch a table, and the count starts again."""
    batches = Batches(Limits(rows=3))
    add(batches, make.event("a", "X"), make.event("b", "X"), make.merge("a", "b"))
    assert {batch.table.name: len(batch) for batch in batches.take()} == {"events": 2, "profile_merges": 1}
    assert (batches.rows, batches.size, batches.full, batches.take()) == (0, 0, False, [])


def test_an_unreadable_record_is_logged_with_its_place(caplog: pytest.LogCaptureFixture) -> None:
    """It is counted and left out; the log line has topic, partition and offset and none of its bytes."""
    batches = Batches()
    with caplog.at_level(logging.WARNING):
        add(batches, make.event("a", "X"), make.record(EVENTS, b"{secret"), make.event("b", "X"))
    [batch] = batches.take()
    assert (len(batch), batches.skipped) == (2, 1)
    assert "topic=stitched.events partition=1 offset=" in caplog.text
    assert "secret" not in caplog.text


def test_a_split_keeps_rows_and_places_together() -> None:
    """Halves have all rows in order, each with the place it came from."""
    batches = Batches()
    records = [make.event(str(at), "line\nbreak\u2028 and \r") for at in range(5)]
    add(batches, *records)
    [batch] = batches.take()
    first, second = batch.split()
    assert first.data + second.data == batch.data
    assert (len(first), len(second)) == (2, 3)
    assert [second.origin(at).offset for at in range(3)] == [record.offset for record in records[2:]]
    assert b'["2",' in second.data
