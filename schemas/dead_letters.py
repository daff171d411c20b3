"""A dead letter as a record: the raw bytes untouched, why and whence in its headers, and its CloudEvent's."""

from __future__ import annotations

from schemas.events import DeadLetter
from schemas.reasons import DeadLetterReason
from schemas.record import Out
from schemas.times import MAX_TIME, iso
from schemas.topics import DEAD_LETTERS


def dead_letter_headers(
    reason: DeadLetterReason, detail: str, topic: str, partition: int, offset: int, at: int
) -> tuple[tuple[str, bytes], ...]:
    """The headers of a dead letter: its `reason` and `detail`, and where it stood: `topic`, `partition`, `offset`.

    `at` is a time in epoch milliseconds, put into the range that `iso` can write.
    """
    return (
        ("reason", reason.value.encode()),
        ("detail", detail.encode()),
        ("topic", topic.encode()),
        ("partition", str(partition).encode()),
        ("offset", str(offset).encode()),
        ("at", iso(min(max(at, 0), MAX_TIME)).encode()),
    )


def dead_letter_out(letter: DeadLetter, partitions: int) -> Out:
    """The record for `dead.letters`, a topic of so many partitions. Its `at` is its record's time; it has no key."""
    record = letter.record
    # Without them a CloudEvent in binary mode could not be read again.
    attributes = tuple((name, value) for name, value in record.headers if name[:3].lower() == "ce_")
    headers = dead_letter_headers(
        letter.reason, letter.detail, record.topic, record.partition, record.offset, record.timestamp
    )
    return Out(DEAD_LETTERS, record.partition % partitions, None, record.value, headers + attributes)
