"""A dead letter as a record: the raw bytes untouched, why and whence in its headers."""

from __future__ import annotations

from schemas.events import DeadLetter
from schemas.record import Out
from schemas.times import MAX_TIME, iso
from schemas.topics import DEAD_LETTERS


def dead_letter_out(letter: DeadLetter, partitions: int) -> Out:
    """The record for `dead.letters`, a topic of so many partitions. Its `at` is its record's time; it has no key."""
    record = letter.record
    headers = (
        ("reason", letter.reason.value.encode()),
        ("detail", letter.detail.encode()),
        ("topic", record.topic.encode()),
        ("partition", str(record.partition).encode()),
        ("offset", str(record.offset).encode()),
        ("at", iso(min(max(record.timestamp, 0), MAX_TIME)).encode()),
    )
    return Out(DEAD_LETTERS, record.partition % partitions, None, record.value, headers)
