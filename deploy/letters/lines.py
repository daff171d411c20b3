"""Dead letters as lines of a file that a person can mend, and such lines as what is to be published."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import orjson

from deploy.errors import BadInputError
from deploy.letters.letter import Letter, place_named
from deploy.stack import lines
from schemas.record import Record
from schemas.times import iso
from schemas.topics import MAX_RECORD_BYTES

_ROUNDED: Final = re.compile(rb"\d{16}|\d[.]\d{12}")
"""Digits that a number read and written again may lose."""


class Mended(NamedTuple):
    """A line of a file: the letter that it mends, why that was refused, the record to publish, the line's number."""

    place: str
    reason: str
    record: Record
    number: int


def line(letter: Letter) -> bytes:
    """A letter as an input line: `value` where it is JSON, else `text`, else `value_b64`, with its id and reason."""
    row: dict[str, Any] = {
        "dead_letter": letter.place, "reason": letter.reason, "detail": letter.detail,
        "refused_at": iso(letter.refused_at), "topic": letter.topic, "partition": letter.partition,
        "timestamp": letter.at, **_content(letter.value),
    }  # fmt: skip
    if letter.headers:
        row["headers"] = {name: value.decode(errors="replace") for name, value in letter.headers}
    return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)


def _content(value: bytes) -> dict[str, Any]:
    if not _ROUNDED.search(value):
        try:
            return {"value": orjson.Fragment(orjson.dumps(orjson.loads(value)))}
        except (orjson.JSONDecodeError, orjson.JSONEncodeError):
            pass
    try:
        return {"text": value.decode()}
    except UnicodeDecodeError:
        return {"value_b64": base64.b64encode(value).decode()}


def mended(path: str, partitions: int) -> Iterator[Mended]:
    """The lines of a file at `path` (`-`: standard input), for raw topics of so many `partitions`.

    Raises BadInputError, with the number of the line, for the first that cannot be published.
    """
    lines.check([path])
    named = "standard input" if path == "-" else path
    for chunk in lines.chunks(path):
        for number, raw in chunk:
            try:
                yield _mended(raw, partitions, number)
            except (ValueError, BadInputError) as problem:
                raise BadInputError(f"{named}:{number}: {problem}") from None


def _mended(raw: bytes, partitions: int, number: int) -> Mended:
    try:
        row = json.loads(raw)
    except (ValueError, RecursionError) as problem:
        raise ValueError(f"bad JSON ({problem})") from None
    if not isinstance(row, dict) or not isinstance(row.get("dead_letter"), str):
        raise BadInputError("dead_letter is missing: the line is to be one that `deadletters export` has written")
    place = place_named(row["dead_letter"])
    if row.get("timestamp") is None:
        raise ValueError("timestamp is missing: the time of the record that was refused")
    if "text" in row:
        if not isinstance(row["text"], str) or "value" in row or "value_b64" in row:
            raise ValueError("text must be a string, and alone: value or value_b64 stand in its place")
        row["value_b64"] = _coded(row.pop("text"))
        raw = json.dumps(row).encode()
    record = lines.parse(raw, partitions, event_clock=False, last=0)
    if len(record.value) > MAX_RECORD_BYTES:
        raise ValueError(f"the record has {len(record.value):,} bytes, and a topic takes {MAX_RECORD_BYTES:,} at most")
    partition = row.get("partition")
    if not (isinstance(partition, int) and 0 <= partition < partitions):
        partition = record.partition
    headers = _headers(row.get("headers"))
    reason = row["reason"] if isinstance(row.get("reason"), str) else ""
    sent = Record(record.topic, partition, number, record.timestamp, record.key, record.value, headers)
    return Mended(place, reason, sent, number)


def _coded(text: str) -> str:
    try:
        return base64.b64encode(text.encode()).decode()
    except (UnicodeEncodeError, binascii.Error):
        raise ValueError("text holds a lone surrogate") from None


def _headers(given: Any) -> tuple[tuple[str, bytes], ...]:
    if given is None:
        return ()
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise ValueError("headers must be an object of strings")
    return tuple((name, value.encode(errors="replace")) for name, value in given.items())
