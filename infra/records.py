"""What a consumer fetches handed on as our own `Record`s.

aiokafka makes an object of eleven fields of each record. Making it and copying it into a `Record` takes as long as
unpacking the record did, so the `Record` is made in its place.
"""

from __future__ import annotations

from typing import Any

from aiokafka import AIOKafkaConsumer

from schemas.record import Record

_new = tuple.__new__
"""The constructor of a named tuple takes twice as long, to sort out keywords."""


def hand_on_records(consumer: AIOKafkaConsumer) -> None:
    """Let a started consumer's `getmany` bring lists of `Record`. Call it before anything is assigned.

    It leaves out the deserializers of aiokafka, of which the consumer must have none.
    """
    fetcher = consumer._fetcher  # noqa: SLF001 - tests/unit/infra/test_records.py fails when aiokafka changes it
    fetch = fetcher._proc_fetch_request  # noqa: SLF001

    async def fetched(*request: Any) -> bool:
        found: bool = await fetch(*request)
        # Nobody else has run since these were put there, so nothing has been unpacked yet.
        for result in fetcher._records.values():  # noqa: SLF001
            unpacked = getattr(result, "_partition_records", None)
            if unpacked is not None:
                unpacked._consumer_record = _record  # noqa: SLF001
        return found

    fetcher._proc_fetch_request = fetched  # noqa: SLF001


def _record(tp: Any, record: Any) -> Record:
    """As `PartitionRecords._consumer_record`, for a record as it stands in its batch."""
    fields = (tp[0], tp[1], record.offset, record.timestamp, record.key, record.value, tuple(record.headers))
    return _new(Record, fields)
