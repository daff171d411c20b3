"""A dead letter, what it is called, and which of them are meant."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from deploy.errors import BadInputError
from schemas.reasons import DeadLetterReason
from schemas.record import Record
from schemas.times import MAX_TIME, iso, parse
from schemas.topics import CHANNEL_TOPICS, DEAD_LETTERS, source_named

_PLACE: Final = re.compile(r"([a-z.]+)[:/](\d{1,9})[:/](\d{1,18})")


class Letter(NamedTuple):
    """A raw record that was not taken: where it stood (`topic`, `partition`, `offset`), why, and its bytes.

    `at` is its record's time, `refused_at` when it was refused, both epoch milliseconds. `headers` are those of its
    producer that say what it is. `stands` is its own partition and offset on `dead.letters`, `size` how many bytes it
    has, also where they are not kept.
    """

    reason: str
    detail: str
    topic: str
    partition: int
    offset: int
    at: int
    refused_at: int
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    stands: tuple[int, int]
    size: int

    @property
    def place(self) -> str:
        """Its name: TOPIC:PARTITION:OFFSET of the raw record."""
        return f"{self.topic}:{self.partition}:{self.offset}"

    @property
    def source(self) -> str:
        """The partition of the raw topic that it came from."""
        return f"{self.topic}:{self.partition}"

    @property
    def record(self) -> Record:
        """The raw record as it was, without its key, which nothing depends on."""
        return Record(self.topic, self.partition, self.offset, self.at, None, self.value, self.headers)

    def told(self) -> dict[str, Any]:
        """What it is, without its bytes."""
        return {
            "id": self.place, "reason": self.reason, "detail": self.detail, "topic": self.topic,
            "partition": self.partition, "offset": self.offset, "at": iso(self.at),
            "refused_at": iso(self.refused_at), "bytes": self.size,
        }  # fmt: skip


def letter_of(record: Record) -> Letter | None:
    """The dead letter in a record of `dead.letters`; None if its headers do not say what it is."""
    said = {name: value for name, value in record.headers if value is not None and not _is_producers(name)}
    try:
        reason, detail, topic = (said[name].decode(errors="replace") for name in ("reason", "detail", "topic"))
        partition, offset = int(said["partition"]), int(said["offset"])
        at = parse(said["at"].decode())
    except (KeyError, ValueError):
        return None
    producers = tuple((name, value) for name, value in record.headers if value is not None and _is_producers(name))
    refused_at = min(max(record.timestamp, 0), MAX_TIME)
    value, stands = record.value or b"", (record.partition, record.offset)
    return Letter(reason, detail, topic, partition, offset, at or 0, refused_at, value, producers, stands, len(value))


def _is_producers(name: str) -> bool:
    return name[:3].lower() == "ce_"


class Wanted(NamedTuple):
    """Which dead letters are meant: of a reason, of a source, or those named one by one; all that is given counts."""

    reason: str | None = None
    source: tuple[str, int | None] | None = None
    places: frozenset[str] = frozenset()

    def __call__(self, letter: Letter) -> bool:
        """Whether this one is meant."""
        if self.reason is not None and letter.reason != self.reason:
            return False
        if self.source is not None and (
            self.source[0] != letter.topic or self.source[1] not in (None, letter.partition)
        ):
            return False
        own = "{}:{}:{}".format(DEAD_LETTERS, *letter.stands)
        return not self.places or letter.place in self.places or own in self.places


def wanted(partitions: int, reason: str | None, source: str | None, places: tuple[str, ...] = ()) -> Wanted:
    """The letters of a `reason`, of a `source` and with these ids (`places`); None or empty: of any.

    Raw topics have so many `partitions`. Raises BadInputError.
    """
    if reason is not None and reason not in tuple(DeadLetterReason):
        raise BadInputError(f"--reason {reason}: one of {', '.join(DeadLetterReason)} is needed")
    try:
        named = None if source is None else source_named(source, partitions)
    except ValueError as problem:
        raise BadInputError(f"--source {source}: {problem}") from None
    return Wanted(reason, named, frozenset(place_named(text) for text in places))


def place_named(text: str) -> str:
    """The id TOPIC:PARTITION:OFFSET in a text, of a raw topic or of dead.letters itself. Raises BadInputError."""
    found = _PLACE.fullmatch(text.strip())
    if found is None or found[1] not in (*CHANNEL_TOPICS, DEAD_LETTERS):
        raise BadInputError(
            f"{text[:80]!r} is no dead letter: TOPIC:PARTITION:OFFSET is needed, as `deadletters` lists"
        )
    return f"{found[1]}:{int(found[2])}:{int(found[3])}"
