"""Records as they come out of a fetch: what aiokafka itself would have handed on, as our own type."""

from __future__ import annotations

import inspect
from types import SimpleNamespace
from typing import Any

from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import Fetcher, FetchError, FetchResult, PartitionRecords
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from infra.records import hand_on_records
from schemas.record import Record

TP = TopicPartition("t", 3)
ROWS: list[tuple[int, bytes | None, bytes | None, list[tuple[str, bytes]]]] = [
    (1_000, b"k", b"v", [("a", b"1"), ("a", b"2")]),
    (2_000, None, b"v2", []),
    (3_000, b"k3", None, []),
]


def _fetched() -> PartitionRecords:
    """Some records of a partition as they come from a broker."""
    batch = BatchBuilder(10_000, 0)
    for timestamp, key, value, headers in ROWS:
        batch.append(timestamp=timestamp, key=key, value=value, headers=headers)
    return PartitionRecords(TP, MemoryRecords(bytes(batch._build())), [], 0, None, None, True, 0)


async def _handed_on(found: dict[Any, Any]) -> list[Any]:
    """What is unpacked of a fetch that has brought these results, by a consumer that hands on records."""
    fetcher = SimpleNamespace(_records={})

    async def fetch(*_: object) -> bool:
        fetcher._records.update(found)
        return True

    fetcher._proc_fetch_request = fetch
    hand_on_records(SimpleNamespace(_fetcher=fetcher))
    assert await fetcher._proc_fetch_request("assignment", 0, "request") is True
    return list(fetcher._records[TP]._partition_records)


async def test_a_fetch_brings_records_with_all_that_aiokafka_would_have_handed_on() -> None:
    """Offsets, times, keys, values and headers are the same; the type is ours."""
    result = FetchResult(TP, assignment=None, partition_records=_fetched(), backoff=0)
    failed = FetchError(error=OSError("unreachable"), backoff=0)
    records = await _handed_on({TP: result, TopicPartition("t", 4): failed})
    want = [Record("t", 3, r.offset, r.timestamp, r.key, r.value, r.headers) for r in _fetched()]
    assert records == want
    assert [type(record) for record in records] == [Record] * len(ROWS)
    assert [(r.timestamp, r.key, r.value, list(r.headers)) for r in records] == ROWS


def test_aiokafka_unpacks_as_we_believe() -> None:
    """Each record is made by a method looked up on the instance, and nothing waits between a result and its return."""
    assert "self._consumer_record(tp, record)" in inspect.getsource(PartitionRecords._unpack_records)
    stored = inspect.getsource(Fetcher._proc_fetch_request).split("self._records[tp] = FetchResult(")
    assert len(stored) == 2
    assert "await " not in stored[1]
